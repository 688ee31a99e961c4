"""Backups and exports of deployed tables, against moto's DynamoDB and S3."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from keyline.errors import KeylineError
from keyline_deploy.environment import load
from keyline_ops.cli import app
from keyline_ops.deployed import Deployed, Owned
from keyline_ops.recovery.backup import Backups
from keyline_ops.recovery.export import Bucket, Exports, checked
from keyline_ops.tables.describe import Recovery, Seen
from tests.keyline_ops.unit.recovery.shop import NAME, OWNED, Shop
from tests.support.sample.shop import LARGE

ALL = [Owned(LARGE, table) for table in LARGE.tables]


def backups(shop: Shop) -> Backups:
    return Backups(shop.where, shop.client, lambda _: None, pause=0)


def commands(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyline_ops.commands.recovery.systems", lambda: (LARGE,))
    monkeypatch.setattr("keyline_ops.commands.recovery._where", lambda *_: shop.where)
    monkeypatch.setattr(Deployed, "client", lambda self: shop.client)


def at(seen: Seen, earliest: datetime, latest: datetime) -> Seen:
    told = Recovery(35, earliest.isoformat(), latest.isoformat())
    return dataclasses.replace(seen, recovery=told)


@pytest.mark.requirement("K-66", "T-76")
def test_a_system_is_backed_up_table_by_table(shop: Shop) -> None:
    saved = backups(shop).save(backups(shop).found(ALL))
    names = [shop.where.name_of(owned) for owned in ALL]
    assert [each.table for each in saved] == names
    assert [each.name.rpartition("-")[0] for each in saved] == names
    listed = backups(shop).listed(ALL)
    assert {each.arn for each in listed} == {each.arn for each in saved}
    assert backups(shop).listed([OWNED])[0].table == NAME


@pytest.mark.requirement("X-17")
def test_a_dry_run_names_the_tables_and_makes_no_backup(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands(shop, monkeypatch)
    words = ["backup", "orders", "CustomerOrders", "--environment", "dev"]
    run = CliRunner().invoke(app, [*words, "--dry-run", "--json"])
    assert run.exit_code == 0, run.output
    assert json.loads(run.stdout) == [{"table": NAME, "bytes": 0}]
    run = CliRunner().invoke(app, [*words, "--list"])
    assert run.stdout == "There are no backups.\n"
    run = CliRunner().invoke(app, [*words, "--json"])
    (made,) = json.loads(run.stdout)
    run = CliRunner().invoke(app, [*words, "--list"])
    assert run.stdout.startswith(f"{made['name']}  {made['at']}  AVAILABLE")


@pytest.mark.requirement("K-66")
def test_exports_of_a_system_are_of_one_moment(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.clients("s3").create_bucket(Bucket="exports")
    commands(shop, monkeypatch)
    run = CliRunner().invoke(
        app, ["export", "orders", "--to", "s3://exports/nightly/", "--environment", "dev", "--json"]
    )
    assert run.exit_code == 0, run.output
    told = json.loads(run.stdout)
    assert [each["table"] for each in told] == [shop.where.name_of(owned) for owned in ALL]
    assert len({each["at"] for each in told}) == 1
    assert all(each["manifest"].startswith("s3://exports/") for each in told)


@pytest.mark.requirement("K-66")
def test_an_export_of_changes_is_of_its_period(shop: Shop) -> None:
    asked: list[dict[str, Any]] = []

    class Client:
        """A stand-in for DynamoDB, with all that an export asks."""

        def export_table_to_point_in_time(self, **arguments: Any) -> Any:
            asked.append(arguments)
            return {"ExportDescription": {"ExportArn": "arn"}}

        def describe_export(self, **_: Any) -> Any:
            return {"ExportDescription": {"ExportStatus": "COMPLETED", "ExportManifest": "m"}}

    end = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
    start = end - timedelta(hours=24)
    seen = [at(each, end - timedelta(days=9), end) for each in backups(shop).found([OWNED])]
    exports = Exports(Client(), lambda _: None, pause=0)
    (done,) = exports.export(seen, Bucket.of("s3://exports"), at=end, since=start)
    assert asked[0]["ExportType"] == "INCREMENTAL_EXPORT"
    assert asked[0]["IncrementalExportSpecification"] == {
        "ExportFromTime": start,
        "ExportToTime": end,
        "ExportViewType": "NEW_AND_OLD_IMAGES",
    }
    assert (done.since, done.at) == (start.isoformat(), end.isoformat())
    for period in (timedelta(minutes=14), timedelta(hours=25)):
        with pytest.raises(KeylineError, match="15 minutes to 24 hours"):
            checked(seen, at=end, since=end - period)


@pytest.mark.requirement("K-66")
def test_an_export_is_of_the_latest_moment_that_all_tables_can_be_recovered_to(shop: Shop) -> None:
    """DynamoDB refuses a later one, and is minutes behind."""
    now = datetime.now(UTC).replace(microsecond=0)
    first, second, *_ = backups(shop).found(ALL)
    earlier = now - timedelta(minutes=7)
    tables = [
        at(first, now - timedelta(days=3), now - timedelta(minutes=5)),
        at(second, now - timedelta(days=2), earlier + timedelta(microseconds=7)),
    ]
    assert checked(tables) == earlier
    ahead = [at(first, now - timedelta(days=3), now + timedelta(days=1))]
    assert checked(ahead) <= datetime.now(UTC)
    with pytest.raises(KeylineError, match="can be exported as of") as raised:
        checked(tables, at=now - timedelta(days=2, seconds=1))
    assert second.name in raised.value.message
    off = shop.client.update_continuous_backups(
        TableName=NAME, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )
    assert off
    with pytest.raises(KeylineError, match="has no point-in-time recovery"):
        checked(backups(shop).found([OWNED]))


@pytest.mark.requirement("K-66")
def test_a_backup_or_export_that_fails_is_an_error(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    details = {
        "BackupName": "b",
        "BackupArn": "arn",
        "BackupStatus": "DELETED",
        "BackupCreationDateTime": datetime.now(UTC),
    }
    failed = {"BackupDescription": {"BackupDetails": details}}
    monkeypatch.setattr(shop.client, "describe_backup", lambda **_: failed)
    first, second, *_ = backups(shop).found(ALL)
    with pytest.raises(KeylineError, match="ended as DELETED") as raised:
        backups(shop).save([first, second])
    assert f"{second.name} (" in raised.value.suggestion, "its backup began, and goes on"
    assert f"{first.name} (" not in raised.value.suggestion, "its backup has failed"
    broken = {"ExportStatus": "FAILED", "FailureCode": "S3NoSuchBucket", "FailureMessage": "gone"}
    monkeypatch.setattr(shop.client, "describe_export", lambda **_: {"ExportDescription": broken})
    shop.clients("s3").create_bucket(Bucket="exports")
    exports = Exports(shop.client, lambda _: None, pause=0)
    with pytest.raises(KeylineError, match="S3NoSuchBucket"):
        exports.export(backups(shop).found([OWNED]), Bucket.of("s3://exports"))


def refusing(call: Any, name: str) -> Any:
    """Return a call that AWS refuses for one table."""

    def answer(**arguments: Any) -> Any:
        if name in (arguments.get("TableName"), str(arguments.get("TableArn")).rpartition("/")[2]):
            told = {"Error": {"Code": "LimitExceededException", "Message": "too many"}}
            raise ClientError(told, "Begin")
        return call(**arguments)

    return answer


@pytest.mark.requirement("K-66")
def test_a_backup_that_aws_refuses_half_way_names_those_that_began(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, *_ = backups(shop).found(ALL)
    tables = [first, second]
    told: list[str] = []
    monkeypatch.setattr(
        shop.client, "create_backup", refusing(shop.client.create_backup, second.name)
    )
    half = dataclasses.replace(backups(shop), tell=told.append)
    with pytest.raises(KeylineError, match="LimitExceeded") as raised:
        half.save(tables)
    (made,) = backups(shop).listed(ALL)
    assert raised.value.path == second.name
    assert f"These backups began, and AWS bills them: {first.name} ({made.arn})." in (
        raised.value.suggestion
    )
    assert told == [f"{first.name}: backup {made.arn} began"], "Ctrl-C finds it on the screen"
    with pytest.raises(KeylineError) as raised:
        backups(shop).save([second])
    assert "began" not in raised.value.suggestion


@pytest.mark.requirement("K-66")
def test_an_export_that_aws_refuses_half_way_names_those_that_began(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.clients("s3").create_bucket(Bucket="exports")
    first, second, *_ = backups(shop).found(ALL)
    begin = shop.client.export_table_to_point_in_time
    monkeypatch.setattr(shop.client, "export_table_to_point_in_time", refusing(begin, second.name))
    exports = Exports(shop.client, lambda _: None, pause=0)
    with pytest.raises(KeylineError, match="LimitExceeded") as raised:
        exports.export([first, second], Bucket.of("s3://exports"))
    (made,) = shop.client.list_exports(TableArn=first.arn)["ExportSummaries"]
    assert f"{first.name} ({made['ExportArn']})." in raised.value.suggestion


@pytest.mark.requirement("K-66")
def test_what_cannot_be_backed_up_is_refused(shop: Shop) -> None:
    with pytest.raises(KeylineError, match="is not a place in S3"):
        Bucket.of("exports/here")
    local = Backups(Deployed(load("local"), engine="http://x"), shop.client, lambda _: None)
    with pytest.raises(KeylineError, match="the local engine keeps no backups"):
        local.found([OWNED])
