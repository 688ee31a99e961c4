"""The emulator with two rules of DynamoDB: one index at a time, and it takes time to fill one.

It runs in the emulator's own Python, as `one_index_at_a_time:app`. A second index that is created
or deleted in one update, or while another is under way, is refused with LimitExceededException. A
new index is CREATING and Backfilling for `FILL_SECONDS`, and cannot be queried meanwhile. Source:
API reference, UpdateTable and Query; CloudFormation's reference, `GlobalSecondaryIndexes`.
"""

from __future__ import annotations

import importlib
import os
import threading
from typing import Any

_dynamodb: Any = importlib.import_module("ministack.services.dynamodb")
_provisioners: Any = importlib.import_module("ministack.services.cloudformation.provisioners")
_update_table, _query = _dynamodb._update_table, _dynamodb._query
_update = _provisioners._ddb_update

SECONDS = float(os.environ["FILL_SECONDS"])
REFUSED = (
    "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per"
    " table"
)
NOT_FILLED = "Cannot read from backfilling global secondary index: {}"


def update_table(data: dict[str, Any]) -> Any:
    """UpdateTable."""
    changes = [u for u in data.get("GlobalSecondaryIndexUpdates", []) if u.keys() - {"Update"}]
    if changes and (len(changes) > 1 or _under_way(data["TableName"])):
        return _dynamodb.error_response_json("LimitExceededException", REFUSED, 400)
    answer = _update_table(data)
    for change in changes:
        if answer[0] < 400 and "Create" in change:
            _fill(data["TableName"], change["Create"]["IndexName"])
    return answer


def query(data: dict[str, Any]) -> Any:
    """Query."""
    name = data.get("IndexName")
    if name and name in _under_way(data["TableName"]):
        return _dynamodb.error_response_json("ValidationException", NOT_FILLED.format(name), 400)
    return _query(data)


def update(physical_id: str, old: Any, new: Any, *rest: Any, **more: Any) -> Any:
    """CloudFormation's update of a table."""
    before, after = (
        {index["IndexName"] for index in each.get("GlobalSecondaryIndexes", [])}
        for each in (old, new)
    )
    if len(before ^ after) > 1:
        raise ValueError(f"LimitExceededException: {REFUSED}")
    return _update(physical_id, old, new, *rest, **more)


def _indexes(table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _dynamodb._tables[table].get("GlobalSecondaryIndexes", [])
    return found


def _under_way(table: str) -> set[str]:
    if table not in _dynamodb._tables:
        return set()
    found = _indexes(table)
    return {each["IndexName"] for each in found if each.get("IndexStatus", "ACTIVE") != "ACTIVE"}


def _fill(table: str, name: str) -> None:
    (index,) = [each for each in _indexes(table) if each["IndexName"] == name]
    index |= {"IndexStatus": "CREATING", "Backfilling": True}

    def end() -> None:
        index["IndexStatus"] = "ACTIVE"
        del index["Backfilling"]

    timer = threading.Timer(SECONDS, end)
    timer.daemon = True
    timer.start()


_dynamodb._update_table, _dynamodb._query = update_table, query
_provisioners._ddb_update = update
app: Any = importlib.import_module("ministack.app").app
