"""Counts messages by itself, with nothing of the chat system's own arithmetic."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeSerializer

from tests.support.platform import Running

TOTALS = ("MODULE#", "PROVIDER#", "STUDENTS#", "STUDENT#")
"""How the keys of daily totals and last activities begin; the table has marks, owners and reserved
moments too."""
MESSAGES, ROLLUPS, SIZES = "ChatMessages-local", "ChatDailyRollups-local", "ChatTableSizes-local"

Item = dict[str, Any]
Counts = dict[tuple[str, str], dict[str, Any]]

HISTOGRAM = [
    *(250, 320, 400, 500, 630, 800, 1000, 1250, 1600, 2000, 2500, 3200, 4000, 5000, 6300),
    *(8000, 10000, 12500, 16000, 20000, 25000, 32000, 40000),
]

HOUR = Decimal(3_600_000)
"""Milliseconds: last activities are kept to the hour."""

_write = TypeSerializer().serialize


def everything(running: Running) -> dict[str, dict[tuple[Any, ...], Item]]:
    """Return all that is stored by table and key, to compare before and after."""
    running.settle()
    return {table: running.by_key(table) for table in (MESSAGES, ROLLUPS, SIZES)}


def write(running: Running, message: Mapping[str, Any]) -> None:
    """Write a message straight to the engine."""
    item = {name: _write(value) for name, value in message.items()}
    running.dynamodb.put_item(TableName=MESSAGES, Item=item)


def delete(running: Running, message: Mapping[str, Any]) -> None:
    key = {name: _write(message[name]) for name in ("conversationId", "timestamp")}
    running.dynamodb.delete_item(TableName=MESSAGES, Key=key)


def assert_totals_match(running: Running) -> None:
    """Check that the roll-ups are what a recount of all messages that ever were gives."""
    running.settle()
    messages = running.items(MESSAGES) + running.removed
    stored = running.items(ROLLUPS)
    assert len({m["messageId"] for m in messages}) == len(messages)
    told, counted = totals_in(stored), totals_of(messages)
    keys = told.keys() | counted.keys()
    assert {k: (told.get(k), counted.get(k)) for k in keys if told.get(k) != counted.get(k)} == {}
    marks = sorted(item["pk"] for item in stored if item["pk"].startswith("COUNTED#"))
    assert marks == sorted(f"COUNTED#{m['messageId']}" for m in messages)


def totals_in(stored: Iterable[Item]) -> Counts:
    """Return the daily totals and last activities among roll-ups; a count of 0 may be left out."""
    leave_out = {"pk", "sk", "ttl", "roster"}
    return {
        (item["pk"], item["sk"]): {
            name: value for name, value in item.items() if name not in leave_out and value != 0
        }
        for item in stored
        if item["pk"].startswith(TOTALS)
    }


def totals_of(messages: Iterable[Item]) -> Counts:
    counts: Counts = {}
    last: dict[int, Decimal] = {}
    for message in messages:
        _count(counts, message)
        if "studentId" in message:
            student = message["studentId"]
            hour = message["timestamp"] // HOUR * HOUR
            last[student] = max(last.get(student, Decimal(0)), hour)
    for student, at in last.items():
        counts[f"STUDENT#{student}", "LAST"] = {"studentId": student, "lastAt": at}
    return counts


def _count(counts: Counts, message: Item) -> None:
    day = datetime.fromtimestamp(float(message["timestamp"]) / 1000, UTC).strftime("%Y-%m-%d")
    module, provider, model = message["moduleId"], message["provider"], message["modelUsed"]
    of_module = {"moduleId": module, "day": day, "provider": provider, "modelUsed": model}
    of_provider = {"provider": provider, "day": day, "modelUsed": model}
    latency = _latency(int(message["responseTime"]))
    _add(counts, f"MODULE#{module}", f"{day}#{provider}#{model}", of_module, message, latency)
    _add(counts, f"PROVIDER#{provider}", f"{day}#{model}", of_provider, message, latency)
    if "studentId" in message:
        student = message["studentId"]
        of_student = {"moduleId": module, "studentId": student, "day": day}
        _add(counts, f"STUDENTS#{module}", f"{day}#{student}", of_student, message, {})


def _add(
    counts: Counts, pk: str, sk: str, names: Item, message: Item, latency: Mapping[str, int]
) -> None:
    total = counts.setdefault((pk, sk), dict(names))
    amounts = {
        "messages": 1,
        "tokens": message["tokenCount"],
        "responseTime": message["responseTime"],
        **latency,
    }
    for name, amount in amounts.items():
        if amount:
            total[name] = total.get(name, 0) + amount


def _latency(milliseconds: int) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    counts["fast"] = int(milliseconds < 2_000)
    counts["slow"] = int(milliseconds > 10_000)
    bound = next((bound for bound in HISTOGRAM if milliseconds <= bound), None)
    counts["msMore" if bound is None else f"ms{bound}"] = 1
    return counts
