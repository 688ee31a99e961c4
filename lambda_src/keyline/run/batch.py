"""Batches of any size: split, sent, and what DynamoDB leaves undone drained with backoff."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from keyline.model.capacity import read_units
from keyline.model.pattern import BatchGet, BatchWrite
from keyline.model.size import item_size
from keyline.run import backoff, reply
from keyline.run.calls import Calls, Floor
from keyline.run.codec import Attributes
from keyline.run.compiled import CompiledBatchGet, CompiledBatchWrite
from keyline.run.errors import BadCallError, UnprocessedLeftError
from keyline.run.identity import Identity, identity
from keyline.run.repeat import BATCH
from keyline.run.request import check_names, key_of

T = TypeVar("T", bound=msgspec.Struct)

MAX_GET = 100
MAX_WRITE = 25
MAX_WRITE_BYTES = 16 * 1024 * 1024
"""Of one request; a read beyond 16 MB is cut by DynamoDB itself, a write refused."""
ATTEMPTS = 8
"""Tries in a row that get nothing done before a batch is given up."""

_WRITTEN = reply.decoder(reply.BatchWriteReply)


def get_all(batch: CompiledBatchGet[T], calls: Calls, keys: Iterable[Mapping[str, Any]]) -> list[T]:
    """Return the items of these keys, in the order of the keys, each once.

    Items that are missing or expired are left out.

    Raises
    ------
    UnprocessedLeftError
        If DynamoDB did not give some, however often it was asked.
    """
    reader, prepared, wanted = batch.reader, batch.prepared, dict[Identity, Attributes]()
    for given in keys:
        check_names(batch.pattern, given, prepared.parameters)
        key = key_of(prepared.key, given)
        wanted.setdefault(identity(key.values()), key)
    found = _fetch(batch, calls, list(wanted.values()))
    now = time.time()
    ordered = (found[each] for each in wanted if each in found)
    return [reader.item(wire) for wire in ordered if not reader.expired(wire, now)]


def _fetch(
    batch: CompiledBatchGet[Any], calls: Calls, keys: Sequence[Attributes]
) -> dict[Identity, Any]:
    pattern, name, reader = batch.pattern, batch.table_name, batch.reader
    key_names = pattern.table.key.attributes
    found: dict[Identity, Any] = {}

    def send(part: list[Attributes]) -> list[Attributes]:
        request = {"RequestItems": {name: {**batch.shared, "Keys": part}}}
        floor = _floor(pattern, len(part)) if calls.measuring else None
        answer = calls.send(pattern, "BatchGetItem", request, batch.decoder, _count_items, floor)
        for wire in answer.Responses.get(name, []):
            key = reader.key(wire)
            found[identity(key[a] for a in key_names)] = wire
        left: list[Attributes] = answer.UnprocessedKeys.get(name, {}).get("Keys", [])
        return left

    _drain(pattern.name, deque(keys), MAX_GET, send)
    return found


def write_all(
    batch: CompiledBatchWrite[T],
    calls: Calls,
    puts: Iterable[T],
    deletes: Iterable[Mapping[str, Any]],
) -> None:
    """Write and delete these items, in no order and not as one.

    Raises
    ------
    BadCallError
        If two parts concern one item: DynamoDB refuses them together, and apart their order
        would be open.
    ItemTooLargeError
        If one is beyond 400 KB; nothing was written then.
    UnprocessedLeftError
        If DynamoDB left some undone, however often it was asked.
    """
    pattern, table_name, key = batch.pattern, batch.table_name, batch.key
    requests, now = dict[Identity, Attributes](), time.time()
    for item in [batch.attributes(each, now) for each in puts]:
        _once(pattern, requests, {p.attribute: item[p.attribute] for p in key}, item)
    for given in deletes:
        check_names(pattern, given, batch.parameters)
        _once(pattern, requests, key_of(key, given), None)

    def send(part: list[Attributes]) -> list[Attributes]:
        request = {"RequestItems": {table_name: part}}

        def count(answer: reply.BatchWriteReply) -> int:
            return len(part) - len(answer.UnprocessedItems.get(table_name, []))

        answer = calls.send(pattern, "BatchWriteItem", request, _WRITTEN, count, repeat=BATCH)
        left: list[Attributes] = answer.UnprocessedItems.get(table_name, [])
        return left

    _drain(pattern.name, deque(requests.values()), MAX_WRITE, send)


def _once(
    pattern: BatchWrite[Any],
    requests: dict[Identity, Attributes],
    key: Attributes,
    item: Attributes | None,
) -> None:
    same = identity(key.values())
    if same in requests:
        raise BadCallError(pattern.name, "names an item twice.", "Give each item of a batch once.")
    requests[same] = (
        {"DeleteRequest": {"Key": key}} if item is None else {"PutRequest": {"Item": item}}
    )


def _drain(path: str, waiting: deque[Attributes], size: int, send: Any) -> None:
    """Send everything, in parts of a size, and again what was left, until it is done."""
    fruitless = 0
    while waiting:
        part = _take(waiting, size)
        left = send(part)
        waiting.extend(left)
        if not left:
            fruitless = 0
            continue
        fruitless = fruitless + 1 if len(left) == len(part) else 1
        if fruitless == ATTEMPTS:
            raise UnprocessedLeftError(path, waiting)
        backoff.wait(fruitless)


def _take(waiting: deque[Attributes], size: int) -> list[Attributes]:
    """Return the next part: as many as DynamoDB takes, in number and bytes."""
    part: list[Attributes] = []
    room = MAX_WRITE_BYTES
    while waiting and len(part) < size:
        item = waiting[0].get("PutRequest", {}).get("Item")
        room -= item_size(item) if item else 0
        if part and room < 0:
            break
        part.append(waiting.popleft())
    return part


def _floor(pattern: BatchGet[Any], key_count: int) -> Floor:
    """Return the floor of a batch.

    Each item is rounded by itself. A key without an item costs the least.
    """
    decoder = reply.decoder(reply.BatchGetReply, reply.RAW)

    def units(body: bytes) -> float:
        answer = decoder.decode(body)
        sizes = [item_size(item) for items in answer.Responses.values() for item in items]
        undone = sum(len(keys["Keys"]) for keys in answer.UnprocessedKeys.values())
        sizes += [0] * (key_count - undone - len(sizes))
        return sum(read_units(size, consistent=pattern.consistent) for size in sizes)

    return units


def _count_items(answer: Any) -> int:
    return sum(map(len, answer.Responses.values()))
