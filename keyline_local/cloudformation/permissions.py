"""The rights of a role: the statements of its inline, attached and managed policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from keyline_local.cloudformation.named import Named
from keyline_local.cloudformation.properties import check_properties
from keyline_local.cloudformation.templates import Resource, Templates
from keyline_local.host.errors import LocalPlatformError
from keyline_local.resources import Statement

ROLE = "AWS::IAM::Role"
POLICY = "AWS::IAM::Policy"
MANAGED_POLICY = "AWS::IAM::ManagedPolicy"

_LOGS = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
_READ_STREAM = (
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
)
_AWS_MANAGED: Mapping[str, Sequence[str]] = {
    # AWS managed policy reference, November 2026
    "service-role/AWSLambdaBasicExecutionRole": _LOGS,
    "service-role/AWSLambdaVPCAccessExecutionRole": (
        *_LOGS,
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
    ),
    "service-role/AWSLambdaDynamoDBExecutionRole": (*_READ_STREAM, *_LOGS),
    "service-role/AWSLambdaSQSQueueExecutionRole": (
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        *_LOGS,
    ),
    "service-role/AWSLambdaRole": ("lambda:InvokeFunction",),
    "AWSLambdaInvocation-DynamoDB": ("lambda:InvokeFunction", *_READ_STREAM),
    "AWSXRayDaemonWriteAccess": (
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "xray:GetSamplingStatisticSummaries",
    ),
    "CloudWatchLambdaInsightsExecutionRolePolicy": _LOGS,
    "CloudWatchLogsFullAccess": ("logs:*",),
    "AmazonDynamoDBFullAccess": ("dynamodb:*",),
    "AmazonDynamoDBReadOnlyAccess": (
        "dynamodb:BatchGetItem",
        "dynamodb:Describe*",
        "dynamodb:GetItem",
        "dynamodb:GetResourcePolicy",
        "dynamodb:List*",
        "dynamodb:PartiQLSelect",
        "dynamodb:Query",
        "dynamodb:Scan",
    ),
    "AmazonS3FullAccess": ("s3:*", "s3-object-lambda:*"),
    "AmazonS3ReadOnlyAccess": ("s3:Get*", "s3:List*", "s3:Describe*"),
    "AmazonSQSFullAccess": ("sqs:*",),
    "AmazonSNSFullAccess": ("sns:*",),
    "AmazonSSMReadOnlyAccess": ("ssm:Describe*", "ssm:Get*", "ssm:List*"),
}
"""The actions that each allows on all resources. Only those of DynamoDB are judged here."""


class Roles:
    """The roles of the app. Only those are judged that a function has.

    A role of another service may hold what the platform does not know.
    """

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._roles = Named("role", self._by_arn(ROLE), templates.refusals.names)
        self._managed = self._by_arn(MANAGED_POLICY)

    def find(self, arn: str, path: str) -> tuple[str, list[Statement]]:
        """Return the name and the statements of the role that an ARN names.

        Raises
        ------
        LocalPlatformError
            No stack has the role, a statement uses NotAction or NotResource, a managed policy is
            unknown, or the role has a permissions boundary.
        """
        role = self._roles.find(arn, path)
        properties = self._templates.properties(role)
        check_properties(ROLE, properties, role.path)
        statements: list[Statement] = []
        for inline in properties.get("Policies", []):
            statements += _document(inline["PolicyDocument"], role.path)
        for policy in properties.get("ManagedPolicyArns", []):
            if policy in self._managed:
                statements += self._policy(self._managed[policy])
            else:
                statements += _aws_managed(policy, role.path)
        name = self._templates.identity(role).ref
        for attached in self._templates.resources(POLICY, MANAGED_POLICY):
            if name in self._templates.properties(attached).get("Roles", []):
                statements += self._policy(attached)
        return name, statements

    def _policy(self, policy: Resource) -> list[Statement]:
        return _document(self._templates.properties(policy)["PolicyDocument"], policy.path)

    def _by_arn(self, type_: str) -> dict[str, Resource]:
        return {
            self._templates.identity(resource).attributes["Arn"]: resource
            for resource in self._templates.resources(type_)
        }


def _aws_managed(arn: str, path: str) -> list[Statement]:
    name = arn.partition(":policy/")[2]
    if name not in _AWS_MANAGED:
        raise LocalPlatformError(
            f"{path}/Properties/ManagedPolicyArns",
            f"the local platform does not know the AWS managed policy {name!r}",
            f"grant the actions themselves, or use one of {', '.join(_AWS_MANAGED)}",
        )
    return [Statement(effect="Allow", actions=_AWS_MANAGED[name], resources=["*"])]


def _document(document: Mapping[str, Any], path: str) -> list[Statement]:
    statements = document["Statement"]
    return [_statement(s, path) for s in _sequence(statements)]


def _statement(statement: Mapping[str, Any], path: str) -> Statement:
    if missing := {"Action", "Resource"} - statement.keys():
        raise LocalPlatformError(
            f"{path}/PolicyDocument",
            f"a statement has no {', '.join(sorted(missing))}; NotAction and NotResource "
            "are not supported",
            "name the actions and resources that are allowed or denied",
        )
    return Statement(
        effect=statement["Effect"],
        actions=list(_sequence(statement["Action"])),
        resources=list(_sequence(statement["Resource"])),
        conditions=statement.get("Condition", {}),
    )


def _sequence(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]
