"""Deployed tables: described, counted, backed up and restored, against moto's DynamoDB."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from msgspec.structs import replace
from typer.testing import CliRunner

from keyline import variables
from keyline.errors import KeylineError
from keyline_deploy.environment import Environment, load
from keyline_ops.cli import app
from keyline_ops.commands import tables
from keyline_ops.deployed import Deployed, Owned, deployed, find_table, find_tables, translated
from keyline_ops.tables.backup import Backups, Bucket
from keyline_ops.tables.count import Price
from keyline_ops.tables.describe import describe, differences, wanted_tags
from keyline_ops.tables.listing import listed
from keyline_ops.tables.restore import Restores, moment_of
from stacks.base import stack_tags
from tests.support.sample.orders import MARKS, ORDERS
from tests.support.sample.shop import LARGE
from tests.support.tables import create_table_params

DEV = load("dev")
REGION = "us-east-1"
OWNED = Owned(LARGE, ORDERS)
NAME = ORDERS.physical_name("dev")


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("dynamodb", region_name=REGION)


@pytest.fixture(autouse=True)
def _the_commands_know_the_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyline_ops.commands.tables.systems", lambda: (LARGE,))


@pytest.fixture
def where() -> Deployed:
    return Deployed(DEV)


def deploy(client: Any, owned: Owned = OWNED, environment: Environment = DEV) -> str:
    """A table as the stack would make it."""
    params = create_table_params(owned.table, environment.name)
    if owned.table.stream:
        view = owned.table.stream.value
        params["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": view}
    tags = wanted_tags(owned, environment)
    params["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    params["SSESpecification"] = {"Enabled": True, "SSEType": "KMS"}
    client.create_table(**params)
    name: str = params["TableName"]
    if owned.table.ttl:
        ttl = {"Enabled": True, "AttributeName": owned.table.ttl.attribute}
        client.update_time_to_live(TableName=name, TimeToLiveSpecification=ttl)
    recovery = {
        "PointInTimeRecoveryEnabled": True,
        "RecoveryPeriodInDays": environment.tables.pitr_days,
    }
    client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)
    return name


def fill(client: Any, items: int) -> None:
    ttl = int(datetime.now(UTC).timestamp()) + 86_400
    for number in range(items):
        client.put_item(
            TableName=NAME,
            Item={
                "customer": {"S": "ann"},
                "number": {"N": str(number)},
                "day": {"S": "2026-01-31"},
                "placedAt": {"N": "1"},
                "ttl": {"N": str(ttl)},
            },
        )


class Told:
    """DynamoDB as moto has it, with some calls answered here."""

    def __init__(self, client: Any, **answers: Callable[..., Any]) -> None:
        self._client = client
        self._answers = answers
        self.made: list[tuple[str, Mapping[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        found = self._answers.get(name) or getattr(self._client, name)
        if not callable(found) or name in ("get_paginator", "exceptions"):
            return found

        def call(**arguments: Any) -> Any:
            self.made.append((name, arguments))
            return found(**arguments)

        return call


# --- which table, and where ---------------------------------------------------------------


def test_a_table_has_two_names_and_a_system_is_all_of_its_tables() -> None:
    assert find_table("CustomerOrders", DEV, [LARGE]).table is ORDERS
    assert find_table(NAME, DEV, [LARGE]) == OWNED
    assert [o.table for o in find_tables("orders", DEV, [LARGE])] == list(LARGE.tables)
    with pytest.raises(KeylineError, match="Did you mean 'CustomerOrders'"):
        find_table("CustomerOrder", DEV, [LARGE])
    with pytest.raises(KeylineError, match="is not a system and not a table"):
        find_tables("nothing", DEV, [LARGE])


def test_another_accounts_credentials_are_refused() -> None:
    with mock_aws(), pytest.raises(KeylineError, match="account 111111111111, the credentials"):
        deployed(load("prod"), Path("unused"))


def test_an_error_of_awss_says_what_to_do() -> None:
    answer = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
    with pytest.raises(KeylineError) as raised, translated("a-table"):
        raise ClientError(answer, "CreateBackup")
    assert raised.value.path == "a-table"
    assert "CreateBackup (AccessDeniedException): no" in raised.value.message
    assert "role" in raised.value.suggestion


# --- describe -----------------------------------------------------------------------------


@pytest.mark.requirement("K-64")
def test_a_table_is_described_with_the_age_of_its_figures(client: Any, where: Deployed) -> None:
    deploy(client)
    fill(client, 3)
    seen = describe(where, client, NAME)
    assert seen is not None
    assert (seen.items, seen.counted) == (3, "up to 6 hours old")
    assert seen.ttl == "ttl"
    assert seen.stream == "NEW_AND_OLD_IMAGES"
    assert seen.recovery is not None and seen.recovery.days == 7
    assert {index.name for index in seen.indexes} == {i.name for i in ORDERS.indexes}
    assert differences(OWNED, DEV, seen) == []


@pytest.mark.requirement("I-44", "K-64")
def test_what_is_not_as_declared_is_named(client: Any, where: Deployed) -> None:
    params = create_table_params(ORDERS, "dev")
    params["GlobalSecondaryIndexes"] = params["GlobalSecondaryIndexes"][1:]
    params["AttributeDefinitions"] = [
        a for a in params["AttributeDefinitions"] if a["AttributeName"] != "day"
    ]
    params["GlobalSecondaryIndexes"][0]["Projection"] = {"ProjectionType": "KEYS_ONLY"}
    client.create_table(**params, DeletionProtectionEnabled=True)
    seen = describe(where, client, NAME)
    assert seen is not None
    assert sorted(differences(OWNED, DEV, seen)) == sorted(
        [
            "TTL: none, declared is ttl",
            "stream: none, declared is NEW_AND_OLD_IMAGES",
            "deletion protection: on, declared is off",
            "recovery days: 0, declared is 7",
            "encryption: aws-owned, declared is aws-managed",
            f"index {ORDERS.indexes[0].name}: is missing",
            f"index {ORDERS.indexes[1].name}: carries other attributes than declared",
            "tag environment: none, declared is dev",
            "tag project: none, declared is keyline",
            "tag system: none, declared is orders",
        ]
    )


def test_the_tags_are_those_of_the_stacks() -> None:
    assert wanted_tags(OWNED, DEV) == stack_tags("orders", DEV)


@pytest.mark.requirement("K-64")
def test_a_missing_table_is_a_row_of_its_own(client: Any, where: Deployed) -> None:
    deploy(client)
    rows = listed(where, [Owned(LARGE, table) for table in LARGE.tables])
    assert [row.differs for row in rows] == [(), *[("is not deployed",)] * (len(rows) - 1)]
    assert len(rows) == len(LARGE.tables)


@pytest.mark.requirement("K-64")
def test_the_command_lists_tables(client: Any) -> None:
    for table in LARGE.tables:
        deploy(client, Owned(LARGE, table))
    run = CliRunner().invoke(app, ["tables", "orders", "--environment", "dev"])
    assert run.exit_code == 0, run.output
    assert NAME in run.output and "ByDay" in run.output
    assert "up to 6 hours old" in run.output
    run = CliRunner().invoke(app, ["tables", "orders", "--environment", "dev", "--json"])
    found = {row["table"]: row for row in json.loads(run.output)}
    assert found["CustomerOrders"]["stream"] == "NEW_AND_OLD_IMAGES"
    assert found["CustomerOrders"]["recovery"]["days"] == 7
    client.delete_table(TableName=MARKS.physical_name("dev"))
    run = CliRunner().invoke(app, ["tables", "SeenOrders", "--environment", "dev", "--json"])
    assert run.exit_code == 1
    assert json.loads(run.output)[0]["differs"] == ["is not deployed"]


# --- count --------------------------------------------------------------------------------


@pytest.mark.requirement("K-65")
def test_a_count_is_never_made_unless_its_price_was_agreed_to(
    client: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(variables.TRANSPORT, "botocore")  # through which moto answers
    monkeypatch.setattr(tables, "LOCAL_STATE", tmp_path / "local")
    deploy(client)
    fill(client, 2)
    run = CliRunner().invoke(app, ["count", "CustomerOrders", "--environment", "dev"])
    assert run.output == f"2 items in {NAME}, up to 6 hours old\n"
    asked = ["count", "CustomerOrders", "--environment", "dev", "--exact"]
    run = CliRunner().invoke(app, asked)
    assert isinstance(run.exception, KeylineError)
    assert "would consume a number of read units that is not known" in str(run.exception)
    assert "--yes" in run.exception.suggestion
    run = CliRunner().invoke(app, [*asked, "--yes", "--json"])
    assert json.loads(run.output)["items"] == 2


@pytest.mark.requirement("K-65")
def test_the_price_of_a_count_follows_from_the_size(client: Any, where: Deployed) -> None:
    deploy(client)
    seen = describe(where, client, NAME)
    assert seen is not None
    price = Price.of(dataclasses.replace(seen, bytes=4_096_000_000), REGION)
    assert price.read_units == 1_000_000
    assert price.usd == pytest.approx(0.125)
    assert str(price) == "about 1,000,000 read units ($0.1250), by a size up to 6 hours old"
    elsewhere = Price.of(dataclasses.replace(seen, bytes=4_096), "eu-west-1")
    assert "at a price that is not known here" in str(elsewhere)
    assert "is not known: DynamoDB tells no size" in str(
        Price.of(dataclasses.replace(seen, bytes=0), REGION)
    )


# --- backups ------------------------------------------------------------------------------


def backups(client: Any, where: Deployed) -> Backups:
    return Backups(where, client, lambda _: None, pause=0)


@pytest.mark.requirement("K-66", "T-76")
def test_a_system_is_backed_up_table_by_table(client: Any, where: Deployed) -> None:
    owned = [Owned(LARGE, table) for table in LARGE.tables]
    names = [deploy(client, each) for each in owned]
    maker = backups(client, where)
    saved = maker.save(maker.found(owned))
    assert [each.table for each in saved] == names
    there = {b["BackupArn"]: b["TableName"] for b in client.list_backups()["BackupSummaries"]}
    assert {each.arn: each.table for each in saved} == there


@pytest.mark.requirement("X-17")
def test_a_dry_run_of_a_backup_names_the_tables_and_makes_none(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(client)
    told = Told(client)
    monkeypatch.setattr(Deployed, "client", lambda self: told)
    asked = ["backup", "CustomerOrders", "--environment", "dev", "--dry-run", "--json"]
    run = CliRunner().invoke(app, asked)
    assert run.exit_code == 0, run.output
    assert json.loads(run.stdout) == [{"table": NAME, "bytes": 0}]
    assert run.stderr.startswith("1 table: ")
    assert client.list_backups()["BackupSummaries"] == []
    assert "create_backup" not in {name for name, _ in told.made}


@pytest.mark.requirement("K-66")
def test_exports_of_a_system_are_of_one_moment(client: Any, where: Deployed) -> None:
    boto3.client("s3", region_name=REGION).create_bucket(Bucket="backups")
    owned = [Owned(LARGE, table) for table in LARGE.tables]
    names = [deploy(client, each) for each in owned]
    told = Told(client)
    maker = backups(told, where)
    saved = maker.export(maker.found(owned), Bucket.of("s3://backups/nightly/"))
    asked = [arguments for name, arguments in told.made if name == "export_table_to_point_in_time"]
    assert [a["S3Prefix"] for a in asked] == [f"nightly/{name}" for name in names]
    assert len({a["ExportTime"] for a in asked}) == 1
    assert [each.status for each in saved] == ["COMPLETED"] * len(owned)


@pytest.mark.requirement("K-66")
def test_an_export_is_of_the_latest_moment_that_all_tables_can_be_recovered_to(
    client: Any, where: Deployed
) -> None:
    """DynamoDB refuses a later one, and is minutes behind."""
    boto3.client("s3", region_name=REGION).create_bucket(Bucket="backups")
    owned = [Owned(LARGE, table) for table in LARGE.tables]
    moment = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    latest = {deploy(client, each): moment for each in owned}
    latest[NAME] = moment - timedelta(minutes=2, microseconds=-7)

    def continuous(TableName: str) -> Any:
        answer = client.describe_continuous_backups(TableName=TableName)
        told = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        told["LatestRestorableDateTime"] = latest[TableName]
        return answer

    told = Told(client, describe_continuous_backups=continuous)
    maker = backups(told, where)
    maker.export(maker.found(owned), Bucket.of("s3://backups"))
    asked = [arguments for name, arguments in told.made if name == "export_table_to_point_in_time"]
    assert [each["ExportTime"] for each in asked] == [moment - timedelta(minutes=2)] * len(owned)
    # Nor is it ever of the future, should a clock go wrong
    latest.update(dict.fromkeys(latest, moment + timedelta(days=1)))
    told.made.clear()
    maker.export(maker.found(owned), Bucket.of("s3://backups"))
    asked = [arguments for name, arguments in told.made if name == "export_table_to_point_in_time"]
    assert all(moment < each["ExportTime"] <= datetime.now(UTC) for each in asked)


@pytest.mark.requirement("K-66")
def test_a_backup_or_export_that_fails_is_an_error(client: Any, where: Deployed) -> None:
    deploy(client)
    failed = {"BackupDescription": {"BackupDetails": {"BackupStatus": "DELETED"}}}
    maker = backups(Told(client, describe_backup=lambda **_: failed), where)
    with pytest.raises(KeylineError, match="ended as DELETED"):
        maker.save(maker.found([OWNED]))
    broken = {
        "ExportDescription": {
            "ExportStatus": "FAILED",
            "FailureCode": "S3NoSuchBucket",
            "FailureMessage": "gone",
        }
    }
    maker = backups(Told(client, describe_export=lambda **_: broken), where)
    with pytest.raises(KeylineError, match="S3NoSuchBucket"):
        maker.export(maker.found([OWNED]), Bucket.of("s3://backups"))


@pytest.mark.requirement("K-66")
def test_what_cannot_be_backed_up_is_refused(client: Any, where: Deployed) -> None:
    with pytest.raises(KeylineError, match="is not a place in S3"):
        Bucket.of("backups/here")
    with pytest.raises(KeylineError, match="is not deployed"):
        backups(client, where).found([OWNED])
    local = Deployed(load("local"), engine="http://127.0.0.1:1")
    with pytest.raises(KeylineError, match="the local engine keeps no backups"):
        backups(client, local).found([OWNED])
    client.create_table(**create_table_params(ORDERS, "dev"))
    maker = backups(client, where)
    with pytest.raises(KeylineError, match="has no point-in-time recovery"):
        maker.export(maker.found([OWNED]), Bucket.of("s3://backups"))


# --- restore ------------------------------------------------------------------------------


def recoverable(client: Any, **answers: Callable[..., Any]) -> Told:
    """Moto knows no times of recovery, and no summary of a restore: told here."""
    origin: dict[str, Any] = {}

    def continuous(**asked: Any) -> Any:
        answer = client.describe_continuous_backups(**asked)
        told = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        if told["PointInTimeRecoveryStatus"] == "ENABLED":
            told["EarliestRestorableDateTime"] = datetime.now(UTC) - timedelta(days=1)
            told["LatestRestorableDateTime"] = datetime.now(UTC) - timedelta(minutes=5)
        return answer

    def restore(**asked: Any) -> Any:
        source = asked["SourceTableArn"].rpartition("/")[2]
        answer = client.restore_table_to_point_in_time(
            SourceTableName=source, TargetTableName=asked["TargetTableName"]
        )
        origin[asked["TargetTableName"]] = {
            "SourceTableArn": asked["SourceTableArn"],
            "RestoreDateTime": asked["RestoreDateTime"],
        }
        return answer

    def table(**asked: Any) -> Any:
        answer = client.describe_table(**asked)
        if asked["TableName"] in origin:
            answer["Table"]["RestoreSummary"] = origin[asked["TableName"]]
            # As the source's: moto leaves it out.
            answer["Table"]["SSEDescription"] = {"Status": "ENABLED", "KMSMasterKeyArn": "arn:x"}
        return answer

    return Told(
        client,
        **{
            "describe_continuous_backups": continuous,
            "restore_table_to_point_in_time": restore,
            "describe_table": table,
            **answers,
        },
    )


def an_hour_ago() -> datetime:
    return moment_of((datetime.now(UTC) - timedelta(hours=1)).isoformat())


@pytest.mark.requirement("K-67")
def test_what_a_restore_leaves_out_is_put_back_and_verified(client: Any) -> None:
    protected = replace(DEV, tables=replace(DEV.tables, deletion_protection=True))
    deploy(client)
    fill(client, 4)
    told = recoverable(client)
    said: list[str] = []
    restores = Restores(Deployed(protected), told, said.append, pause=0)
    plan = restores.plan(OWNED, "orders-restored", an_hour_ago())
    assert restores.restore(plan) == []
    seen = describe(Deployed(protected), told, "orders-restored")
    assert seen is not None
    assert (seen.ttl, seen.stream, seen.protected) == ("ttl", "NEW_AND_OLD_IMAGES", True)
    assert seen.recovery is not None and seen.recovery.days == 7
    assert seen.tags == {"project": "keyline", "environment": "dev", "system": "orders"}
    assert client.scan(TableName="orders-restored", Select="COUNT")["Count"] == 4
    assert said[0] == "deletion protection: on"


@pytest.mark.requirement("K-67")
def test_contributor_insights_are_put_back_where_the_environment_wants_them(client: Any) -> None:
    wants = replace(DEV, tables=replace(DEV.tables, contributor_insights=True))
    insights: dict[str, str] = {NAME: "ENABLED"}

    def enable(**asked: Any) -> Any:
        assert asked["ContributorInsightsMode"] == "THROTTLED_KEYS"
        insights[asked["TableName"]] = "ENABLING"

    deploy(client)
    told = recoverable(
        client,
        describe_contributor_insights=lambda **asked: {
            "ContributorInsightsStatus": insights.get(asked["TableName"], "DISABLED")
        },
        update_contributor_insights=enable,
    )
    restores = Restores(Deployed(wants), told, lambda _: None, pause=0)
    plan = restores.plan(OWNED, "orders-restored", an_hour_ago())
    assert restores.restore(plan) == []
    assert insights["orders-restored"] == "ENABLING"


@pytest.mark.requirement("K-67")
def test_an_interrupted_restore_goes_on_and_does_only_what_is_left(
    client: Any, where: Deployed
) -> None:
    deploy(client)
    told = recoverable(client)

    def stop(**_: Any) -> Any:
        raise KeyboardInterrupt

    told._answers["update_time_to_live"] = stop
    restores = Restores(where, told, lambda _: None, pause=0)
    at = an_hour_ago()
    with pytest.raises(KeyboardInterrupt):
        restores.restore(restores.plan(OWNED, "orders-restored", at))
    del told._answers["update_time_to_live"]
    plan = restores.plan(OWNED, "orders-restored", at)
    assert plan.resumes
    steps = restores.steps(plan)
    assert "go on with it" in steps[0]
    assert [step.partition(":")[0] for step in steps[1:]] == ["TTL", "stream", "tags"]
    assert restores.restore(plan) == []
    made = [name for name, _ in told.made]
    assert made.count("restore_table_to_point_in_time") == 1
    assert made.count("update_continuous_backups") == 1


@pytest.mark.requirement("K-67")
def test_a_restore_that_is_still_under_way_is_waited_for(client: Any, where: Deployed) -> None:
    deploy(client)
    told = recoverable(client)
    restores = Restores(where, told, lambda _: None, pause=0)
    at = an_hour_ago()
    told.restore_table_to_point_in_time(
        SourceTableArn=client.describe_table(TableName=NAME)["Table"]["TableArn"],
        TargetTableName="orders-restored",
        RestoreDateTime=at,
    )
    looks = [3]
    table, continuous = (
        told._answers[name] for name in ("describe_table", "describe_continuous_backups")
    )

    def creating(**asked: Any) -> Any:
        answer = table(**asked)
        if asked["TableName"] == "orders-restored" and looks[0]:
            looks[0] -= 1
            answer["Table"]["TableStatus"] = "CREATING"
        return answer

    def not_while_creating(**asked: Any) -> Any:
        if asked["TableName"] == "orders-restored" and looks[0]:
            error = {"Error": {"Code": "TableNotFoundException", "Message": "no"}}
            raise ClientError(error, "DescribeContinuousBackups")
        return continuous(**asked)

    told._answers |= {
        "describe_table": creating,
        "describe_continuous_backups": not_while_creating,
    }
    plan = restores.plan(OWNED, "orders-restored", at)
    assert len(restores.steps(plan)) == 5
    assert restores.restore(plan) == []
    assert [name for name, _ in told.made].count("restore_table_to_point_in_time") == 1


@pytest.mark.requirement("K-67")
def test_what_dynamodb_is_not_ready_for_is_tried_again_and_other_refusals_are_told(
    client: Any, where: Deployed
) -> None:
    deploy(client)
    left = [2]

    def not_yet(**asked: Any) -> Any:
        if left[0]:
            left[0] -= 1
            code = "ContinuousBackupsUnavailableException"
            raise ClientError({"Error": {"Code": code, "Message": "wait"}}, "Update")
        return client.update_continuous_backups(**asked)

    def denied(**_: Any) -> Any:
        error = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
        raise ClientError(error, "TagResource")

    told = recoverable(client, update_continuous_backups=not_yet, tag_resource=denied)
    restores = Restores(where, told, lambda _: None, pause=0)
    plan = restores.plan(OWNED, "orders-restored", an_hour_ago())
    with pytest.raises(KeylineError, match=r"orders-restored: tags: .*AccessDenied"):
        restores.restore(plan)
    assert left == [0]


@pytest.mark.requirement("K-67")
def test_a_step_without_effect_is_found_out(client: Any, where: Deployed) -> None:
    deploy(client)
    told = recoverable(client, update_time_to_live=lambda **_: None)
    restores = Restores(where, told, lambda _: None, pause=0)
    plan = restores.plan(OWNED, "orders-restored", an_hour_ago())
    assert restores.restore(plan) == ["TTL: none, declared is ttl"]


@pytest.mark.requirement("K-67")
def test_what_cannot_be_restored_is_refused(client: Any, where: Deployed) -> None:
    restores = Restores(where, recoverable(client), lambda _: None, pause=0)
    at = an_hour_ago()
    with pytest.raises(KeylineError, match="is not deployed"):
        restores.plan(OWNED, "orders-restored", at)
    deploy(client)
    with pytest.raises(KeylineError, match="is not a table's name"):
        restores.plan(OWNED, "a b", at)
    with pytest.raises(KeylineError, match="is there already, and not from this restore"):
        restores.plan(OWNED, NAME, at)
    with pytest.raises(KeylineError, match="can be restored to"):
        restores.plan(OWNED, "orders-restored", at - timedelta(days=9))
    client.update_continuous_backups(
        TableName=NAME, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )
    with pytest.raises(KeylineError, match="has no point-in-time recovery"):
        restores.plan(OWNED, "orders-restored", at)
    local = Restores(Deployed(load("local"), engine="http://x"), client, lambda _: None)
    with pytest.raises(KeylineError, match="the local engine keeps no point-in-time recovery"):
        local.plan(OWNED, "orders-restored", at)


@pytest.mark.requirement("K-67")
def test_a_moment_needs_a_time_zone() -> None:
    assert moment_of("2026-01-31T10:00:00+02:00") == datetime(2026, 1, 31, 8, tzinfo=UTC)
    with pytest.raises(KeylineError, match="has no time zone"):
        moment_of("2025-09-30T10:00:00")
    with pytest.raises(KeylineError, match="is not a moment"):
        moment_of("yesterday")


@pytest.mark.requirement("X-17")
def test_a_dry_run_changes_nothing(
    client: Any, where: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(client)
    told = recoverable(client)
    monkeypatch.setattr(Deployed, "client", lambda self: told)
    run = CliRunner().invoke(
        app,
        [
            *("restore", "CustomerOrders", "--to", "orders-restored", "--environment", "dev"),
            *("--at", an_hour_ago().isoformat(), "--dry-run", "--json"),
        ],
    )
    assert run.exit_code == 0, run.output
    document = json.loads(run.output)
    assert document["done"] is False
    assert "TTL: ttl" in document["steps"] and "stream: NEW_AND_OLD_IMAGES" in document["steps"]
    assert client.list_tables()["TableNames"] == [NAME]
    assert not {name for name, _ in told.made} - {
        "describe_table",
        "describe_time_to_live",
        "describe_continuous_backups",
    }
