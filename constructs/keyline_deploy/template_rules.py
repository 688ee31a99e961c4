"""Our own rules for templates, checked at every synth.

cdk-nag knows `AWS::DynamoDB::Table` and finds nothing on the global tables that TableV2
makes, so that protection, roles, mappings and alarms are checked here. The rules read plain
templates; `KeylineChecks` runs them as a validation plugin of the app.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keyline_deploy.alarm_rules import (
    Fault,
    Watchable,
    alarm_faults,
    composite_faults,
    joined_alarms,
)
from keyline_deploy.alarms.templates import alarms_of
from keyline_deploy.environment import Environment
from keyline_deploy.metric_catalogue import MetricCatalogue
from keyline_deploy.metric_sources import MetricSources
from keyline_deploy.names import role_path
from keyline_deploy.source_rules import source_faults
from keyline_deploy.synthesized import Template

INTERFACE_ACTIONS = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)
"""What Lambda does in a function's name to put it into a network (Lambda developer guide)."""

WITHOUT_RESOURCES = frozenset(
    {"xray:PutTelemetryRecords", "xray:PutTraceSegments", *INTERFACE_ACTIONS}
)
"""Actions that are only allowed on `*`: X-Ray's, and those on interfaces that are yet to be."""

OBJECT_ACTIONS = frozenset({"s3:DeleteObject", "s3:GetObject", "s3:PutObject"})
"""Actions on objects, whose keys only the data knows: allowed below a prefix of one bucket."""

SCAN = "dynamodb:Scan"
_KEEPING = ("Retain", "RetainExceptOnCreate")
"""Policies that keep a table which its stack no longer has."""

_BELOW_A_PREFIX = re.compile(r"arn:[a-z-]+:s3:::[^*/]+/[^*]+/\*")


@dataclass(frozen=True)
class Finding:
    """Something in a template that breaks a rule.

    Attributes
    ----------
    rule
        The id of the rule: `table-recovery`.
    logical_id, path
        The resource, and where in its properties.
    """

    rule: str
    logical_id: str
    path: str
    message: str
    suggestion: str


def check_template(
    template: Template, environment: Environment, catalogue: MetricCatalogue
) -> list[Finding]:
    """Return what breaks a rule in a template, in order of its resources.

    Parameters
    ----------
    catalogue
        The metrics that alarms may watch.
    """
    joined = joined_alarms(template)
    return [
        Finding(rule, logical_id, path, message, suggestion)
        for logical_id, resource in template.get("Resources", {}).items()
        for rule, path, message, suggestion in (
            *_resource_findings(resource, environment),
            *_alarm_findings(resource, catalogue, is_joined=logical_id in joined),
            *_bucket_policy_findings(logical_id, resource, template),
        )
    ]


def check_watched(template: Template, watchable: Watchable) -> list[Finding]:
    """Return the alarms of a template that watch what none of the app's templates has."""
    return [
        Finding(rule, logical_id, path, message, suggestion)
        for logical_id, resource in template.get("Resources", {}).items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
        for rule, path, message, suggestion in watchable.faults(resource["Properties"])
    ]


def check_sources(template: Template, sources: MetricSources) -> list[Finding]:
    """Return the alarms of a template that need more data than their sources emit."""
    return [
        Finding(rule, found.logical_id, path, message, suggestion)
        for found in alarms_of("", template)
        for rule, path, message, suggestion in source_faults(found, template, sources)
    ]


def _resource_findings(resource: Mapping[str, Any], environment: Environment) -> Iterator[Fault]:
    properties = resource.get("Properties", {})
    match resource["Type"]:
        case "AWS::DynamoDB::GlobalTable":
            yield from _table(resource, properties, environment)
        case "AWS::DynamoDB::Table":
            yield (
                "table-kind",
                "",
                "is not a table of TableV2, which the other rules read.",
                "Make it with DataTable.",
            )
        case "AWS::IAM::Role":
            yield from _role(properties, environment)
            for number, policy in enumerate(properties.get("Policies", [])):
                yield from _policy(policy["PolicyDocument"], f"Policies[{number}].PolicyDocument")
        case "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy":
            yield from _policy(properties["PolicyDocument"], "PolicyDocument")
        case "AWS::S3::Bucket":
            yield from _bucket(properties, environment)
        case "AWS::Lambda::EventSourceMapping":
            yield from _mapping(properties)


def _alarm_findings(
    resource: Mapping[str, Any], catalogue: MetricCatalogue, *, is_joined: bool
) -> Iterator[Fault]:
    match resource["Type"]:
        case "AWS::CloudWatch::Alarm":
            yield from alarm_faults(resource["Properties"], catalogue, is_joined=is_joined)
        case "AWS::CloudWatch::CompositeAlarm":
            yield from composite_faults(resource["Properties"], is_joined=is_joined)


# ------------------------------------------------------------------------------- tables


def _table(
    resource: Mapping[str, Any], properties: Mapping[str, Any], environment: Environment
) -> Iterator[Fault]:
    billing = properties.get("BillingMode")
    if environment.provisioned is None and billing != "PAY_PER_REQUEST":
        yield (
            "table-billing",
            "BillingMode",
            "is not on demand.",
            'Use Billing.on_demand(), or write billing = "provisioned" in [tables].',
        )
    elif billing != "PAY_PER_REQUEST" and not _scales(properties):
        yield (
            "table-scaling",
            "WriteProvisionedThroughputSettings",
            "has capacity that does not follow the load.",
            "Use Capacity.autoscaled() for reads and writes.",
        )
    encrypted = properties.get("SSESpecification", {}).get("SSEEnabled") is True
    if not encrypted and environment.tables.encryption != "aws-owned":
        yield (
            "table-encryption",
            "SSESpecification",
            "names no key of this account.",
            "Use TableEncryptionV2.aws_managed_key() or a key of one's own.",
        )
    for number, replica in enumerate(properties.get("Replicas", [])):
        yield from _replica(replica, f"Replicas[{number}]", environment)
    kept = environment.tables.removal_policy == "retain"
    policies = (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy"))
    if kept and not (policies[0] in _KEEPING and policies[1] == "Retain"):
        yield (
            "table-removal",
            "DeletionPolicy",
            "is deleted with its stack, or when it is replaced.",
            "Use RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE.",
        )


def _scales(properties: Mapping[str, Any]) -> bool:
    """Tell whether the table and each index scale, in writes and in the reads of each replica."""
    writes = (properties, *properties.get("GlobalSecondaryIndexes", ()))
    replicas = properties.get("Replicas", ())
    reads = (*replicas, *(i for r in replicas for i in r.get("GlobalSecondaryIndexes", ())))
    return all(
        "WriteCapacityAutoScalingSettings" in each.get("WriteProvisionedThroughputSettings", {})
        for each in writes
    ) and all(
        "ReadCapacityAutoScalingSettings" in each.get("ReadProvisionedThroughputSettings", {})
        for each in reads
    )


def _replica(replica: Mapping[str, Any], path: str, environment: Environment) -> Iterator[Fault]:
    wanted_key = environment.key_arn
    if wanted_key and replica.get("SSESpecification", {}).get("KMSMasterKeyId") != wanted_key:
        yield (
            "table-encryption",
            f"{path}.SSESpecification.KMSMasterKeyId",
            f"is not encrypted with {wanted_key}.",
            "Use TableEncryptionV2.customer_managed_key().",
        )
    recovery = replica.get("PointInTimeRecoverySpecification", {})
    days = recovery.get("RecoveryPeriodInDays", 35)  # DynamoDB's default
    wanted = environment.tables.pitr_days
    if recovery.get("PointInTimeRecoveryEnabled") is not True or days < wanted:
        yield (
            "table-recovery",
            f"{path}.PointInTimeRecoverySpecification",
            f"cannot be recovered to any moment of the last {wanted} days.",
            "Enable point-in-time recovery for that long.",
        )
    if (
        environment.tables.deletion_protection
        and replica.get("DeletionProtectionEnabled") is not True
    ):
        yield (
            "table-deletion-protection",
            f"{path}.DeletionProtectionEnabled",
            "can be deleted by one call.",
            "Use deletion_protection=True.",
        )


# ------------------------------------------------------------------------------ buckets


def _bucket(properties: Mapping[str, Any], environment: Environment) -> Iterator[Fault]:
    closed = properties.get("PublicAccessBlockConfiguration", {})
    doors = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    if not all(closed.get(door) is True for door in doors):
        yield (
            "bucket-private",
            "PublicAccessBlockConfiguration",
            "can be opened to the public.",
            "Use BlockPublicAccess.BLOCK_ALL.",
        )
    if properties.get("VersioningConfiguration", {}).get("Status") != "Enabled":
        yield (
            "bucket-versions",
            "VersioningConfiguration",
            "loses what is overwritten.",
            "Set versioned=True, and let old versions expire.",
        )
    rules = properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])
    defaults = [rule.get("ServerSideEncryptionByDefault", {}) for rule in rules]
    wanted_key = environment.key_arn
    if not defaults:
        yield (
            "bucket-encryption",
            "BucketEncryption",
            "does not say how it is encrypted.",
            "Use BucketEncryption.S3_MANAGED or a key of one's own.",
        )
    elif wanted_key and any(default.get("KMSMasterKeyID") != wanted_key for default in defaults):
        yield (
            "bucket-encryption",
            "BucketEncryption",
            f"is not encrypted with {wanted_key}.",
            "Use BucketEncryption.KMS with the key of the tables.",
        )


def _bucket_policy_findings(
    logical_id: str, resource: Mapping[str, Any], template: Template
) -> Iterator[Fault]:
    """Look for the policy that keeps requests without TLS out of a bucket."""
    if resource["Type"] != "AWS::S3::Bucket":
        return
    statements = (
        statement
        for other in template["Resources"].values()
        if other["Type"] == "AWS::S3::BucketPolicy"
        and other["Properties"]["Bucket"] == {"Ref": logical_id}
        for statement in other["Properties"]["PolicyDocument"]["Statement"]
    )
    if not any(_denies_plain_http(statement) for statement in statements):
        yield "bucket-tls", "BucketPolicy", "answers without TLS.", "Set enforce_ssl=True."


def _denies_plain_http(statement: Mapping[str, Any]) -> bool:
    return (
        statement["Effect"] == "Deny"
        and statement.get("Action") == "s3:*"
        and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
    )


# -------------------------------------------------------------------------------- roles


def _role(properties: Mapping[str, Any], environment: Environment) -> Iterator[Fault]:
    boundary = environment.roles.permissions_boundary
    if boundary and properties.get("PermissionsBoundary") != boundary:
        yield (
            "role-boundary",
            "PermissionsBoundary",
            f"is not {boundary}, which the environment asks for.",
            "Make the role before `build` in stacks/application.py bounds all roles.",
        )
    wanted = role_path(environment.name)
    if properties.get("Path") != wanted:
        yield (
            "role-path",
            "Path",
            f"is not {wanted}: CloudFormation may make roles under this path only.",
            "Make the role with path=role_path(environment.name).",
        )


def _policy(document: Mapping[str, Any], path: str) -> Iterator[Fault]:
    for number, statement in enumerate(document["Statement"]):
        if statement.get("Effect") == "Allow":
            yield from _statement(statement, f"{path}.Statement[{number}]")


def _statement(statement: Mapping[str, Any], path: str) -> Iterator[Fault]:
    actions = _listed(statement.get("Action"))
    for action in actions:
        if action.lower() == SCAN.lower():
            yield (
                "role-scan",
                f"{path}.Action",
                "allows Scan, which reads and bills a whole table.",
                "Query a key or an index; whole-table work belongs to operations.",
            )
        if "*" in action:
            yield (
                "role-wildcard",
                f"{path}.Action",
                f"allows {action!r}.",
                "Name the actions that are used.",
            )
    for resource in _listed(statement.get("Resource")):
        if _reaches_by_wildcard(resource, actions):
            yield (
                "role-wildcard",
                f"{path}.Resource",
                f"allows {', '.join(actions)} on {json.dumps(resource)}.",
                "Name the table, index or other resource that is used.",
            )
    for key in ("NotAction", "NotResource"):
        if key in statement:
            yield "role-wildcard", f"{path}.{key}", "allows all else.", "Name what is used."


def _reaches_by_wildcard(resource: Any, actions: list[str]) -> bool:
    literals = _literals(resource)
    if "*" not in literals or WITHOUT_RESOURCES.issuperset(actions):
        return False
    keys = OBJECT_ACTIONS.issuperset(actions) and _BELOW_A_PREFIX.fullmatch(literals)
    return not keys


def _literals(value: Any) -> str:
    """Return the literal text in a value that may hold intrinsic functions."""
    if isinstance(value, str):
        return value
    parts = value.values() if isinstance(value, Mapping) else value
    return "".join(_literals(part) for part in parts)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


# ----------------------------------------------------------------------------- mappings


def _mapping(properties: Mapping[str, Any]) -> Iterator[Fault]:
    bounds = {
        "MaximumRetryAttempts": "Set retry_attempts.",
        "MaximumRecordAgeInSeconds": "Set max_record_age.",
    }
    for key, suggestion in bounds.items():
        if properties.get(key, -1) == -1:  # Lambda's default
            yield (
                "mapping-bounds",
                key,
                "is infinite: one bad record blocks its shard until the stream loses it.",
                suggestion,
            )
    if "OnFailure" not in properties.get("DestinationConfig", {}):
        yield (
            "mapping-failures",
            "DestinationConfig",
            "loses the records that it gives up.",
            "Give it an on-failure queue.",
        )
    if properties.get("BisectBatchOnFunctionError") is not True:
        yield (
            "mapping-bisect",
            "BisectBatchOnFunctionError",
            "lets one bad record fail its whole batch.",
            "Set bisect_batch_on_error=True.",
        )
    if "ReportBatchItemFailures" not in properties.get("FunctionResponseTypes", []):
        yield (
            "mapping-partial-batch",
            "FunctionResponseTypes",
            "repeats records that were processed.",
            "Set report_batch_item_failures=True.",
        )
