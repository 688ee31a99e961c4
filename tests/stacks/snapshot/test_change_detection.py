"""Test what breaks a snapshot and what does not: a key does, a handler does not."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from keyline.model import Function, Index, Key, Query, System, include
from keyline_deploy.bundling import Bundle
from keyline_deploy.environment import load
from keyline_deploy.project import ROOT
from keyline_deploy.systems import systems
from tests.support.sample.orders import ORDERS, OrderSettings
from tests.support.templates import FULL, Template, normalised, resources, synthesize


def _templates(system: System, out: Path) -> dict[str, Template]:
    stacks = synthesize(FULL, [system], out)
    return {name: normalised(stack.template) for name, stack in stacks.items()}


def _changed(one: dict[str, Template], other: dict[str, Template]) -> set[str]:
    return {name for name in one | other if one.get(name) != other.get(name)}


class Expiry(msgspec.Struct):
    """The shape that every index of the sample carries."""

    ttl: int | None = None


def _system(**changes: Any) -> System:
    """Return a system with the sample table, declared otherwise, and a query of each index."""
    table = msgspec.structs.replace(ORDERS, **changes)
    queries = tuple(
        Query(
            name=f"query-{number}",
            why="Uses the index.",
            table=table,
            shape=Expiry,
            index=index.name,
            item_bytes=100,
            per_month=1,
        )
        for number, index in enumerate(table.indexes)
    )
    reader = Function(name="read", handler="orders.read", why="Reads.", patterns=queries)
    return System(
        name="orders",
        title="Orders",
        tables=(table,),
        functions=(reader,),
        settings=OrderSettings,
    )


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    return _templates(_system(), tmp_path_factory.mktemp("unchanged"))


@pytest.mark.requirement("X-08")
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"key": Key("customer", "placedAt")}, id="sort key"),
        pytest.param({"key": Key("day", "number")}, id="partition key"),
        pytest.param({"ttl": None}, id="ttl"),
        pytest.param({"stream": None}, id="stream"),
        pytest.param(
            {
                "indexes": [
                    Index(name="ByDay", key=Key("day", "number"), why="Other sort key."),
                    *ORDERS.indexes[1:],
                ]
            },
            id="index key",
        ),
        pytest.param(
            {
                "indexes": [
                    Index(
                        name="ByDay",
                        key=Key("day", "placedAt"),
                        why="Carries less.",
                        projection=include("total", "ttl"),
                    ),
                    *ORDERS.indexes[1:],
                ]
            },
            id="projection",
        ),
    ],
)
def test_a_changed_table_changes_the_template(
    changes: dict[str, Any], unchanged: dict[str, Template], out: Path
) -> None:
    assert _changed(unchanged, _templates(_system(**changes), out)) == {"orders-data-full"}


@pytest.mark.requirement("X-08")
def test_the_same_declaration_gives_the_same_template(
    unchanged: dict[str, Template], out: Path
) -> None:
    assert _changed(unchanged, _templates(_system(), out)) == set()


@pytest.mark.requirement("X-08")
def test_an_edited_handler_changes_the_asset_and_no_snapshot(out: Path) -> None:
    # Given the systems' sources, bundled from a copy
    sources = out / "lambda_src"
    for system in systems():
        shutil.copytree(ROOT / "lambda_src" / system.name, sources / system.name)

    def bundler(system: System, function: Function) -> Bundle:
        return Bundle(
            sources / system.name,
            digest=_digest(sources / system.name),
            sources=(ROOT / "lambda_src" / "keyline", ROOT / "lambda_src" / system.name),
        )

    before = synthesize(load("dev"), systems(), out / "before", bundler=bundler)

    # When a handler is edited
    edited = systems()[0]
    module = edited.functions[0].handler.rpartition(".")[0]
    handler = sources / f"{module.replace('.', '/')}.py"
    handler.write_text(handler.read_text() + "\n# edited\n")
    after = synthesize(load("dev"), systems(), out / "after", bundler=bundler)

    # Then the functions have new code, and the templates are the same
    keys = [_asset_keys(found[f"{edited.name}-service-dev"].template) for found in (before, after)]
    assert len(keys[0]) == len(keys[1]) == 1
    assert keys[0] != keys[1]
    for name, stack in before.items():
        assert normalised(stack.template) == normalised(after[name].template)


def _digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        whole.update(file.read_bytes())
    return whole.hexdigest()


def _asset_keys(template: Template) -> set[str]:
    functions = resources(template, "AWS::Lambda::Function").values()
    return {function["Code"]["S3Key"] for function in functions}
