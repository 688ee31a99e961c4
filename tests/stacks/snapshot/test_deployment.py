"""Test that stacks hold what their declaration says, also at the edge of what it takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import msgspec
import pytest
from msgspec.structs import replace

from keyline.model import (
    KEYS_ONLY,
    LONGEST_ENVIRONMENT,
    Function,
    Get,
    Index,
    Key,
    Query,
    Route,
    System,
    Table,
    deployment,
)
from keyline_deploy.environment import Environment
from keyline_deploy.names import (
    alarm_topic_name,
    budget_name,
    failure_queue_name,
    stack_id,
    stack_name,
)
from stacks.application import build
from tests.support.sample.books import SMALL
from tests.support.sample.shop import LARGE, MOVING
from tests.support.templates import DEFAULTS, KEY_ARN, new_app, no_bundle, resources

EVERYTHING = msgspec.structs.replace(
    DEFAULTS,
    name=LONGEST_ENVIRONMENT,
    account="222222222222",
    tables=msgspec.structs.replace(DEFAULTS.tables, encryption=KEY_ARN.replace("central", "west")),
    user_pools={"orders": "eu-west-1_AbCdEfGhI"},
    functions=msgspec.structs.replace(DEFAULTS.functions, spans=True),
)
"""An environment that adds to the stacks what an environment can, with the longest name."""


def built(environment: Environment, systems: list[System], out: Path) -> cdk.App:
    app = new_app(out, checks=True)
    build(app, environment, systems, no_bundle(out / "bundles"))
    return app


def template_of(app: cdk.App, system: System, part: str, environment: str) -> dict[str, Any]:
    name = stack_name(system.name, part, environment)
    found: dict[str, Any] = app.synth().get_stack_by_name(name).template
    return found


def children(app: cdk.App, system: System, part: str) -> set[str]:
    stack = app.node.find_child(stack_id(stack_name(system.name, part, LONGEST_ENVIRONMENT)))
    return {child.node.id for child in stack.node.children}


WEEKLY = replace(
    LARGE,
    functions=tuple(
        replace(function, schedule="cron(0 3 ? * SUN *)") if function.schedule else function
        for function in LARGE.functions
    ),
)
"""The shop with a schedule whose silence no alarm can tell."""


@pytest.mark.parametrize("large", [LARGE, MOVING, WEEKLY], ids=["still", "moving", "weekly"])
def test_ids_resources_and_sizes_are_those_of_the_stacks(large: System, out: Path) -> None:
    app = built(EVERYTHING, [large, SMALL], out)
    for system in (large, SMALL):
        data = template_of(app, system, "data", LONGEST_ENVIRONMENT)
        service = template_of(app, system, "service", LONGEST_ENVIRONMENT)
        assert len(data["Resources"]) == deployment.data_resources(system)
        assert len(service["Resources"]) == deployment.service_resources(system)
        own = {id for table in system.tables for id in deployment.table_ids(table)}
        assert own <= children(app, system, "data") <= own | {*deployment.DATA_IDS}
        own = {id for function in system.functions for id in deployment.function_ids(function)}
        given = {*deployment.service_ids(system)}
        assert own <= children(app, system, "service") <= own | given
        moves = {*deployment.MIGRATION_IDS} if system.migration else set()
        assert children(app, system, "service") & {*deployment.MIGRATION_IDS} == moves
        (dashboard,) = resources(service, "AWS::CloudWatch::Dashboard").values()
        widgets = json.loads(_plain(dashboard["DashboardBody"]))["widgets"]
        assert len(widgets) == deployment.dashboard_widgets(system) - (0 if system.scopes else 2)
        for function in system.functions:
            _check_sizes(service, system, function)


def _check_sizes(service: dict[str, Any], system: System, function: Function) -> None:
    """Return what is worked out is as much as is deployed, and not much more."""
    (role,) = (
        properties
        for properties in resources(service, "AWS::IAM::Role").values()
        if f"-{function.name}-" in properties["Description"]
    )
    (policy,) = role["Policies"]
    size = len(_plain(policy["PolicyDocument"]))
    assert size <= deployment.role_policy_size(system, function) <= size + 350
    (deployed,) = (
        properties
        for properties in resources(service, "AWS::Lambda::Function").values()
        if f"-{function.name}-" in properties["FunctionName"]
    )
    variables = dict(deployed["Environment"]["Variables"])
    if "KEYLINE_CURSOR_SECRET" in variables:
        variables["KEYLINE_CURSOR_SECRET"] = "s" * 64
    size = len(json.dumps(variables, separators=(",", ":")))
    assert size <= deployment.variables_size(system, function, system.settings()) <= size + 40


def _plain(value: Any) -> str:
    """Return JSON without spaces, with what a deployment fills in as long as it gets."""
    match value:
        case {"Ref": "AWS::Partition"}:
            return "aws-us-gov"
        case {"Ref": str()}:
            return LONGEST_ENVIRONMENT * 4
        case {"Fn::GetAtt": _} | {"Fn::ImportValue": _}:
            return "arn:aws-us-gov:dynamodb:ap-southeast-1:123456789012:" + "x" * 60
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_plain(part) for part in parts)
        case dict():
            return "{" + ",".join(f'"{key}":{_quoted(each)}' for key, each in value.items()) + "}"
        case list():
            return "[" + ",".join(_quoted(each) for each in value) + "]"
    return str(value)


def _quoted(value: Any) -> str:
    plain = _plain(value)
    intrinsic = isinstance(value, dict) and ("Ref" in value or next(iter(value)).startswith("Fn::"))
    return json.dumps(plain) if isinstance(value, str) or intrinsic else plain


class Thing(msgspec.Struct):
    id: str
    kind: str


def test_the_longest_and_strangest_names_synthesize(out: Path) -> None:
    table = Table(
        "T-9_x." + "t" * 232,
        "Key design: by id.",
        key=Key("id"),
        entities=[Thing],
        indexes=[
            Index(name="9.." + "i" * 252, key=Key("kind"), why="Test.", projection=KEYS_ONLY),
            Index(name="_a-", key=Key("kind", "id"), why="Test.", projection=KEYS_ONLY),
        ],
    )
    told: dict[str, Any] = {"table": table, "why": "Reads.", "item_bytes": 9, "per_month": 1}
    patterns = (
        Get(name="get", shape=Thing, **told),
        Query(name="by-kind", shape=Thing, index=table.indexes[0].name, **told),
        Query(name="by-kind-and-id", shape=Thing, index=table.indexes[1].name, **told),
    )
    paths = ("/", "/a-b/{c}", "/~/{x_y}/" + "z" * 200)
    function = Function(
        name="f" * (64 - len("my_orders--") - len(LONGEST_ENVIRONMENT)),
        handler="my_orders." + "h" * 118,
        why="w" * 256,
        patterns=patterns,
        routes=tuple(Route("GET", path, "s" * 64) for path in paths),
        schedule="rate(1 day)",
    )
    system = System(name="my_orders", title="t" * 1024, tables=(table,), functions=(function,))
    app = built(msgspec.structs.replace(DEFAULTS, name=LONGEST_ENVIRONMENT), [system], out)
    service = template_of(app, system, "service", LONGEST_ENVIRONMENT)
    (deployed,) = resources(service, "AWS::Lambda::Function").values()
    assert len(deployed["FunctionName"]) == 64
    assert {s.stack_name for s in app.synth().stacks} == {
        f"account-{LONGEST_ENVIRONMENT}",
        f"my-orders-data-{LONGEST_ENVIRONMENT}",
        f"my-orders-service-{LONGEST_ENVIRONMENT}",
    }


def test_a_stack_full_of_tables_synthesizes(out: Path) -> None:
    tables = [
        Table(f"Things{n}", "Key design: by id.", key=Key("id"), entities=[Thing])
        for n in range(70)
    ]
    told: dict[str, Any] = {"shape": Thing, "why": "Reads.", "item_bytes": 9, "per_month": 1}
    functions = tuple(
        Function(
            name=f"read-{chr(ord('a') + first // 20)}",
            handler="things.read.handler",
            why="Reads.",
            patterns=tuple(
                Get(name=f"get-{t.name.lower()}", table=t, **told) for t in tables[first:][:20]
            ),
        )
        for first in range(0, len(tables), 20)
    )
    system = System(name="things", title="Things", tables=tuple(tables), functions=functions)
    app = built(DEFAULTS, [system], out)
    data = template_of(app, system, "data", DEFAULTS.name)
    assert len(data["Resources"]) == deployment.data_resources(system) == 496


@pytest.mark.parametrize(
    ("name", "longest"),
    [
        (alarm_topic_name(LONGEST_ENVIRONMENT), 256),
        (budget_name(LONGEST_ENVIRONMENT), 100),
        (failure_queue_name("s" * 20, "f" * 26, LONGEST_ENVIRONMENT), 80),
    ],
)
def test_a_name_that_no_declaration_lengthens_is_short_enough(name: str, longest: int) -> None:
    assert len(name) <= longest
