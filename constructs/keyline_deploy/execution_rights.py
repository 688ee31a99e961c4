"""The rights of CloudFormation when it deploys the stacks of this project.

`cdk bootstrap` gives it AdministratorAccess unless it is told otherwise. This policy allows the
services that the stacks use. Roles are made only under the path of the environment, and are passed
only to the services that use them. A role that is made can still allow what its policies
say: who may deploy is trusted with that.
"""

from __future__ import annotations

from typing import Any

from keyline_deploy.names import role_path

SERVICES = {
    "AWS::ApiGatewayV2": "apigateway",
    "AWS::Backup": "backup",
    "AWS::Budgets": "budgets",
    "AWS::CloudWatch": "cloudwatch",
    "AWS::CodeDeploy": "codedeploy",
    "AWS::Cognito": "cognito-idp",
    "AWS::DAX": "dax",
    "AWS::DynamoDB": "dynamodb",
    "AWS::EC2": "ec2",
    "AWS::ElastiCache": "elasticache",
    "AWS::Events": "events",
    "AWS::Glue": "glue",
    "AWS::KMS": "kms",
    "AWS::Kinesis": "kinesis",
    "AWS::KinesisFirehose": "firehose",
    "AWS::Lambda": "lambda",
    "AWS::Logs": "logs",
    "AWS::Pipes": "pipes",
    "AWS::S3": "s3",
    "AWS::SNS": "sns",
    "AWS::SQS": "sqs",
    "AWS::SSM": "ssm",
    "AWS::Scheduler": "scheduler",
    "AWS::SecretsManager": "secretsmanager",
}
"""The services of resource types, by the names that policies have for them."""

_ROLE_ACTIONS = (
    *("DeleteRole", "GetRole", "GetRolePolicy", "ListAttachedRolePolicies", "ListRolePolicies"),
    *("TagRole", "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole"),
)
_BOUNDED_ACTIONS = (
    *("AttachRolePolicy", "CreateRole", "DeleteRolePolicy", "DetachRolePolicy", "PutRolePolicy"),
)
"""The actions on roles that IAM can allow for bounded roles alone (Service Authorization Reference,
condition key `iam:PermissionsBoundary`)."""
_PASSED_TO = (
    *("backup.amazonaws.com", "codedeploy.amazonaws.com", "dax.amazonaws.com"),
    *(
        "events.amazonaws.com",
        "firehose.amazonaws.com",
        "lambda.amazonaws.com",
        "pipes.amazonaws.com",
    ),
    *("scheduler.amazonaws.com",),
)


def execution_policy(
    account: str, environment: str, partition: str = "aws", boundary: str | None = None
) -> dict[str, Any]:
    """Return the policy of CloudFormation's role for an environment.

    Parameters
    ----------
    environment
        The environment's name is in the path of the roles of its stacks.
    boundary
        The ARN of the policy that bounds every role, if the environment has one.
    """
    roles = f"arn:{partition}:iam::{account}:role{role_path(environment)}*"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Services",
                "Effect": "Allow",
                "Action": [f"{service}:*" for service in sorted(set(SERVICES.values()))],
                "Resource": "*",
            },
            {
                "Sid": "Roles",
                "Effect": "Allow",
                "Action": [f"iam:{action}" for action in sorted(_ROLE_ACTIONS)],
                "Resource": roles,
            },
            _what_roles_may(roles, boundary),
            {
                "Sid": "RolesOfServices",
                "Effect": "Allow",
                "Action": "iam:PassRole",
                "Resource": roles,
                "Condition": {"StringEquals": {"iam:PassedToService": list(_PASSED_TO)}},
            },
            {
                "Sid": "LinkedRoles",
                "Effect": "Allow",
                "Action": "iam:CreateServiceLinkedRole",
                "Resource": f"arn:{partition}:iam::{account}:role/aws-service-role/*",
            },
            {
                "Sid": "NotItsOwnBootstrap",
                "Effect": "Deny",
                "Action": ["iam:*", "s3:DeleteBucket", "s3:PutBucketPolicy"],
                "Resource": [
                    f"arn:{partition}:iam::{account}:role/cdk-*",
                    f"arn:{partition}:iam::{account}:role/Keyline*-{environment}",
                    f"arn:{partition}:s3:::cdk-*",
                ],
            },
        ],
    }


def _what_roles_may(roles: str, boundary: str | None) -> dict[str, Any]:
    """Return the statement about what makes a role, and what changes what a role may do."""
    statement = {
        "Sid": "WhatRolesMay",
        "Effect": "Allow",
        "Action": [f"iam:{action}" for action in sorted(_BOUNDED_ACTIONS)],
        "Resource": roles,
    }
    if boundary is None:
        return statement
    return {
        **statement,
        "Action": sorted([*statement["Action"], "iam:PutRolePermissionsBoundary"]),
        "Condition": {"StringEquals": {"iam:PermissionsBoundary": boundary}},
    }
