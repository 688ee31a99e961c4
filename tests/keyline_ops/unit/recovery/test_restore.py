"""Restores, against an emulator that remembers: the data of the time, and all that is declared."""

from __future__ import annotations

import copy
import itertools
import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from keyline.errors import KeylineError
from keyline_ops.cli import app
from keyline_ops.deployed import Deployed
from keyline_ops.recovery.aspects import ASPECTS
from keyline_ops.recovery.backup import Backups, named
from keyline_ops.recovery.expected import Expected
from keyline_ops.recovery.moment import moment_of
from keyline_ops.recovery.restore import Origin, Plan, Restores, at_time, of_backup
from keyline_ops.recovery.sight import Sight
from keyline_ops.recovery.take_over import take_over
from tests.keyline_ops.unit.recovery.shop import ENVIRONMENT, NAME, OWNED, Shop
from tests.support.sample.shop import LARGE


class Watched:
    """boto3's client, whose calls are noted and may be stopped."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.made: list[str] = []
        self.before: Callable[[str], None] = lambda name: None

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name == "get_paginator":
            return found

        def call(**arguments: Any) -> Any:
            self.before(name)
            self.made.append(name)
            return found(**arguments)

        return call


class Driver:
    """Restores of the sample, whose calls of DynamoDB are watched."""

    def __init__(self, shop: Shop, folder: Path) -> None:
        self.shop, self.folder = shop, folder
        self.said: list[str] = []
        self.client = Watched(shop.client)

    def restores(self) -> Restores:
        """Return them as a new process would have them."""

        def clients(service: str) -> Any:
            return self.client if service == "dynamodb" else self.shop.clients(service)

        return Restores(clients, self.folder, self.said.append, pause=0)

    def plan(self, moment: datetime, suffix: str = "") -> Plan:
        origin = at_time(Sight(self.shop.clients, NAME), moment)
        return self.restores().plan(self.shop.expected, origin, suffix)


@pytest.fixture
def driver(shop: Shop, tmp_path: Path) -> Driver:
    return Driver(shop, tmp_path / "restores")


def a_second_passes() -> datetime:
    """Return a moment to which nothing more is written, once it is over."""
    moment = int(time.time()) + 1
    while time.time() < moment:
        time.sleep(0.02)
    return datetime.fromtimestamp(moment, UTC)


MUTATING = frozenset(
    {
        "restore_table_to_point_in_time",
        "restore_table_from_backup",
        "update_table",
        "update_time_to_live",
        "update_continuous_backups",
        "update_contributor_insights",
        "tag_resource",
        "put_resource_policy",
    }
)


@pytest.mark.requirement("K-67")
def test_a_table_is_restored_to_the_second_with_all_that_is_declared(
    shop: Shop, driver: Driver
) -> None:
    shop.put(*range(10))
    moment = a_second_passes()
    shop.put(3, 4, total=999)  # a wrong update
    for number in range(5, 10):  # a deletion of half of them
        shop.client.delete_item(
            TableName=NAME, Key={"customer": {"S": "ann"}, "number": {"N": str(number)}}
        )
    plan = driver.plan(moment)
    assert plan.target == f"{NAME}-r{moment:%Y%m%dT%H%M%SZ}"
    found = driver.restores().restore(plan)
    assert (found.drifts, found.unverified) == ((), ())
    assert shop.totals(plan.target) == dict.fromkeys(range(10), 1)
    assert shop.totals(NAME) == {0: 1, 1: 1, 2: 1, 3: 999, 4: 999}
    table = shop.client.describe_table(TableName=plan.target)["Table"]
    assert table["DeletionProtectionEnabled"] is True
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert [i["IndexName"] for i in table["GlobalSecondaryIndexes"]] == [
        index.name for index in OWNED.table.indexes
    ]
    for index in (None, "ByDay", "ByState", "ByPlace"):
        assert Sight(shop.clients, plan.target).insights(index) == "THROTTLED_KEYS"
    assert f"{plan.target}: creating" in driver.said


def scaling(least: int, most: int) -> dict[str, Any]:
    return {
        "MinCapacity": least,
        "MaxCapacity": most,
        "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70},
    }


def with_scaling_and_policy(found: Expected) -> Expected:
    """Return the table as if its template had auto scaling and a resource policy too."""
    properties = copy.deepcopy(dict(found.properties))
    (replica,) = properties["Replicas"]
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "dynamodb:DeleteTable",
        "Resource": f"arn:aws:dynamodb:{found.region}:123456789012:table/{found.name}",
    }
    replica["ResourcePolicy"] = {
        "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}
    }
    for write, read in (
        (properties, replica),
        *zip(properties["GlobalSecondaryIndexes"], replica["GlobalSecondaryIndexes"], strict=True),
    ):
        write["WriteProvisionedThroughputSettings"] = {
            "WriteCapacityAutoScalingSettings": scaling(3, 400)
        }
        read["ReadProvisionedThroughputSettings"] = {
            "ReadCapacityAutoScalingSettings": scaling(2, 50)
        }
    return replace(found, properties=properties)


@pytest.mark.requirement("K-67")
def test_auto_scaling_and_the_resource_policy_are_put_on_the_restored_table(
    shop: Shop, driver: Driver
) -> None:
    """A restore keeps neither: each belongs to the name of a table."""
    shop.put(1)
    declared = with_scaling_and_policy(shop.expected)
    origin = at_time(Sight(shop.clients, NAME), a_second_passes())
    plan = driver.restores().plan(declared, origin, "")
    found = driver.restores().restore(plan)
    assert (found.drifts, found.unverified) == ((), ())

    sight = Sight(shop.clients, plan.target)
    assert sight.policy is not None
    (statement,) = json.loads(sight.policy)["Statement"]
    assert statement["Resource"].endswith(f":table/{plan.target}")
    table = f"table/{plan.target}"
    for kind, resource in (
        ("table", table),
        *(("index", f"{table}/index/{index.name}") for index in OWNED.table.indexes),
    ):
        assert sight.scaling(resource) == {
            f"dynamodb:{kind}:ReadCapacityUnits": (2, 50, 70.0),
            f"dynamodb:{kind}:WriteCapacityUnits": (3, 400, 70.0),
        }


def test_a_kinesis_data_stream_is_asked_for_as_dynamodb_takes_it(shop: Shop) -> None:
    """Hold the request against the model of the API: no emulator here keeps such a destination."""
    arn = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
    properties = copy.deepcopy(dict(shop.expected.properties))
    properties["Replicas"][0]["KinesisStreamSpecification"] = {"StreamArn": arn}
    declared = replace(shop.expected, properties=properties)
    (aspect,) = (each for each in ASPECTS if each.name == "Kinesis data stream")
    client = boto3.client("dynamodb", region_name="us-east-1")
    for status, drifted in (("DISABLED", True), ("ACTIVE", False)):
        with Stubber(client) as stubber:
            destination = {"StreamArn": arn, "DestinationStatus": status}
            answer = {"TableName": NAME, "KinesisDataStreamDestinations": [destination]}
            stubber.add_response(
                "describe_kinesis_streaming_destination", answer, {"TableName": NAME}
            )
            sight = Sight(lambda _: client, NAME)
            drifts = {each.path: each for each in aspect.drifts(declared, sight)}
            assert bool(drifts) is drifted
            for repair in aspect.repairs(declared, sight, drifts):
                asked = {"TableName": NAME, "StreamArn": arn}
                assert repair.arguments == asked
                stubber.add_response(repair.operation, {}, asked)
                getattr(client, repair.operation)(**repair.arguments)
            stubber.assert_no_pending_responses()


@pytest.mark.requirement("K-67")
def test_what_a_bad_deployment_took_from_the_source_is_put_back_too(
    shop: Shop, driver: Driver
) -> None:
    """DynamoDB restores the indexes that the source has now, and not those of the time."""
    shop.put(1)
    moment = a_second_passes()
    shop.client.update_table(
        TableName=NAME, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "ByPlace"}}]
    )
    plan = driver.plan(moment)
    assert driver.restores().restore(plan).drifts == ()
    assert "index ByPlace" in driver.said


@pytest.mark.requirement("K-67")
def test_a_restore_that_is_stopped_before_any_call_goes_on(shop: Shop, driver: Driver) -> None:
    """Stopped before each call that changes something, once after the other."""
    shop.put(1)
    moment = a_second_passes()
    stops = itertools.count()

    class Stopped(BaseException):
        """A kill."""

    for stop in stops:
        seen = itertools.count()

        def before(name: str, stop: int = stop, seen: Any = seen) -> None:
            if name in MUTATING and next(seen) == 1 and stop < 20:
                raise Stopped

        driver.client.before = before
        try:
            found = driver.restores().restore(driver.plan(moment))
        except Stopped:
            continue
        break
    assert next(stops) > 5  # as many pieces as there are calls
    assert found.drifts == ()
    changing = [name for name in driver.client.made if name in MUTATING]
    assert changing.count("restore_table_to_point_in_time") == 1
    assert changing.count("update_time_to_live") == 1
    assert changing.count("update_contributor_insights") == 4
    driver.client.made.clear()
    again = driver.restores().restore(driver.plan(moment))
    assert again.drifts == ()
    assert not MUTATING & {*driver.client.made}


@pytest.mark.requirement("K-67")
def test_a_dry_run_says_what_the_template_has_and_changes_nothing(
    shop: Shop, driver: Driver
) -> None:
    moment = a_second_passes()
    steps = driver.restores().steps(driver.plan(moment))
    assert steps[0].endswith(f"is made: {NAME} as of {moment.isoformat()}")
    assert "then as declared: ttl: ttl" in steps
    assert "then as declared: indexes.ByDay.insights: THROTTLED_KEYS" in steps
    assert not MUTATING & {*driver.client.made}


@pytest.mark.requirement("K-67")
def test_a_step_without_effect_is_found_out(
    shop: Shop, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = a_second_passes()
    plan = driver.plan(moment)
    monkeypatch.setattr(shop.client, "update_time_to_live", lambda **_: None)
    found = driver.restores().restore(plan)
    assert [(drift.path, drift.declared) for drift in found.drifts] == [("ttl", "ttl")]


@pytest.mark.requirement("K-67")
def test_what_dynamodb_is_not_ready_for_is_tried_again_and_other_refusals_are_told(
    shop: Shop, driver: Driver
) -> None:
    moment = a_second_passes()
    left = [2]

    def not_yet(name: str) -> None:
        if name == "update_continuous_backups" and left[0]:
            left[0] -= 1
            code = "ContinuousBackupsUnavailableException"
            raise ClientError({"Error": {"Code": code, "Message": "wait"}}, "Update")
        if name == "tag_resource":
            error = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
            raise ClientError(error, "TagResource")

    driver.client.before = not_yet
    with pytest.raises(KeylineError, match=r"tags: .*AccessDenied"):
        driver.restores().restore(driver.plan(moment))
    driver.client.before = lambda name: not_yet(name) if name != "tag_resource" else None
    assert driver.restores().restore(driver.plan(moment)).drifts == ()
    assert left == [0]


@pytest.mark.requirement("K-67")
def test_what_cannot_be_restored_is_refused_with_the_way_out(shop: Shop, driver: Driver) -> None:
    moment = a_second_passes()
    earlier = moment - timedelta(days=9)
    with pytest.raises(KeylineError, match="can be restored to") as raised:
        driver.plan(earlier)
    assert raised.value.path == f"--to {earlier.isoformat()}"
    plan = driver.plan(moment)
    shop.client.create_table(
        TableName=plan.target,
        KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "a", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    with pytest.raises(KeylineError, match="is there already, and not from this") as raised:
        driver.plan(moment)
    assert raised.value.suggestion.endswith("--suffix 2.")
    assert driver.plan(moment, "2").target == f"{plan.target}-2"
    off = {"PointInTimeRecoveryEnabled": False}
    shop.client.update_continuous_backups(TableName=NAME, PointInTimeRecoverySpecification=off)
    with pytest.raises(KeylineError, match="has no point-in-time recovery"):
        driver.plan(moment)
    shop.client.update_table(TableName=NAME, DeletionProtectionEnabled=False)
    shop.client.delete_table(TableName=NAME)
    with pytest.raises(KeylineError, match="is not deployed") as raised:
        driver.plan(moment)
    assert "--from-backup" in raised.value.suggestion


@pytest.mark.requirement("K-67")
def test_a_time_needs_a_zone_and_is_in_the_past() -> None:
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    read = moment_of("2026-01-31T10:00:00.7+02:00", now=now)
    assert read == datetime(2026, 1, 31, 8, tzinfo=UTC)
    with pytest.raises(KeylineError, match="has no time zone") as raised:
        moment_of("2025-09-30T10:00:00", now=now)
    assert "2025-09-30T10:00:00Z is UTC" in raised.value.suggestion
    with pytest.raises(KeylineError, match="has no time zone") as raised:
        moment_of("2025-09-30", now=now)
    assert "2025-09-30T00:00:00Z is UTC" in raised.value.suggestion
    with pytest.raises(KeylineError, match="is not a time"):
        moment_of("yesterday", now=now)
    with pytest.raises(KeylineError, match="is in the future: it is 2026-01-31T12:00") as raised:
        moment_of("2026-01-31T12:00:01Z", now=now)
    assert raised.value.suggestion == "Name an earlier time."


@given(st.text(max_size=40))
def test_any_text_is_a_time_in_the_past_or_refused(text: str) -> None:
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    try:
        assert moment_of(text, now=now) <= now
    except KeylineError as error:
        assert error.path.startswith("--to") and error.suggestion


@pytest.mark.requirement("K-67", "T-76")
def test_a_backup_is_restored_as_a_time_is(shop: Shop, driver: Driver) -> None:
    shop.put(1, 2)
    backups = Backups(shop.where, shop.client, lambda _: None, pause=0)
    (saved,) = backups.save(backups.found([OWNED]))
    shop.put(1, 2, total=999)
    assert backups.listed([OWNED]) == [saved]
    with pytest.raises(KeylineError, match="is not a backup of this table"):
        named("other", backups.listed([OWNED]))
    origin: Origin = of_backup(named(saved.name, backups.listed([OWNED])))
    restores = driver.restores()
    plan = restores.plan(shop.expected, origin)
    assert restores.restore(plan).drifts == ()
    assert shop.totals(plan.target) == {1: 1, 2: 1}
    assert restores.plan(shop.expected, origin).resumes
    # once it serves, what it holds is not the backup any more
    with pytest.raises(KeylineError, match="serves now") as raised:
        restores.plan(shop.expected.under(plan.target), origin)
    assert raised.value.suggestion.endswith("--suffix 2.")


@pytest.mark.parametrize(
    ("policy", "end"),
    [("destroy", "It is deleted then, with its data."), ("retain", "It is kept.")],
)
def test_what_becomes_of_the_old_table_is_what_its_environment_does(policy: str, end: str) -> None:
    tables = msgspec.structs.replace(ENVIRONMENT.tables, removal_policy=policy)
    where = Deployed(msgspec.structs.replace(ENVIRONMENT, tables=tables))
    assert take_over(where, OWNED, f"{NAME}-r20260131T100000Z")[-1].why.endswith(end)


def test_what_is_left_to_do_is_exact(shop: Shop) -> None:
    target = f"{NAME}-r20260131T100000Z"
    steps = take_over(shop.where, OWNED, target)
    id = "CustomerOrdersR20260131T100000Z"
    assert [step.command for step in steps] == [
        "cdk import OrdersDataDev -c env=dev --resource-mapping-inline"
        f""" '{{"{id}": {{"TableName": "{target}"}}}}'""",
        "cdk deploy OrdersDataDev OrdersServiceDev -c env=dev",
        "keyline verify orders --environment dev",
        "",
    ]
    assert [step.lines for step in steps if step.lines] == [
        ("[tables.names.orders]", f'"CustomerOrders" = ["{NAME}", "{target}"]'),
        ("[tables.names.orders]", f'"CustomerOrders" = ["{target}", "{NAME}"]'),
        ("[tables.names.orders]", f'"CustomerOrders" = ["{target}"]'),
    ]


@pytest.mark.requirement("X-17")
def test_the_command_tells_steps_and_what_is_left(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("keyline_ops.commands.recovery.systems", lambda: (LARGE,))
    monkeypatch.setattr("keyline_ops.commands.recovery._where", lambda *_: shop.where)
    monkeypatch.setattr("keyline_ops.commands.recovery._templates", lambda *_: shop.templates)
    monkeypatch.setattr(Deployed, "clients", lambda self, service: shop.clients(service))
    shop.put(1)
    moment = a_second_passes()
    words = ["restore", "orders", "CustomerOrders", "--environment", "dev", "--to"]
    asked = [*words, moment.isoformat(), "--state", str(tmp_path / "local")]
    run = CliRunner().invoke(app, [*asked, "--dry-run", "--json"])
    told = json.loads(run.stdout)
    assert (run.exit_code, told["done"], told["compared"]) == (0, False, None)
    assert told["target"] not in shop.client.list_tables()["TableNames"]
    run = CliRunner().invoke(app, asked)
    assert run.exit_code == 0, run.output
    assert "1. Take the restored table into the stack." in run.output
    assert told["next"][0]["command"] in run.output
    for wrong, said in (
        (words[:3], "needs a time or a backup"),
        (["restore", "orders", "--environment", "dev"], "needs a system and a table"),
        (["restore", "orders", "CustomerOrder", *asked[3:]], "is not a table of orders"),
        ([*words, "2026-01-31T10:00"], "has no time zone"),
        ([*words, "2999-01-31T10:00Z"], "is in the future"),
    ):
        run = CliRunner().invoke(app, wrong if "--environment" in wrong else [*wrong, *asked[3:5]])
        assert said in str(run.exception), wrong


def test_each_aspect_that_can_be_repaired_is_in_the_order_of_what_depends_on_it() -> None:
    names = [aspect.name for aspect in ASPECTS]
    assert names[0] == "deletion protection"
    assert names.index("indexes") < names.index("contributor insights")
