from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keyline_local.dynamodb.engine import Engine, find_binary
from keyline_local.dynamodb.tables import update_tables
from keyline_local.host.clients import client
from keyline_local.host.errors import LocalPlatformError
from keyline_local.host.process import free_port
from keyline_local.resources import Table
from tests.keyline_local.local_assembly import deployment, index, table

NAME = "Messages-local"
MODULE = {"AttributeName": "module", "AttributeType": "N"}
STUDENT = {"AttributeName": "student", "AttributeType": "N"}


def declared(path: Path, **properties: Any) -> list[Table]:
    resource = table(properties.pop("name", NAME), **properties)
    return list(deployment(path / "out", {"Data": {"Resources": {"T": resource}}}).tables)


def with_indexes(path: Path, *keys: str) -> list[Table]:
    return declared(
        path,
        AttributeDefinitions=[{"AttributeName": k, "AttributeType": "N"} for k in keys],
        GlobalSecondaryIndexes=[index(f"By-{k}", k) for k in keys],
    )


@pytest.fixture
def run(root: Path, tmp_path: Path) -> Callable[[Callable[[Any], Any]], Any]:
    """Run steps, given a client, against an engine of their own."""

    def run(steps: Callable[[Any], Any]) -> Any:
        async def main() -> Any:
            engine = Engine(
                find_binary(root), tmp_path / "engine.db", port=free_port(), mcp_port=free_port()
            )
            try:
                await engine.start()
                api = client("dynamodb", engine.endpoint, "us-east-1")
                return await asyncio.to_thread(steps, api)
            finally:
                await engine.stop()

        return asyncio.run(main())

    return run


def update(api: Any, tables: list[Table]) -> list[str]:
    return [str(change) for change in update_tables(api, tables, embedded=True)]


def test_a_table_is_created_as_declared_and_then_left_alone(run: Any, tmp_path: Path) -> None:
    tables = declared(
        tmp_path,
        AttributeDefinitions=[MODULE],
        GlobalSecondaryIndexes=[index("By-module", "module", "KEYS_ONLY")],
        StreamSpecification={"StreamViewType": "NEW_AND_OLD_IMAGES"},
        TimeToLiveSpecification={"AttributeName": "ttl", "Enabled": True},
    )

    def steps(api: Any) -> tuple[list[str], list[str], dict[str, Any], dict[str, Any]]:
        first, second = update(api, tables), update(api, tables)
        ttl = api.describe_time_to_live(TableName=NAME)["TimeToLiveDescription"]
        return first, second, api.describe_table(TableName=NAME)["Table"], ttl

    first, second, found, ttl = run(steps)
    assert first == [f"{NAME}: created with 1 index", f"{NAME}: TTL off -> ttl"]
    assert second == []
    assert found["GlobalSecondaryIndexes"][0]["Projection"]["ProjectionType"] == "KEYS_ONLY"
    assert found["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}


@pytest.mark.requirement("T-07", "T-72")
def test_indexes_come_one_at_a_time_with_what_the_table_holds(run: Any, tmp_path: Path) -> None:
    before, after = with_indexes(tmp_path), with_indexes(tmp_path, "module", "student")

    def steps(api: Any) -> tuple[list[str], int, list[int]]:
        update(api, before)
        item = {"id": {"S": "a"}, "module": {"N": "7"}, "student": {"N": "8"}}
        api.put_item(TableName=NAME, Item=item)
        sizes: list[int] = []
        api.meta.events.register(
            "before-parameter-build.dynamodb.UpdateTable",
            lambda params, **_: sizes.append(len(params["GlobalSecondaryIndexUpdates"])),
        )
        changes = update(api, after)
        found = api.query(
            TableName=NAME,
            IndexName="By-student",
            KeyConditionExpression="student = :s",
            ExpressionAttributeValues={":s": {"N": "8"}},
        )
        return changes, found["Count"], sizes

    changes, found, sizes = run(steps)
    assert changes == [
        f"{NAME}: index added and filled By-module",
        f"{NAME}: index added and filled By-student",
    ]
    assert found == 1
    assert sizes == [1, 1]


def test_an_index_that_old_items_are_not_in_is_not_said_to_be_filled(
    run: Any, tmp_path: Path
) -> None:
    before, after = with_indexes(tmp_path), with_indexes(tmp_path, "module")

    def steps(api: Any) -> tuple[list[str], int]:
        update(api, before)
        for number, keys in enumerate(({}, {"module": {"N": "7"}}, {"student": {"N": "7"}})):
            api.put_item(TableName=NAME, Item={"id": {"S": str(number)}, **keys})
        return update(api, after), api.scan(TableName=NAME, IndexName="By-module")["Count"]

    (said,), filled = run(steps)
    assert said.startswith(f"{NAME}: index added By-module; 2 of 3 items lack its key (module)")
    assert f"`keyline migrate SYSTEM {NAME}/By-module --step backfill`" in said
    assert "docs/migrations.md" in said
    assert filled == 1


def test_an_index_the_template_dropped_goes_and_the_items_stay(run: Any, tmp_path: Path) -> None:
    before, after = with_indexes(tmp_path, "module"), with_indexes(tmp_path)

    def steps(api: Any) -> tuple[list[str], int]:
        update(api, before)
        api.put_item(TableName=NAME, Item={"id": {"S": "a"}, "module": {"N": "7"}})
        return update(api, after), api.scan(TableName=NAME)["Count"]

    assert run(steps) == ([f"{NAME}: index removed By-module"], 1)


def test_stream_ttl_and_protection_follow_the_template(run: Any, tmp_path: Path) -> None:
    def ttl(name: str) -> dict[str, Any]:
        return {"AttributeName": name, "Enabled": True}

    before = declared(
        tmp_path,
        StreamSpecification={"StreamViewType": "NEW_IMAGE"},
        TimeToLiveSpecification=ttl("ttl"),
    )
    after = declared(
        tmp_path,
        StreamSpecification={"StreamViewType": "NEW_AND_OLD_IMAGES"},
        TimeToLiveSpecification=ttl("expires"),
        Replicas=[{"Region": "us-east-1", "DeletionProtectionEnabled": True}],
    )
    none = declared(tmp_path)

    def steps(api: Any) -> list[list[str]]:
        update(api, before)
        return [update(api, after), update(api, after), update(api, none)]

    assert run(steps) == [
        [
            f"{NAME}: deletion protection on",
            f"{NAME}: stream NEW_IMAGE -> NEW_AND_OLD_IMAGES",
            f"{NAME}: TTL ttl -> expires",
        ],
        [],
        [
            f"{NAME}: deletion protection off",
            f"{NAME}: stream NEW_AND_OLD_IMAGES -> none",
            f"{NAME}: TTL expires -> off",
        ],
    ]


def test_a_table_no_template_declares_is_kept_and_named(run: Any, tmp_path: Path) -> None:
    before, after = declared(tmp_path), declared(tmp_path, name="Others-local")

    def steps(api: Any) -> list[str]:
        update(api, before)
        return update(api, after)

    assert run(steps)[-1] == f"{NAME}: kept although no template declares it"


@pytest.mark.requirement("T-55")
def test_changes_that_need_another_table_or_index_are_refused(run: Any, tmp_path: Path) -> None:
    before = with_indexes(tmp_path, "module")
    other_key = declared(tmp_path, hash_key="conversation")
    other_projection = declared(
        tmp_path,
        AttributeDefinitions=[MODULE],
        GlobalSecondaryIndexes=[index("By-module", "module", "KEYS_ONLY")],
    )
    other_index_key = declared(
        tmp_path,
        AttributeDefinitions=[STUDENT],
        GlobalSecondaryIndexes=[index("By-module", "student")],
    )

    def steps(api: Any) -> tuple[list[LocalPlatformError], int]:
        update(api, before)
        api.put_item(TableName=NAME, Item={"id": {"S": "a"}})
        errors = []
        for tables in (other_key, other_projection, other_index_key):
            with pytest.raises(LocalPlatformError) as caught:
                update(api, tables)
            errors.append(caught.value)
        return errors, api.scan(TableName=NAME)["Count"]

    (key, projection, index_key), left = run(steps)
    assert "HASH id:S" in key.message
    assert "HASH conversation:S" in key.message
    assert "migrate" in key.suggestion
    for error in (projection, index_key):
        assert error.path == f"{NAME}/By-module"
        assert "index of a new name" in error.suggestion
    assert left == 1


def test_the_embedded_engines_gaps_are_refused_before_anything_is_made(
    run: Any, tmp_path: Path
) -> None:
    two = {
        **index("By-both", "module"),
        "KeySchema": [
            {"AttributeName": "module", "KeyType": "HASH"},
            {"AttributeName": "student", "KeyType": "HASH"},
        ],
    }
    wide = declared(tmp_path, AttributeDefinitions=[MODULE, STUDENT], GlobalSecondaryIndexes=[two])
    short = declared(tmp_path, name="Messages", StreamSpecification={"StreamViewType": "NEW_IMAGE"})

    def steps(api: Any) -> list[str]:
        with pytest.raises(LocalPlatformError, match="several attributes"):
            update(api, wide)
        with pytest.raises(LocalPlatformError, match="needs 11 characters"):
            update(api, short)
        return list(api.list_tables()["TableNames"])

    assert run(steps) == []
