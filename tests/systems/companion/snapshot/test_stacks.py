"""The companion system in the templates: who may call the skill, what it may do, what alarms."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import msgspec
import pytest

from companion.settings import Settings
from companion.system import SYSTEM
from keyline_deploy.environment import Warm, load
from tests.support.alarms import alarms, dimensions, metrics, named
from tests.support.templates import ENVIRONMENTS, Templates, resources, synthesize


def keys(schema: list[dict[str, str]]) -> list[str]:
    return [part["AttributeName"] for part in schema]


def of(templates: Templates, environment: str, part: str, kind: str) -> list[dict[str, Any]]:
    template = templates(environment)[f"companion-{part}-{environment}"]
    return list(resources(template, kind).values())


@pytest.mark.requirement("B-01", "B-02", "B-03", "B-04", "B-O1", "B-47")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_tables_are_as_specified(environment: str, templates: Templates) -> None:
    found = of(templates, environment, "data", "AWS::DynamoDB::GlobalTable")
    tables = {table["TableName"]: table for table in found}
    assert {table["BillingMode"] for table in found} == {"PAY_PER_REQUEST"}
    assert "ProvisionedThroughput" not in str(found)
    wanted = {
        "BuddyCaregivers": ["username"],
        "BuddyPatients": ["patientId"],
        "BuddyAssignments": ["caregiverId", "patientId"],
        "BuddyConversationLogs": ["patientId", "timestamp"],
        "BuddyRecords": ["PK", "SK"],
    }
    for name, key in wanted.items():
        assert keys(tables[f"{name}-{environment}"]["KeySchema"]) == key
    assert len(tables) == len(SYSTEM.tables)
    indexes = {
        index["IndexName"]: keys(index["KeySchema"])
        for table in found
        for index in table.get("GlobalSecondaryIndexes", [])
    }
    assert indexes == {
        "caregiverIdIndex": ["caregiverId"],
        "patientIdIndex": ["patientId", "assignedAt"],
        "assignedAtIndex": ["caregiverId", "assignedAt"],
        "escalationLevelIndex": ["patientId", "escalation"],
    }


@pytest.mark.requirement("B-08", "B-60", "B-70")
def test_turns_expire_and_have_a_stream(templates: Templates) -> None:
    found = of(templates, "prod", "data", "AWS::DynamoDB::GlobalTable")
    (logs,) = [table for table in found if table["TableName"].startswith("BuddyConversationLogs")]
    assert logs["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}
    assert logs["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    days = {name: load(name).settings("companion", Settings).log_days for name in ENVIRONMENTS}
    assert days["prod"] == 90
    assert days["dev"] < 90


@pytest.mark.requirement("B-61", "B-62")
def test_the_stream_loses_no_alert_and_its_filter_holds_no_numeric_rule(
    templates: Templates,
) -> None:
    (mapping,) = [
        each
        for each in of(templates, "prod", "service", "AWS::Lambda::EventSourceMapping")
        if "escalationLevel" in json.dumps(each)
    ]
    (rule,) = mapping["FilterCriteria"]["Filters"]
    assert json.loads(rule["Pattern"]) == {
        "eventName": ["INSERT"],
        "dynamodb": {"NewImage": {"escalationLevel": {"N": [{"anything-but": ["0"]}]}}},
    }
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["MaximumRetryAttempts"] > 0
    assert mapping["DestinationConfig"]["OnFailure"]["Destination"]


@pytest.mark.requirement("B-25", "B-30")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_one_throttled_request_of_a_minute_is_told(environment: str, templates: Templates) -> None:
    found = [
        alarm
        for alarm in alarms(templates, environment, "companion-service")
        if any(metric["MetricName"] == "ThrottledRequests" for metric in metrics(alarm))
    ]
    watched = set()
    for alarm in found:
        # of one minute, and of two more for data that is late
        assert (alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (3, 1)
        assert alarm["Threshold"] == 0
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
        for query in alarm["Metrics"]:
            if "MetricStat" in query:
                assert (query["MetricStat"]["Period"], query["MetricStat"]["Stat"]) == (60, "Sum")
        for metric in metrics(alarm):
            assert set(dimensions(metric)) == {"TableName", "Operation"}
            watched.add(dimensions(metric)["TableName"])
    assert watched == {table.physical_name(environment) for table in SYSTEM.tables}


@pytest.mark.requirement("B-O7")
def test_a_second_emergency_of_a_day_is_told(templates: Templates) -> None:
    (alarm,) = named(alarms(templates, "prod", "companion-service"), "EmergencyEscalations")
    assert (alarm["Threshold"], alarm["Period"], alarm["Statistic"]) == (1, 86_400, "Sum")


@pytest.mark.requirement("B-28", "B-29", "B-O7")
def test_the_dashboard_shows_times_of_reads_and_writes_and_what_was_escalated(
    templates: Templates,
) -> None:
    (dashboard,) = of(templates, "prod", "service", "AWS::CloudWatch::Dashboard")
    text = json.dumps(dashboard["DashboardBody"])
    for shown in (
        "ReadLatency",
        "WriteLatency",
        "Conversations",
        "SafetyAlerts",
        "EmergencyEscalations",
        "ModelFailures",
    ):
        assert shown in text


@pytest.mark.requirement("B-10", "B-78")
def test_dev_and_prod_have_the_same_resources(templates: Templates) -> None:
    for part in ("data", "service"):
        kinds = [
            Counter(
                resource["Type"]
                for resource in templates(name)[f"companion-{part}-{name}"]["Resources"].values()
            )
            for name in ("dev", "prod")
        ]
        assert kinds[0] == kinds[1]


def test_alerts_go_to_an_encrypted_topic_where_the_environment_has_a_key(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    prod = load("prod")
    tables = msgspec.structs.replace(prod.tables, encryption="customer-managed")
    with_key = msgspec.structs.replace(prod, tables=tables)
    stacks = synthesize(with_key, [SYSTEM], tmp_path_factory.mktemp("key"))
    template = stacks["companion-service-prod"].template
    (topic,) = resources(template, "AWS::SNS::Topic").values()
    assert "key" in json.dumps(topic["KmsMasterKeyId"])
    publishing = {
        name
        for name, role in resources(template, "AWS::IAM::Role").items()
        if "sns.us-east-1.amazonaws.com" in json.dumps(role)
    }
    assert len(publishing) == 2
    assert all(name.startswith(("Skill", "Escalations")) for name in publishing)


def test_only_the_named_skill_may_call(templates: Templates) -> None:
    def alexa(environment: str) -> list[dict[str, Any]]:
        found = of(templates, environment, "service", "AWS::Lambda::Permission")
        return [one for one in found if one["Principal"] == "alexa-appkit.amazon.com"]

    assert alexa("prod") == []
    (one,) = alexa("local")
    assert one["EventSourceToken"] == "amzn1.ask.skill.00000000-0000-0000-0000-000000000000"


@pytest.mark.requirement("B-23", "B-24", "B-26", "B-27")
def test_use_and_errors_are_watched_on_dimensions_that_dynamodb_publishes(
    templates: Templates,
) -> None:
    data = alarms(templates, "prod", "companion-data")
    names = {table.physical_name("prod") for table in SYSTEM.tables}
    for metric in ("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"):
        of_tables = [
            dimensions(each)
            for alarm in data
            for each in metrics(alarm)
            if each["MetricName"] == metric and set(dimensions(each)) == {"TableName"}
        ]
        assert {found["TableName"] for found in of_tables} == names
    failing = [m for a in data for m in metrics(a) if m["MetricName"] == "SystemErrors"]
    # the sizes of tables are written once a day, which cannot fail in three of five minutes
    assert {dimensions(each)["TableName"] for each in failing} == names - {"BuddyTableSizes"}
    assert all(set(dimensions(each)) == {"TableName", "Operation"} for each in failing)
    assert not any(m["MetricName"] == "UserErrors" for a in data for m in metrics(a))
    account = alarms(templates, "prod", "account")
    (wrong,) = [m for a in account for m in metrics(a) if m["MetricName"] == "UserErrors"]
    assert not dimensions(wrong)


@pytest.mark.requirement("B-76")
def test_a_table_is_made_ready_for_more_where_the_environment_says_so(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    prod = load("prod")
    tables = msgspec.structs.replace(
        prod.tables, warm={"BuddyAssignments": Warm(read=20_000, write=5_000)}
    )
    stacks = synthesize(
        msgspec.structs.replace(prod, tables=tables), [SYSTEM], tmp_path_factory.mktemp("warm")
    )
    found = resources(stacks["companion-data-prod"].template, "AWS::DynamoDB::GlobalTable").values()
    said = {"ReadUnitsPerSecond": 20_000, "WriteUnitsPerSecond": 5_000}
    for table in found:
        warm = table["TableName"] == "BuddyAssignments-prod"
        parts = [table, *table.get("GlobalSecondaryIndexes", [])]
        assert [part.get("WarmThroughput") for part in parts] == [said if warm else None] * len(
            parts
        )
