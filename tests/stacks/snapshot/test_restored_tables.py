"""A table that was restored: in the stack beside the old one, then serving, then alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from keyline_deploy.environment import Environment
from stacks.application import build
from tests.support.sample.orders import MARKS, ORDERS
from tests.support.sample.shop import LARGE
from tests.support.templates import FULL, Template, new_app, no_bundle, resources

OWN = ORDERS.physical_name(FULL.name)
RESTORED = f"{OWN}-r20260131T100000Z"
ID = "CustomerOrdersR20260131T100000Z"
GLOBAL = "AWS::DynamoDB::GlobalTable"


def serving(*names: str) -> Environment:
    """Return the environment with the names of the table of orders."""
    tables = msgspec.structs.replace(FULL.tables, names={LARGE.name: {ORDERS.name: names}})
    return msgspec.structs.replace(FULL, tables=tables, user_pools={})


@dataclass(frozen=True)
class Stacks:
    """The two templates of the sample."""

    data: Template
    service: Template

    def tables(self) -> dict[str, str]:
        """Return the deployed tables of orders by logical id."""
        found = resources(self.data, GLOBAL).items()
        return {id: table["TableName"] for id, table in found if OWN in table["TableName"]}


@pytest.fixture(scope="module")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Stacks]:
    made: dict[tuple[str, ...], Stacks] = {}

    def synthesize(*names: str) -> Stacks:
        if names not in made:
            folder = tmp_path_factory.mktemp("restored")
            app = new_app(folder, checks=False)
            build(app, serving(*names), [LARGE], no_bundle(folder))
            found = {stack.stack_name: stack.template for stack in app.synth().stacks}
            made[names] = Stacks(found["orders-data-full"], found["orders-service-full"])
        return made[names]

    return synthesize


@pytest.mark.requirement("K-67")
def test_a_table_is_imported_without_a_change_of_anything_else(
    synthesized: Callable[..., Stacks],
) -> None:
    """CloudFormation takes no other change together with an import."""
    before, after = synthesized(OWN), synthesized(OWN, RESTORED)
    came = after.data["Resources"].keys() - before.data["Resources"].keys()
    assert came == {ID}
    assert {k: after.data["Resources"][k] for k in before.data["Resources"]} == before.data[
        "Resources"
    ]
    assert after.service == before.service
    made = after.data["Resources"][ID]
    (own,) = (t for t in resources(before.data, GLOBAL).values() if t["TableName"] == OWN)
    assert made["Properties"] == {**own, "TableName": RESTORED}
    assert made["DeletionPolicy"] == "RetainExceptOnCreate"


@pytest.mark.requirement("K-67")
def test_all_that_names_the_table_names_the_one_that_serves(
    synthesized: Callable[..., Stacks],
) -> None:
    """Functions, roles, alarms, dashboard and consumers: nothing is left with the old one."""
    before, after = synthesized(OWN, RESTORED), synthesized(RESTORED, OWN)
    assert after.tables() == before.tables()
    service = json.dumps(after.service)
    assert service.count(RESTORED) >= json.dumps(before.service).count(OWN)
    assert f"{OWN}\\" not in service.replace(RESTORED, "")
    assert OWN not in service.replace(RESTORED, "")
    alarms = json.dumps(resources(after.data, "AWS::CloudWatch::Alarm"))
    assert OWN not in alarms.replace(RESTORED, "")
    for function in resources(after.service, "AWS::Lambda::Function").values():
        variables = function["Environment"]["Variables"]
        assert json.loads(variables["KEYLINE_TABLES"]) == {ORDERS.name: RESTORED}
    (mapping,) = resources(after.service, "AWS::Lambda::EventSourceMapping").values()
    assert ID in mapping["EventSourceArn"]["Fn::ImportValue"]


@pytest.mark.requirement("K-67")
def test_the_export_that_readers_still_use_stays_while_they_move(
    synthesized: Callable[..., Stacks],
) -> None:
    """CloudFormation refuses to remove an export that another stack imports."""
    before, both = synthesized(OWN, RESTORED), synthesized(RESTORED, OWN)
    assert before.data["Outputs"].keys() == both.data["Outputs"].keys()
    assert len(both.data["Outputs"]) == 2


@pytest.mark.requirement("K-67")
def test_the_old_table_leaves_the_stack_and_is_kept(synthesized: Callable[..., Stacks]) -> None:
    both, alone = synthesized(RESTORED, OWN), synthesized(RESTORED)
    gone = both.data["Resources"].keys() - alone.data["Resources"].keys()
    (policy,) = [both.data["Resources"][id]["DeletionPolicy"] for id in gone]
    assert policy == "RetainExceptOnCreate"
    assert alone.tables() == {ID: RESTORED}
    assert alone.service == both.service


def test_a_table_without_an_entry_has_its_declared_name(
    synthesized: Callable[..., Stacks], tmp_path: Path
) -> None:
    app = new_app(tmp_path, checks=False)
    build(app, msgspec.structs.replace(FULL, user_pools={}), [LARGE], no_bundle(tmp_path))
    found: dict[str, Any] = {stack.stack_name: stack.template for stack in app.synth().stacks}
    assert found["orders-data-full"] == synthesized(OWN).data
    assert MARKS.physical_name(FULL.name) in json.dumps(found["orders-data-full"])
