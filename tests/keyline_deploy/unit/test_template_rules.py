"""Each rule for templates: a good resource passes, and one change breaks that rule only."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from keyline_deploy.environment import Auth, Environment, Tables
from keyline_deploy.metric_catalogue import MetricCatalogue
from keyline_deploy.template_rules import check_template

ENVIRONMENT = Environment(
    name="sample",
    region="eu-west-1",
    auth=Auth(issuer="https://issuer.example.com", audience="sample"),
)
PUBLISHED = MetricCatalogue([])
ARN = "arn:aws:dynamodb:eu-west-1:222222222222:table/Notes"

TABLE: dict[str, Any] = {
    "Type": "AWS::DynamoDB::GlobalTable",
    "Properties": {
        "BillingMode": "PAY_PER_REQUEST",
        "SSESpecification": {"SSEEnabled": True},
        "Replicas": [
            {
                "PointInTimeRecoverySpecification": {
                    "PointInTimeRecoveryEnabled": True,
                    "RecoveryPeriodInDays": 35,
                },
                "DeletionProtectionEnabled": True,
            }
        ],
    },
    "DeletionPolicy": "Retain",
    "UpdateReplacePolicy": "Retain",
}
ROLE: dict[str, Any] = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "Path": "/keyline/sample/",
        "Policies": [
            {
                "PolicyDocument": {
                    "Statement": [
                        {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": ARN},
                        {
                            "Effect": "Allow",
                            "Action": ["xray:PutTraceSegments"],
                            "Resource": "*",
                        },
                        {"Effect": "Deny", "Action": "*", "Resource": "*"},
                    ]
                }
            }
        ],
    },
}
MAPPING: dict[str, Any] = {
    "Type": "AWS::Lambda::EventSourceMapping",
    "Properties": {
        "MaximumRetryAttempts": 0,
        "MaximumRecordAgeInSeconds": 3600,
        "DestinationConfig": {"OnFailure": {"Destination": "queue"}},
        "BisectBatchOnFunctionError": True,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    },
}
BUCKET: dict[str, Any] = {
    "Type": "AWS::S3::Bucket",
    "Properties": {
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
        "VersioningConfiguration": {"Status": "Enabled"},
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
            ]
        },
    },
}
BUCKET_POLICY: dict[str, Any] = {
    "Type": "AWS::S3::BucketPolicy",
    "Properties": {
        "Bucket": {"Ref": "Sample"},
        "PolicyDocument": {
            "Statement": [
                {
                    "Effect": "Deny",
                    "Action": "s3:*",
                    "Principal": {"AWS": "*"},
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ]
        },
    },
}
NOTICE = {
    "AlarmActions": ["topic"],
    "OKActions": ["topic"],
    "TreatMissingData": "notBreaching",
    "AlarmDescription": "Reads are throttled. Runbook: docs/runbooks/alarms.md#throttled-requests",
}
ALARM: dict[str, Any] = {
    "Type": "AWS::CloudWatch::Alarm",
    "Properties": {
        **NOTICE,
        "Statistic": "Sum",
        "Namespace": "AWS/DynamoDB",
        "MetricName": "ReadThrottleEvents",
        "Dimensions": [{"Name": "TableName", "Value": "Notes"}],
    },
}
SUM: dict[str, Any] = {
    "Type": "AWS::CloudWatch::Alarm",
    "Properties": {
        **NOTICE,
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 1,
        "Metrics": [
            {"Id": "sum", "Expression": "FILL(m1, 0)"},
            {
                "Id": "m1",
                "MetricStat": {
                    "Stat": "Sum",
                    "Period": 60,
                    "Metric": {
                        "Namespace": "AWS/DynamoDB",
                        "MetricName": "SystemErrors",
                        "Dimensions": [
                            {"Name": "TableName", "Value": "Notes"},
                            {"Name": "Operation", "Value": "Query"},
                        ],
                    },
                },
            },
        ],
    },
}


def rules(resource: dict[str, Any], environment: Environment = ENVIRONMENT) -> list[str]:
    resources = {"Sample": resource}
    if resource["Type"] == BUCKET["Type"]:
        resources["Policy"] = BUCKET_POLICY
    found = check_template({"Resources": resources}, environment, PUBLISHED)
    assert all(finding.message and finding.suggestion for finding in found)
    return [finding.rule for finding in found]


def put(*path: str | int, value: Any) -> Callable[[dict[str, Any]], None]:
    """Return a change of what stands at a path; None takes it away."""

    def change(resource: dict[str, Any]) -> None:
        place: Any = resource
        for step in path[:-1]:
            place = place[step]
        if value is None:
            del place[path[-1]]
        else:
            place[path[-1]] = value

    return change


REPLICA = ("Properties", "Replicas", 0)
RECOVERY = (*REPLICA, "PointInTimeRecoverySpecification")
STATEMENT = ("Properties", "Policies", 0, "PolicyDocument", "Statement", 0)
METRICS = ("Properties", "Metrics")


@pytest.mark.parametrize("resource", [TABLE, ROLE, BUCKET, MAPPING, ALARM, SUM])
def test_what_is_right_passes(resource: dict[str, Any]) -> None:
    assert rules(resource) == []


@pytest.mark.requirement("X-03")
@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (put("Properties", "BillingMode", value="PROVISIONED"), "table-billing"),
        (put("Properties", "BillingMode", value=None), "table-billing"),
        (put("Properties", "SSESpecification", value=None), "table-encryption"),
        (put(*RECOVERY, value=None), "table-recovery"),
        (put(*RECOVERY, "PointInTimeRecoveryEnabled", value=False), "table-recovery"),
        (put(*RECOVERY, "RecoveryPeriodInDays", value=7), "table-recovery"),
        (put(*REPLICA, "DeletionProtectionEnabled", value=None), "table-deletion-protection"),
        (put("DeletionPolicy", value="Delete"), "table-removal"),
        (put("UpdateReplacePolicy", value="Delete"), "table-removal"),
        (put("UpdateReplacePolicy", value=None), "table-removal"),
        (put("Type", value="AWS::DynamoDB::Table"), "table-kind"),
    ],
)
def test_an_unprotected_table_is_found(change: Callable[[dict[str, Any]], None], rule: str) -> None:
    table = copy.deepcopy(TABLE)
    change(table)
    assert rules(table) == [rule]


def test_provisioned_capacity_has_to_follow_the_load_where_the_environment_wants_it() -> None:
    wanted = msgspec.structs.replace(ENVIRONMENT, tables=Tables(billing="provisioned"))
    table = copy.deepcopy(TABLE)
    assert rules(table, wanted) == []  # capacity.tables may leave it out
    properties = table["Properties"]
    properties["BillingMode"] = "PROVISIONED"
    assert rules(table, wanted) == ["table-scaling"]
    scaling = {"MinCapacity": 1, "MaxCapacity": 9}
    writes = {"WriteCapacityAutoScalingSettings": scaling}
    reads = {"ReadCapacityAutoScalingSettings": scaling}
    properties["WriteProvisionedThroughputSettings"] = writes
    for replica in properties["Replicas"]:
        replica["ReadProvisionedThroughputSettings"] = reads
    assert rules(table, wanted) == []
    properties["GlobalSecondaryIndexes"] = [{"IndexName": "ByDay"}]
    assert rules(table, wanted) == ["table-scaling"]


@pytest.mark.requirement("X-02")
def test_an_environment_may_protect_less() -> None:
    weak = Tables(pitr_days=7, deletion_protection=False, removal_policy="destroy")
    environment = msgspec.structs.replace(ENVIRONMENT, tables=weak)
    table = copy.deepcopy(TABLE)
    put(*RECOVERY, "RecoveryPeriodInDays", value=7)(table)
    put(*REPLICA, "DeletionProtectionEnabled", value=False)(table)
    put("DeletionPolicy", value="Delete")(table)
    assert rules(table, environment) == []
    assert rules(table) == ["table-recovery", "table-deletion-protection", "table-removal"]


@pytest.mark.requirement("X-18")
def test_a_table_is_encrypted_by_the_key_that_its_environment_names() -> None:
    key = "arn:aws:kms:eu-west-1:222222222222:key/1"
    own = msgspec.structs.replace(ENVIRONMENT, tables=Tables(encryption=key))
    assert rules(TABLE, own) == ["table-encryption"]
    table = copy.deepcopy(TABLE)
    put(*REPLICA, "SSESpecification", value={"KMSMasterKeyId": key})(table)
    assert rules(table, own) == []
    put(*REPLICA, "SSESpecification", value={"KMSMasterKeyId": "another"})(table)
    assert rules(table, own) == ["table-encryption"]

    owned = msgspec.structs.replace(ENVIRONMENT, tables=Tables(encryption="aws-owned"))
    plain = copy.deepcopy(TABLE)
    put("Properties", "SSESpecification", value={"SSEEnabled": False})(plain)
    assert rules(plain, owned) == []
    assert rules(plain) == ["table-encryption"]


@pytest.mark.requirement("X-07")
@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (put(*STATEMENT, "Action", value="dynamodb:Scan"), "role-scan"),
        (put(*STATEMENT, "Action", value=["dynamodb:GetItem", "dynamodb:scan"]), "role-scan"),
        (put(*STATEMENT, "Action", value="dynamodb:*"), "role-wildcard"),
        (put(*STATEMENT, "Action", value="dynamodb:Get*"), "role-wildcard"),
        (put(*STATEMENT, "Resource", value="*"), "role-wildcard"),
        (put(*STATEMENT, "Resource", value=[ARN, f"{ARN}/index/*"]), "role-wildcard"),
        (
            put(*STATEMENT, "Resource", value={"Fn::Join": ["", [{"Ref": "T"}, "/index/*"]]}),
            "role-wildcard",
        ),
        (put(*STATEMENT, "NotAction", value="dynamodb:GetItem"), "role-wildcard"),
        (put(*STATEMENT, "NotResource", value=ARN), "role-wildcard"),
    ],
)
def test_a_role_that_allows_too_much_is_found(
    change: Callable[[dict[str, Any]], None], rule: str
) -> None:
    role = copy.deepcopy(ROLE)
    change(role)
    assert rules(role) == [rule]


@pytest.mark.parametrize("path", [None, "/", "/keyline/", "/keyline/other/"])
def test_a_role_that_cloudformation_may_not_make_is_found(path: str | None) -> None:
    role = copy.deepcopy(ROLE)
    put("Properties", "Path", value=path)(role)
    assert rules(role) == ["role-path"]


OBJECTS = "arn:aws:s3:::a-bucket/matrices/*"


@pytest.mark.requirement("X-07")
@pytest.mark.parametrize(
    ("actions", "resource", "found"),
    [
        (["s3:GetObject", "s3:PutObject"], OBJECTS, []),
        ("s3:GetObject", {"Fn::Join": ["", ["arn:aws:s3:::b-", {"Ref": "A"}, "/m/*"]]}, []),
        ("s3:GetObject", "arn:aws:s3:::a-bucket/*", ["role-wildcard"]),
        ("s3:GetObject", "arn:aws:s3:::*/matrices/*", ["role-wildcard"]),
        (["s3:GetObject", "s3:DeleteBucket"], OBJECTS, ["role-wildcard"]),
        ("dynamodb:GetItem", OBJECTS, ["role-wildcard"]),
    ],
)
def test_objects_may_be_allowed_below_a_prefix_of_one_bucket(
    actions: Any, resource: Any, found: list[str]
) -> None:
    role = copy.deepcopy(ROLE)
    put(*STATEMENT, "Action", value=actions)(role)
    put(*STATEMENT, "Resource", value=resource)(role)
    assert rules(role) == found


ENCRYPTION = ("Properties", "BucketEncryption", "ServerSideEncryptionConfiguration", 0)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (put("Properties", "PublicAccessBlockConfiguration", value=None), "bucket-private"),
        (
            put(
                *("Properties", "PublicAccessBlockConfiguration", "BlockPublicPolicy"), value=False
            ),
            "bucket-private",
        ),
        (put("Properties", "VersioningConfiguration", value=None), "bucket-versions"),
        (
            put("Properties", "VersioningConfiguration", "Status", value="Suspended"),
            "bucket-versions",
        ),
        (put("Properties", "BucketEncryption", value=None), "bucket-encryption"),
    ],
)
def test_a_bucket_that_is_open_forgets_or_is_not_encrypted_is_found(
    change: Callable[[dict[str, Any]], None], rule: str
) -> None:
    bucket = copy.deepcopy(BUCKET)
    change(bucket)
    assert rules(bucket) == [rule]


@pytest.mark.parametrize(
    "change",
    [
        put("Properties", "Bucket", value={"Ref": "Another"}),
        put("Properties", "PolicyDocument", "Statement", value=[]),
        put("Properties", "PolicyDocument", "Statement", 0, "Effect", value="Allow"),
        put("Properties", "PolicyDocument", "Statement", 0, "Action", value="s3:GetObject"),
    ],
)
def test_a_bucket_that_answers_without_tls_is_found(
    change: Callable[[dict[str, Any]], None],
) -> None:
    policy = copy.deepcopy(BUCKET_POLICY)
    change(policy)
    template = {"Resources": {"Sample": BUCKET, "Policy": policy}}
    (finding,) = check_template(template, ENVIRONMENT, PUBLISHED)
    assert (finding.rule, finding.logical_id) == ("bucket-tls", "Sample")


def test_a_bucket_is_encrypted_by_the_key_that_its_environment_names() -> None:
    key = "arn:aws:kms:eu-west-1:222222222222:key/1"
    own = msgspec.structs.replace(ENVIRONMENT, tables=Tables(encryption=key))
    assert rules(BUCKET, own) == ["bucket-encryption"]
    bucket = copy.deepcopy(BUCKET)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    put(*ENCRYPTION, "ServerSideEncryptionByDefault", value=default)(bucket)
    assert rules(bucket, own) == []


@pytest.mark.requirement("X-07")
@pytest.mark.parametrize("kind", ["AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"])
def test_policies_beside_a_role_are_looked_at(kind: str) -> None:
    statement = {"Effect": "Allow", "Action": "dynamodb:Scan", "Resource": ARN}
    policy = {"Type": kind, "Properties": {"PolicyDocument": {"Statement": [statement]}}}
    assert rules(policy) == ["role-scan"]


@pytest.mark.requirement("X-05")
@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (put("Properties", "MaximumRetryAttempts", value=None), "mapping-bounds"),
        (put("Properties", "MaximumRetryAttempts", value=-1), "mapping-bounds"),
        (put("Properties", "MaximumRecordAgeInSeconds", value=None), "mapping-bounds"),
        (put("Properties", "MaximumRecordAgeInSeconds", value=-1), "mapping-bounds"),
        (put("Properties", "DestinationConfig", value=None), "mapping-failures"),
        (put("Properties", "BisectBatchOnFunctionError", value=None), "mapping-bisect"),
        (put("Properties", "FunctionResponseTypes", value=None), "mapping-partial-batch"),
    ],
)
def test_a_stream_consumer_that_blocks_or_loses_is_found(
    change: Callable[[dict[str, Any]], None], rule: str
) -> None:
    mapping = copy.deepcopy(MAPPING)
    change(mapping)
    assert rules(mapping) == [rule]


@pytest.mark.requirement("X-06")
@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (put("Properties", "AlarmActions", value=None), "alarm-action"),
        (put("Properties", "AlarmActions", value=[]), "alarm-action"),
        (put("Properties", "TreatMissingData", value=None), "alarm-missing-data"),
        (put("Properties", "TreatMissingData", value="ignore"), "alarm-missing-data"),
        (put("Properties", "TreatMissingData", value="missing"), "alarm-missing-data"),
        (put("Properties", "OKActions", value=[]), "alarm-action"),
        (put("Properties", "AlarmDescription", value=""), "alarm-runbook"),
        (put("Properties", "AlarmDescription", value="See Runbook: a.md first."), "alarm-runbook"),
        (put("Properties", "Statistic", value="Average"), "alarm-statistic"),
        (put("Properties", "Statistic", value="p99"), "alarm-statistic"),
        (put("Properties", "Dimensions", value=None), "alarm-dimensions"),
        (put("Properties", "MetricName", value="SystemErrors"), "alarm-dimensions"),
        (put("Properties", "Namespace", value="AWS/Dynamo"), "alarm-dimensions"),
    ],
)
def test_an_alarm_that_cannot_fire_or_tells_nobody_is_found(
    change: Callable[[dict[str, Any]], None], rule: str
) -> None:
    alarm = copy.deepcopy(ALARM)
    change(alarm)
    assert rules(alarm) == [rule]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (put(*METRICS, 0, "Expression", value="m1"), "alarm-fill"),
        (put("Properties", "DatapointsToAlarm", value=2), "alarm-late-data"),
        (put("Properties", "DatapointsToAlarm", value=None), "alarm-late-data"),
        (put(*METRICS, 1, "MetricStat", "Stat", value="Average"), "alarm-statistic"),
        pytest.param(
            put(*METRICS, 1, "MetricStat", "Metric", "MetricName", value="UserErrors"),
            "alarm-dimensions",
            marks=pytest.mark.requirement("X-06"),
        ),
    ],
)
def test_a_sum_without_values_is_found(change: Callable[[dict[str, Any]], None], rule: str) -> None:
    alarm = copy.deepcopy(SUM)
    change(alarm)
    assert rules(alarm) == [rule]


def composite(**changes: Any) -> dict[str, Any]:
    rule = {"Fn::Join": ["", ['ALARM("', {"Fn::GetAtt": ["Quiet", "Arn"]}, '")']]}
    return {
        "Type": "AWS::CloudWatch::CompositeAlarm",
        "Properties": {**NOTICE, "AlarmRule": rule, **changes},
    }


def test_an_alarm_that_a_composite_tells_of_may_tell_nobody() -> None:
    quiet = copy.deepcopy(ALARM)
    del quiet["Properties"]["AlarmActions"], quiet["Properties"]["OKActions"]
    assert rules(quiet) == ["alarm-action", "alarm-action"]
    template = {"Resources": {"Quiet": quiet, "Trouble": composite()}}
    assert check_template(template, ENVIRONMENT, PUBLISHED) == []


def test_a_composite_alarm_is_checked_too() -> None:
    assert rules(composite(AlarmActions=[])) == ["alarm-action"]
    assert rules(composite(AlarmDescription="")) == ["alarm-runbook"]
    many = [{"Fn::GetAtt": [f"A{number}", "Arn"]} for number in range(100)]
    assert rules(composite(AlarmRule={"Fn::Join": ["", many]})) == ["alarm-rule"]


def test_an_alarm_over_too_many_metrics_is_found() -> None:
    alarm = copy.deepcopy(SUM)
    alarm["Properties"]["Metrics"] += [copy.deepcopy(SUM["Properties"]["Metrics"][1])] * 9
    assert rules(alarm) == ["alarm-metrics"]


def test_a_finding_says_where() -> None:
    role = copy.deepcopy(ROLE)
    put(*STATEMENT, "Action", value="dynamodb:Scan")(role)
    (finding,) = check_template({"Resources": {"Reader": role}}, ENVIRONMENT, PUBLISHED)
    assert (finding.logical_id, finding.path) == (
        "Reader",
        "Policies[0].PolicyDocument.Statement[0].Action",
    )
