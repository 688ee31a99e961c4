"""Deployed tables: described and counted, against moto's DynamoDB."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from typer.testing import CliRunner

from keyline import variables
from keyline.errors import KeylineError
from keyline_deploy.environment import Environment, load
from keyline_ops.cli import app
from keyline_ops.commands import tables
from keyline_ops.deployed import Deployed, Owned, deployed, find_table, find_tables, translated
from keyline_ops.tables.count import Price
from keyline_ops.tables.describe import describe, differences, wanted_tags
from keyline_ops.tables.listing import listed
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
    """Return a table as the stack would make it."""
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
    with mock_aws(), pytest.raises(KeylineError, match=r"account 111111111111\. The credentials"):
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
