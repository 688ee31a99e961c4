"""The handlers of all systems beside boto3 that makes the same calls of DynamoDB."""
