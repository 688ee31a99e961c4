"""Provisioned capacity that scales: of tables and indexes, with alarms, judged by the plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from keyline.model import Table
from keyline_deploy.environment import Capacity, Most, Tables
from keyline_ops.plan.evaluate import Stack
from keyline_ops.plan.judge import judge
from tests.support.sample.shop import LARGE
from tests.support.templates import FULL, Template, resources, synthesize

NAME = f"{LARGE.name}-data-full"
CAPACITY = Capacity(
    tables=(LARGE.tables[0].name,),
    utilization_percent=60,
    min_read=2,
    max_read=5,
    min_write=3,
    max_write=400,
)
MOST = {table.name: Most(read=90, write=70) for table in LARGE.tables[:2]}
ON_DEMAND = msgspec.structs.replace(FULL, tables=msgspec.structs.replace(FULL.tables, most=MOST))
PROVISIONED = msgspec.structs.replace(
    ON_DEMAND,
    tables=msgspec.structs.replace(ON_DEMAND.tables, billing="provisioned"),
    capacity=CAPACITY,
)


def scaling(low: int, high: int) -> dict[str, Any]:
    target = {"TargetValue": 60}
    return {
        "MinCapacity": low,
        "MaxCapacity": high,
        "TargetTrackingScalingPolicyConfiguration": target,
    }


WRITES = {"WriteCapacityAutoScalingSettings": scaling(3, 400)}
READS = {"ReadCapacityAutoScalingSettings": scaling(2, 5)}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Template, Template]:
    """The data stack on demand, and with provisioned capacity; all checks passed."""

    def data(environment: Any, folder: Path) -> Template:
        return synthesize(environment, [LARGE], folder)[NAME].template

    folder = tmp_path_factory.mktemp("provisioned")
    return data(ON_DEMAND, folder / "on-demand"), data(PROVISIONED, folder / "provisioned")


def properties(template: Template, table: Table) -> dict[str, Any]:
    tables = resources(template, "AWS::DynamoDB::GlobalTable").values()
    return next(each for each in tables if each["TableName"] == table.physical_name("full"))


@pytest.mark.requirement("B-75")
def test_a_table_and_each_of_its_indexes_scale_by_the_limits_of_the_environment(
    made: tuple[Template, Template],
) -> None:
    chosen, *others = LARGE.tables
    assert chosen.indexes
    found = properties(made[1], chosen)
    assert found["BillingMode"] == "PROVISIONED"
    assert found["WriteProvisionedThroughputSettings"] == WRITES
    (replica,) = found["Replicas"]
    assert replica["ReadProvisionedThroughputSettings"] == READS
    for indexes, name, wanted in (
        (found["GlobalSecondaryIndexes"], "WriteProvisionedThroughputSettings", WRITES),
        (replica["GlobalSecondaryIndexes"], "ReadProvisionedThroughputSettings", READS),
    ):
        assert {each["IndexName"] for each in indexes} == {index.name for index in chosen.indexes}
        assert all(each[name] == wanted for each in indexes)
    for table in others:
        assert properties(made[1], table)["BillingMode"] == "PAY_PER_REQUEST"


def test_nothing_is_provisioned_unless_it_is_asked_for(made: tuple[Template, Template]) -> None:
    assert Tables().billing == "on-demand"
    for table in LARGE.tables:
        assert "ProvisionedThroughput" not in str(properties(made[0], table))


def test_the_most_of_requests_is_left_out_where_capacity_is_provisioned(
    made: tuple[Template, Template],
) -> None:
    chosen, other, *rest = LARGE.tables
    for template, limited in ((made[0], {chosen, other}), (made[1], {other})):
        for table in LARGE.tables:
            found = str(properties(template, table))
            assert found.count("'MaxWriteRequestUnits': 70") == _places(table) * (table in limited)
            assert found.count("'MaxReadRequestUnits': 90") == _places(table) * (table in limited)
            assert ("OnDemandThroughputSettings" in found) == (table in limited)
    assert rest


def _places(table: Table) -> int:
    return 1 + len(table.indexes)


@pytest.mark.requirement("B-23")
def test_an_alarm_goes_off_before_the_capacity_ends_that_it_may_scale_to(
    made: tuple[Template, Template],
) -> None:
    chosen, other = LARGE.tables[0], LARGE.tables[1]

    def thresholds(template: Template, table: Table) -> set[tuple[str, float]]:
        name = table.physical_name("full")
        found = set()
        for alarm in resources(template, "AWS::CloudWatch::Alarm").values():
            for kind in ("Read", "Write"):
                said = f"{kind.lower()} units of table {name} were"
                if said in alarm["AlarmDescription"]:
                    found.add((kind, alarm["Threshold"]))
        return found

    assert thresholds(made[0], chosen) == {("Read", 1_000), ("Write", 500)}
    # 80 % of 5 units for a minute; 80 % of 400 are more than the environment wants to hear of
    assert thresholds(made[1], chosen) == {("Read", 240), ("Write", 500)}
    assert thresholds(made[1], other) == {("Read", 1_000), ("Write", 500)}


def test_the_plan_judges_the_switch_in_both_directions(made: tuple[Template, Template]) -> None:
    before, after = ([Stack(NAME, template)] for template in made)
    for plan in (judge(before, after), judge(after, before)):
        assert plan.verdict.word == "harmless"
        assert "BillingMode" in str(plan.tables)
    broken = [Stack(NAME, _without_limits(made[1]))]
    assert judge(before, broken).verdict.word == "refused"


def _without_limits(template: Template) -> Template:
    copy: Template = msgspec.json.decode(msgspec.json.encode(template))
    del properties(copy, LARGE.tables[0])["WriteProvisionedThroughputSettings"]
    return copy
