"""Deployed tables and alarms against their templates: each drift is named with both values."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import aws_dynamodb as dynamodb
from typer.testing import CliRunner

from keyline_ops.cli import app
from keyline_ops.deployed import Deployed
from keyline_ops.recovery.alarms import compare_alarms
from keyline_ops.recovery.aspect import Compared, compare
from keyline_ops.recovery.aspects import ASPECTS
from keyline_ops.recovery.expected import Expected
from keyline_ops.recovery.sight import Sight
from tests.keyline_ops.unit.recovery.shop import NAME, OWNED, Shop
from tests.support.sample.shop import LARGE


def compared(shop: Shop) -> Compared:
    return compare(shop.expected, Sight(shop.clients, NAME), ASPECTS)


@pytest.mark.requirement("K-67", "X-17")
def test_what_is_deployed_from_the_template_is_as_declared(shop: Shop) -> None:
    found = compared(shop)
    assert (found.drifts, found.unverified) == ((), ())
    assert {"ttl", "stream", "recovery.days", "deletionProtection", "tags.system"} <= {
        *found.verified
    }
    assert {"key", "indexes.ByDay.key", "indexes.ByDay.insights", "encryption", "billing"} <= {
        *found.verified
    }


def _no_ttl(client: Any) -> None:
    spec = {"Enabled": False, "AttributeName": "ttl"}
    client.update_time_to_live(TableName=NAME, TimeToLiveSpecification=spec)


def _no_recovery(client: Any) -> None:
    client.update_continuous_backups(
        TableName=NAME, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )


def _no_index(client: Any) -> None:
    client.update_table(
        TableName=NAME, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "ByDay"}}]
    )


def _another_index(client: Any) -> None:
    create = {
        "IndexName": "ByHand",
        "KeySchema": [{"AttributeName": "day", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    client.update_table(
        TableName=NAME,
        AttributeDefinitions=client.describe_table(TableName=NAME)["Table"]["AttributeDefinitions"],
        GlobalSecondaryIndexUpdates=[{"Create": create}],
    )


def _untagged(client: Any) -> None:
    arn = client.describe_table(TableName=NAME)["Table"]["TableArn"]
    client.untag_resource(ResourceArn=arn, TagKeys=["system"])


DRIFTS: list[tuple[Callable[[Any], Any], dict[str, tuple[Any, Any]]]] = [
    (_no_ttl, {"ttl": ("ttl", None)}),
    (_no_recovery, {"recovery.days": (7, None)}),
    (_untagged, {"tags.system": ("orders", None)}),
    (
        lambda client: client.update_table(
            TableName=NAME, StreamSpecification={"StreamEnabled": False}
        ),
        {"stream": ("NEW_AND_OLD_IMAGES", None)},
    ),
    (
        lambda client: client.update_table(TableName=NAME, DeletionProtectionEnabled=False),
        {"deletionProtection": (True, False)},
    ),
    (
        lambda client: client.update_contributor_insights(
            TableName=NAME, IndexName="ByDay", ContributorInsightsAction="DISABLE"
        ),
        {"indexes.ByDay.insights": ("THROTTLED_KEYS", None)},
    ),
    (
        _no_index,
        {
            "indexes.ByDay.key": ("day / placedAt", None),
            "indexes.ByDay.projection": ("ALL", None),
            "indexes.ByDay.types.day": ("S", None),
            "indexes.ByDay.types.placedAt": ("N", None),
            "indexes.ByDay.insights": ("THROTTLED_KEYS", None),
        },
    ),
    (
        _another_index,
        {
            "indexes.ByHand.key": (None, "day"),
            "indexes.ByHand.projection": (None, "KEYS_ONLY"),
            "indexes.ByHand.types.day": (None, "S"),
        },
    ),
]


@pytest.mark.requirement("K-67", "X-17")
@pytest.mark.parametrize(("change", "named"), DRIFTS, ids=[next(iter(d)) for _, d in DRIFTS])
def test_each_drift_is_named_with_both_values(
    shop: Shop, change: Callable[[Any], Any], named: dict[str, tuple[Any, Any]]
) -> None:
    change(shop.client)
    found = compared(shop).drifts
    assert {drift.path: (drift.declared, drift.deployed) for drift in found} == named
    assert all(drift.suggestion for drift in found)


def alarms(shop: Shop) -> Compared:
    return compare_alarms(shop.templates, shop.where, LARGE.name, shop.clients)


def id_of(alarm: Any) -> str:
    """Return the logical id in a name of CloudFormation: `orders-data-dev-ID-RANDOM`."""
    return str(alarm["AlarmName"].split("-")[3])


@pytest.mark.requirement("K-67")
def test_each_difference_of_an_alarm_is_named(shop: Shop) -> None:
    found = alarms(shop)
    assert found.drifts == ()
    assert len(found.verified) > 20
    client = shop.clients("cloudwatch")
    watched = client.describe_alarms(AlarmTypes=["MetricAlarm"])["MetricAlarms"]
    of_table = [a for a in watched if NAME in json.dumps(a.get("Metrics", ""))]
    gone, other, silent, elsewhere = of_table[:4]
    client.delete_alarms(AlarmNames=[gone["AlarmName"]])
    kept = ("AlarmName", "EvaluationPeriods", "ComparisonOperator", "TreatMissingData")
    changed = {key: other[key] for key in (*kept, "Metrics", "DatapointsToAlarm")}
    client.put_metric_alarm(**changed, Threshold=123_456)
    client.disable_alarm_actions(AlarmNames=[silent["AlarmName"]])
    moved = {key: elsewhere[key] for key in (*kept, "DatapointsToAlarm", "Threshold")}
    one = {"Namespace": "Mine", "MetricName": "Other", "Period": 60, "Statistic": "Sum"}
    actions = {key: elsewhere[key] for key in ("AlarmActions", "OKActions") if elsewhere.get(key)}
    client.put_metric_alarm(**moved, **one, **actions)
    ids = [id_of(a) for a in (gone, other, silent, elsewhere)]
    drifts = {drift.path: drift.deployed for drift in alarms(shop).drifts}
    assert drifts[f"alarms.{ids[0]}"] is None
    assert drifts[f"alarms.{ids[1]}.Threshold"] == 123_456
    assert drifts[f"alarms.{ids[2]}.ActionsEnabled"] is False
    assert drifts[f"alarms.{ids[3]}.watches"]["MetricName"] == "Other"
    assert {path.split(".")[1] for path in drifts} == {*ids}


@pytest.mark.requirement("K-67")
def test_no_alarm_of_another_system_stands_for_one_that_is_gone(shop: Shop) -> None:
    """The id of an API is a reference, so that by their templates both watch the same."""
    client = shop.clients("cloudwatch")
    found = client.describe_alarms(AlarmTypes=["MetricAlarm"])["MetricAlarms"]
    gone = next(a for a in found if a.get("Namespace") == "AWS/ApiGateway")
    other = {name: gone[name] for name in API_ALARM if gone.get(name) not in (None, [])}
    client.put_metric_alarm(**{**other, "AlarmName": "other-service-dev-ApiErrors-0123456789AB"})
    assert alarms(shop).drifts == ()
    client.delete_alarms(AlarmNames=[gone["AlarmName"]])
    assert [drift.path for drift in alarms(shop).drifts] == [f"alarms.{id_of(gone)}"]


API_ALARM = (
    *("AlarmActions", "OKActions", "Namespace", "MetricName", "Dimensions", "Statistic"),
    *("ExtendedStatistic", "Period", "EvaluationPeriods", "DatapointsToAlarm", "Threshold"),
    *("ComparisonOperator", "TreatMissingData", "EvaluateLowSampleCountPercentile"),
)


@pytest.mark.requirement("X-17")
def test_what_no_check_knows_is_told_and_never_passed_over(shop: Shop) -> None:
    """A property that a template has one day is not left out in silence."""
    given = {
        **shop.expected.properties,
        "WarmThroughput": {"ReadUnitsPerSecond": 1},
        "Replicas": [*shop.expected.properties["Replicas"], {"Region": "eu-west-1"}],
    }
    wanted = Expected(OWNED, NAME, "dev", shop.expected.region, given)
    found = compare(wanted, Sight(shop.clients, NAME), ASPECTS)
    assert {each.path for each in found.unverified} == {
        "WarmThroughput.ReadUnitsPerSecond",
        "OtherReplicas.Region",
    }


def test_every_property_of_a_table_is_checked_or_is_known_not_to_be() -> None:
    """New properties of CloudFormation turn this red: somebody then decides."""
    known = {name.split(".")[0] for aspect in ASPECTS for name in aspect.properties}
    replica = {
        name.split(".")[1]
        for aspect in ASPECTS
        for name in aspect.properties
        if name.startswith("Replicas.")
    }
    assert _names(dynamodb.CfnGlobalTableProps) - known == {
        "GlobalTableSourceArn",
        "GlobalTableWitnesses",
        "MultiRegionConsistency",
        "ReadProvisionedThroughputSettings",
        "VectorIndexes",
        "WarmThroughput",
    }
    assert _names(dynamodb.CfnGlobalTable.ReplicaSpecificationProperty) - replica == {
        "GlobalTableSettingsReplicationMode",
        "ReplicaStreamSpecification",
    }


def _names(kind: Any) -> set[str]:
    words = [name for name in vars(kind) if not name.startswith("_")]
    found = {"".join(part.capitalize() for part in name.split("_")) for name in words}
    return {name.replace("Sse", "SSE") for name in found}


def test_a_value_that_only_a_deployment_knows_is_not_verified(shop: Shop) -> None:
    (replica,) = shop.expected.properties["Replicas"]
    key = {"SSESpecification": {"KMSMasterKeyId": "{{resolve:ssm:/key}}"}}
    given = {**shop.expected.properties, "Replicas": [{**replica, **key}]}
    wanted = Expected(OWNED, NAME, "dev", shop.expected.region, given)
    found = compare(wanted, Sight(shop.clients, NAME), ASPECTS)
    assert [each.path for each in found.unverified] == ["encryption"]
    assert found.drifts == ()


@pytest.mark.requirement("X-17")
def test_the_command_names_drifts_and_its_exit_code_tells(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyline_ops.commands.recovery.systems", lambda: (LARGE,))
    monkeypatch.setattr("keyline_ops.commands.recovery._where", lambda *_: shop.where)
    monkeypatch.setattr("keyline_ops.commands.recovery._templates", lambda *_: shop.templates)
    monkeypatch.setattr(Deployed, "clients", lambda self, service: shop.clients(service))
    asked = ["verify", "orders", "--environment", "dev"]
    run = CliRunner().invoke(app, asked)
    assert run.exit_code == 0, run.output
    assert "0 differences, 0 not verified" in run.output
    _no_ttl(shop.client)
    run = CliRunner().invoke(app, asked)
    assert run.exit_code == 1
    assert f"✗ {NAME}: ttl\n    declared ttl, deployed nothing" in run.output
    run = CliRunner().invoke(app, [*asked, "--json"])
    found = {each["name"]: each for each in json.loads(run.output)}
    assert [drift["path"] for drift in found[NAME]["drifts"]] == ["ttl"]
    run = CliRunner().invoke(app, ["verify", "orders", "Nothing", "--environment", "dev"])
    assert "is not a table of orders" in str(run.exception)
    shop.client.update_table(TableName=NAME, DeletionProtectionEnabled=False)
    shop.client.delete_table(TableName=NAME)
    run = CliRunner().invoke(app, ["verify", "orders", "CustomerOrders", "--environment", "dev"])
    assert run.exit_code == 1
    assert "declared deployed, deployed nothing" in run.output
