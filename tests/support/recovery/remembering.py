"""moto's DynamoDB with a memory: point-in-time recovery of the data as it was at the time.

moto copies today's items at a restore, whatever time is asked for, keeps no mode of billing and no
encryption of a restored table, and knows no contributor insights. Here each write of an item is
remembered with its time, a restore plays the writes up to the asked time, and a new table is not
active at once. What DynamoDB leaves out of a restored table, moto leaves out as well: TTL, stream,
recovery, tags, deletion protection.

Run as a program, it serves on a port until it is killed: `python -m ... PORT`.
"""

from __future__ import annotations

import copy
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from moto.core.responses import ActionResult
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import RestoredPITTable, RestoredTable, Table
from moto.dynamodb.responses import DynamoHandler

LOOKS = 2
"""How often a restored table is told to be made still."""


def _remember(table: Any, hash_key: Any, range_key: Any) -> None:
    """Note an item as it is now, or that it is gone."""
    memory = table.__dict__.setdefault("memory", [])
    now = table.get_item(hash_key, range_key)
    memory.append((time.time(), hash_key, range_key, copy.deepcopy(now)))


def _key(table: Any, attributes: Any) -> tuple[Any, Any]:
    of_range = table.range_key_attr
    return attributes[table.hash_key_attr], attributes[of_range] if of_range else None


def items_at(table: Any, moment: float) -> dict[Any, Any]:
    """Return the items of a table, in moto's form, as they were."""
    found: dict[Any, Any] = defaultdict(dict)
    for at, hash_key, range_key, item in table.__dict__.get("memory", ()):
        if at > moment:
            break
        if range_key is None:
            found.pop(hash_key, None)
            if item is not None:
                found[hash_key] = copy.deepcopy(item)
        else:
            found[hash_key].pop(range_key, None)
            if item is not None:
                found[hash_key][range_key] = copy.deepcopy(item)
    return found


def _put(real: Callable[..., Any]) -> Callable[..., Any]:
    def put_item(self: Any, item_attrs: Any, *rest: Any, **named: Any) -> Any:
        item = real(self, item_attrs, *rest, **named)
        _remember(self, *_key(self, item.attrs))
        return item

    return put_item


def _delete(real: Callable[..., Any]) -> Callable[..., Any]:
    def delete_item(self: Any, hash_key: Any, range_key: Any) -> Any:
        item = real(self, hash_key, range_key)
        _remember(self, hash_key, range_key)
        return item

    return delete_item


def _update(real: Callable[..., Any]) -> Callable[..., Any]:
    def update_item(self: Any, table_name: str, *rest: Any, **named: Any) -> Any:
        item = real(self, table_name, *rest, **named)
        table = self.get_table(table_name)
        _remember(table, *_key(table, item.attrs))
        return item

    return update_item


def _restore(self: Any) -> ActionResult:
    """Answer RestoreTableToPointInTime as DynamoDB does: with the data of the time."""
    backend, body = self.dynamodb_backend, self.body
    source_name = body["SourceTableArn"].rpartition("/")[2]
    made = backend.restore_table_to_point_in_time(body["TargetTableName"], source_name)
    source = backend.get_table(source_name)
    at = body["RestoreDateTime"]
    moment = at.timestamp() if isinstance(at, datetime) else float(at)
    made.items = items_at(source, moment)
    made.restore_date_time = datetime.fromtimestamp(moment, UTC)
    _as_restored(made, source)
    return ActionResult(made.describe())


def _restore_backup(self: Any) -> ActionResult:
    backend, body = self.dynamodb_backend, self.body
    made = backend.restore_table_from_backup(body["TargetTableName"], body["BackupArn"])
    _as_restored(made, backend.get_backup(body["BackupArn"]).table)
    return ActionResult(made.describe())


def _as_restored(made: Any, source: Any) -> None:
    """Give a restored table what DynamoDB takes over from its source, as that is now."""
    made.billing_mode, made.sse_specification = source.billing_mode, source.sse_specification
    made.looks = LOOKS
    now = time.time()
    made.memory = [
        (now, hash_key, range_key, item)
        for hash_key, held in made.items.items()
        for range_key, item in (held.items() if made.range_key_attr else [(None, held)])
    ]


def _describe(real: Callable[..., Any]) -> Callable[..., Any]:
    def describe(self: Any, base_key: str = "TableDescription") -> dict[str, Any]:
        answer: dict[str, Any] = real(self, base_key)
        if base_key == "Table" and self.__dict__.get("looks", 0) > 0:
            self.looks -= 1
            answer[base_key]["TableStatus"] = "CREATING"
        return answer

    return describe


def _continuous(real: Callable[..., Any]) -> Callable[..., Any]:
    def describe_continuous_backups(self: Any, table_name: str) -> dict[str, Any]:
        found: dict[str, Any] = real(self, table_name)
        told = found["PointInTimeRecoveryDescription"]
        if told["PointInTimeRecoveryStatus"] == "ENABLED":
            told["LatestRestorableDateTime"] = time.time()
        return found

    return describe_continuous_backups


def _insights_of(self: Any) -> dict[str | None, str]:
    table = self.dynamodb_backend.get_table(self.body["TableName"])
    found: dict[str | None, str] = table.__dict__.setdefault("insights", {})
    return found


def _describe_insights(self: Any) -> ActionResult:
    mode = _insights_of(self).get(self.body.get("IndexName"))
    status = {"ContributorInsightsStatus": "ENABLED" if mode else "DISABLED"}
    return ActionResult({**status, **({"ContributorInsightsMode": mode} if mode else {})})


def _update_insights(self: Any) -> ActionResult:
    index, on = self.body.get("IndexName"), self.body["ContributorInsightsAction"] == "ENABLE"
    mode = self.body.get("ContributorInsightsMode", "ACCESSED_AND_THROTTLED_KEYS")
    _insights_of(self)[index] = mode if on else ""
    return ActionResult({"TableName": self.body["TableName"]})


@contextmanager
def remembering() -> Iterator[None]:
    """Let moto's DynamoDB remember, in this process."""
    changes: list[tuple[Any, str, Any]] = [
        (Table, "put_item", _put(Table.put_item)),
        (Table, "delete_item", _delete(Table.delete_item)),
        (DynamoDBBackend, "update_item", _update(DynamoDBBackend.update_item)),
        (RestoredTable, "describe", _describe(RestoredTable.describe)),
        (RestoredPITTable, "describe", _describe(RestoredPITTable.describe)),
        (
            DynamoDBBackend,
            "describe_continuous_backups",
            _continuous(DynamoDBBackend.describe_continuous_backups),
        ),
        (DynamoHandler, "restore_table_to_point_in_time", _restore),
        (DynamoHandler, "restore_table_from_backup", _restore_backup),
        (DynamoHandler, "describe_contributor_insights", _describe_insights),
        (DynamoHandler, "update_contributor_insights", _update_insights),
    ]
    with ExitStack() as stack:
        for holder, name, made in changes:
            stack.enter_context(patch.object(holder, name, made, create=True))
        yield


def main(port: int) -> None:
    """Serve on a port of this machine until killed."""
    from moto.server import main as serve

    with remembering():
        serve(["-H", "127.0.0.1", "-p", str(port)])


if __name__ == "__main__":
    main(int(sys.argv[1]))
