"""What a role may do: the statements of its inline, attached and managed policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from keyline_local.cloudformation.templates import Resource, Templates
from keyline_local.host.errors import LocalPlatformError
from keyline_local.resources import Statement

ROLE = "AWS::IAM::Role"
POLICY = "AWS::IAM::Policy"
MANAGED_POLICY = "AWS::IAM::ManagedPolicy"

_AWS_MANAGED: Mapping[str, Sequence[str]] = {
    # AWS managed policy reference, November 2026
    "service-role/AWSLambdaBasicExecutionRole": (
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    ),
    "AWSXRayDaemonWriteAccess": (
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "xray:GetSamplingStatisticSummaries",
    ),
}


def role_statements(templates: Templates) -> dict[str, list[Statement]]:
    """Return every role's statements by the role's ARN.

    Raises
    ------
    LocalPlatformError
        A statement uses NotAction or NotResource, or a managed policy is unknown.
    """
    managed = dict(
        templates.read(
            lambda policy: (templates.identity(policy).ref, _policy(templates, policy)),
            MANAGED_POLICY,
        )
    )
    arns: dict[str, str] = {}
    by_role: dict[str, list[Statement]] = {}
    for name, arn, statements in templates.read(lambda r: _role(templates, r, managed), ROLE):
        arns[name], by_role[arn] = arn, statements
    for attached in templates.read(
        lambda policy: [
            (_known(arns, name, policy.path), _policy(templates, policy))
            for name in templates.properties(policy).get("Roles", [])
        ],
        *(POLICY, MANAGED_POLICY),
    ):
        for arn, statements in attached:
            by_role[arn] += statements
    return by_role


def _policy(templates: Templates, policy: Resource) -> list[Statement]:
    return _document(templates.properties(policy)["PolicyDocument"], policy.path)


def _role(
    templates: Templates, role: Resource, managed: Mapping[str, Sequence[Statement]]
) -> tuple[str, str, list[Statement]]:
    """Return a role's name, its ARN and the statements that it names itself."""
    identity, properties = templates.identity(role), templates.properties(role)
    statements: list[Statement] = []
    for inline in properties.get("Policies", []):
        statements += _document(inline["PolicyDocument"], role.path)
    for arn in properties.get("ManagedPolicyArns", []):
        statements += managed[arn] if arn in managed else _aws_managed(arn, role.path)
    return identity.ref, identity.attributes["Arn"], statements


def _known(arns: Mapping[str, str], name: str, path: str) -> str:
    if name not in arns:
        raise LocalPlatformError(
            f"{path}/Properties/Roles",
            f"no stack defines the role {name!r}",
            "attach the policy to a role of the app",
        )
    return arns[name]


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
