"""Clients of DynamoDB that do the same work, each in a process of its own."""
