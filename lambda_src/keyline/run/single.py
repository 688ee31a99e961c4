"""Calls about one item: sent, and what a refusal of them means."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import msgspec

from keyline.model.pattern import Delete, Get, Pattern, Put, Update
from keyline.model.shape import fields_of
from keyline.run import floor, refusals, reply
from keyline.run.calls import Calls, Floor
from keyline.run.compiled import Compiler
from keyline.run.errors import BadCallError, ItemUnreadableError
from keyline.run.misfit import is_expired
from keyline.run.outcome import ReplyError
from keyline.run.repeat import SAFE, TAKEN
from keyline.run.repeat import of_update as repeat_of_update
from keyline.run.request import Request
from keyline.run.update import UpdateCall

T = TypeVar("T", bound=msgspec.Struct)
Returned = TypeVar("Returned")

_RAW_WRITE = reply.decoder(reply.WriteReply, reply.RAW)
_ANY_WRITE = reply.decoder(reply.RawReply)
_ANY = reply.decoder(dict[str, msgspec.Raw])


def get(pattern: Get[T], calls: Calls, compiler: Compiler, key: Mapping[str, Any]) -> T | None:
    """Return the item of a key; None if there is none or it has expired."""
    compiled = compiler.get(pattern)
    request = compiled.prepared.build(key)
    found = calls.send(pattern, "GetItem", request, compiled.decoder, _found, compiled.floor).Item
    if found is None or compiled.reader.expired(found, time.time()):
        return None
    return compiled.reader.item(found)


def put(pattern: Put[T], calls: Calls, compiler: Compiler, item: T, values: Mapping[str, Any]) -> T:
    """Write an item, and return it as it is stored.

    Raises
    ------
    KeylineError
        As `Store.put`.
    """
    compiled, now = compiler.put(pattern), time.time()
    request, attributes = compiled.request(item, values, now)
    if calls.measuring:
        request["ReturnValues"] = "ALL_OLD"
    units = floor.of_write(pattern.table, attributes)
    try:
        calls.send(pattern, "PutItem", request, _RAW_WRITE, _one, units, repeat=SAFE)
    except ReplyError as refusal:
        if not refusals.is_own_write(refusal, attributes):
            reader = compiler.reader(pattern)
            raise refusals.of_put(pattern, reader, refusal, now) from refusal
    return compiled.writer.stored(item, attributes)


def update(pattern: Update[T], calls: Calls, compiler: Compiler, call: UpdateCall) -> T:
    """Change an item, and return it as it is then.

    Raises
    ------
    KeylineError
        As `Store.update`.
    """
    return _change(pattern, compiler, call, partial(_changed, pattern, calls, compiler, call))


def get_and_update(
    pattern: Update[T], calls: Calls, compiler: Compiler, call: UpdateCall
) -> T | None:
    """Change an item, and return it as it was.

    Raises
    ------
    KeylineError
        As `Store.get_and_update`.
    """
    units = compiler.update(pattern).floor

    def send(request: Request) -> T | None:
        return _as_it_was(pattern, calls, compiler, "UpdateItem", request, units, call.now)

    return _change(pattern, compiler, call, send)


def _change(
    pattern: Update[T], compiler: Compiler, call: UpdateCall, send: Callable[[Request], Returned]
) -> T | Returned:
    """Send an update, and return what was asked for.

    An upsert that meets an expired item is made a second time, in place of that item.
    """
    if pattern.exactly_once:
        raise BadCallError(
            pattern.name, "is a transaction, which returns no item.", "Use update_once."
        )
    requests, reader = compiler.update(pattern).requests, compiler.reader(pattern)
    while True:
        try:
            return send(requests.build(call))
        except ReplyError as refusal:
            is_done = partial(requests.is_done, call)
            own = refusals.of_own_update(pattern, reader, refusal, is_done)
            if own is not None:
                return own
            expired = refusals.expired_item(pattern, refusal, call.now)
            second = requests.replacing(call, expired)
            if second is None:
                changes, expected = call.changes, call.expected
                raise refusals.of_update(
                    pattern, reader, refusal, changes, expected, call.now, replacing=call.replacing
                ) from refusal
        call = second


def delete(pattern: Delete[Any], calls: Calls, compiler: Compiler, key: Mapping[str, Any]) -> None:
    """Delete an item.

    Raises
    ------
    KeylineError
        As `Store.delete`.
    """
    compiled, now = compiler.delete(pattern), time.time()
    request = compiled.prepared.build(key, now)
    if calls.measuring:
        request["ReturnValues"] = "ALL_OLD"
    try:
        calls.send(pattern, "DeleteItem", request, _RAW_WRITE, _one, compiled.floor, repeat=SAFE)
    except ReplyError as refusal:
        error = refusals.of_delete(pattern, compiler.reader(pattern), refusal, now)
        if error is not None:
            raise error from refusal


def replace(
    pattern: Put[T], calls: Calls, compiler: Compiler, item: T, values: Mapping[str, Any]
) -> T | None:
    """Write an item, and return the one that was there.

    Raises
    ------
    KeylineError
        As `Store.replace`.
    """
    if not pattern.replace:
        raise BadCallError(pattern.name, "replaces no item.", "Use put, or declare replace=True.")
    compiled, now = compiler.put(pattern), time.time()
    request, attributes = compiled.request(item, values, now)
    units = floor.of_write(pattern.table, attributes)
    try:
        return _as_it_was(pattern, calls, compiler, "PutItem", request, units, now)
    except ReplyError as refusal:
        raise refusals.of_put(pattern, compiler.reader(pattern), refusal, now) from refusal


def take(pattern: Delete[T], calls: Calls, compiler: Compiler, key: Mapping[str, Any]) -> T | None:
    """Delete an item, and return it as it was.

    Raises
    ------
    KeylineError
        As `Store.take`.
    """
    compiled, now = compiler.delete(pattern), time.time()
    request = compiled.prepared.build(key, now)
    try:
        return _as_it_was(pattern, calls, compiler, "DeleteItem", request, compiled.floor, now)
    except ReplyError as refusal:
        error = refusals.of_delete(pattern, compiler.reader(pattern), refusal, now)
        if error is not None:
            raise error from refusal
        return None


def _as_it_was(
    pattern: Pattern[T],
    calls: Calls,
    compiler: Compiler,
    operation: str,
    request: Request,
    units: Floor,
    now: float,
) -> T | None:
    """Send a write, and return the item that was there before; None if it had expired."""
    reader = compiler.reader(pattern)
    request["ReturnValues"] = "ALL_OLD"
    answer = calls.send(pattern, operation, request, _ANY_WRITE, _one, units, repeat=TAKEN)
    found = answer.Attributes
    if not bytes(found) or is_expired(pattern.table, found, now):
        return None
    if isinstance(pattern, Update) and pattern.upsert and _is_key(pattern, found):
        return None
    try:
        return reader.item(reader.fit(found))
    except ItemUnreadableError as error:
        raise error.after_change() from None


def _is_key(pattern: Pattern[Any], found: msgspec.Raw) -> bool:
    """Return whether what was there is the key of an item that cannot be: its fields are missing.

    The embedded engine answers so where an update creates the item. DynamoDB answers nothing then.
    """
    key = set(pattern.table.key.attributes)
    lacking = any(f.required and f.name not in key for f in fields_of(pattern.kind.shape).values())
    return lacking and set(_ANY.decode(found)) == key


def _changed(
    pattern: Update[T], calls: Calls, compiler: Compiler, call: UpdateCall, request: Request
) -> T:
    """Send an update, and return the item as it is then."""
    compiled, reader = compiler.update(pattern), compiler.reader(pattern)
    request["ReturnValues"] = "ALL_NEW"
    decoder = reply.decoder(reply.WriteReply, reader.wire)
    repeat = repeat_of_update(pattern, call.changes)
    try:
        answer = calls.send(
            pattern, "UpdateItem", request, decoder, _one, compiled.floor, repeat=repeat
        )
        return reader.item(answer.Attributes)
    except ItemUnreadableError as error:
        raise error.after_change() from None


def _found(answer: reply.ItemReply[Any]) -> int:
    return int(answer.Item is not None)


def _one(_: Any) -> int:
    return 1
