"""Transactions of one write, which a late attempt does not carry out a second time.

DynamoDB remembers the token of a transaction for longer than an attempt can be late.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from keyline.errors import KeylineError
from keyline.model.pattern import Put, TransactWrite, Update
from keyline.run import backoff, floor, refusals
from keyline.run.calls import Calls
from keyline.run.compiled import Compiler
from keyline.run.errors import BadCallError, ConditionFailedError, TransactionCancelledError
from keyline.run.outcome import OTHER_ACTIONS, ReplyError
from keyline.run.repeat import SAFE
from keyline.run.request import Request
from keyline.run.transaction import (
    WRITTEN,
    Operation,
    Write,
    cancelled,
    carry_out,
    check_token,
)

T = TypeVar("T", bound=msgspec.Struct)

ATTEMPTS = 8
"""Tries of a transaction that conflicts with another write of the item."""


def put(
    pattern: TransactWrite[Any],
    calls: Calls,
    compiler: Compiler,
    item: T,
    values: Mapping[str, Any],
    token: str | None = None,
) -> T:
    """Write an item by a transaction of this one put; return it as it is stored.

    All attempts share a token. One that arrives after another was carried out changes nothing.

    Parameters
    ----------
    token
        What this call shares with other calls of the same operation, whose items may differ. The
        first one of them that arrives is carried out with it. The others meet the item of that
        one if it is still there, and write theirs otherwise, with a token that follows from it.
        One of them that arrives late does neither. A token of this call alone where not given.

    Raises
    ------
    KeylineError
        As `Store.put`, and `TransactionCancelledError` if the put met a conflict at every try.
    """
    part = _only_put(pattern)
    if token is not None:
        check_token(pattern, token)
    now, compiled = time.time(), compiler.put(part)
    fixed, attributes = compiled.request(item, values, now)
    implied = floor.of_creates([(part, attributes)]) if calls.measuring else None
    token = token or str(uuid.uuid4())
    in_doubt = looks = False
    conflicts = 0
    while True:
        request = _look(part, fixed) if looks else _transaction(part, fixed, token)
        try:
            calls.send(pattern, "TransactWriteItems", request, WRITTEN, _one, implied, repeat=SAFE)
            return compiled.writer.stored(item, attributes)
        except ReplyError as refusal:
            in_doubt = in_doubt or refusal.in_doubt
            if refusal.code == OTHER_ACTIONS:  # another call with the token was carried out
                token, in_doubt, looks = _following(token), False, not part.replace
                continue
            error = _unmet(pattern, part, compiler, refusal, now, in_doubt=in_doubt)
            if looks and type(error) is ConditionFailedError:
                looks = False  # nothing is there: the item of the other call was deleted
                continue
            met_conflict = isinstance(error, TransactionCancelledError) and error.conflict
            conflicts += met_conflict
            if not met_conflict or conflicts == ATTEMPTS:
                raise error from refusal
        backoff.wait(conflicts)


def _transaction(part: Put[Any], fixed: Request, token: str) -> Request:
    return {"TransactItems": [{part.transact_action: fixed}], "ClientRequestToken": token}


def _look(part: Put[Any], fixed: Request) -> Request:
    """Return a put that never happens: its refusal shows the item that is there.

    An attempt of a put that could happen might arrive late, when the item was deleted. This one
    changes nothing whenever it arrives, and needs no permission to read.
    """
    aliases: Mapping[str, str] = fixed["ExpressionAttributeNames"]
    key = next(a for a, name in aliases.items() if name == part.table.key.partition[0])
    never = f"attribute_exists({key}) AND attribute_not_exists({key})"
    look = {**fixed, "ConditionExpression": f"{fixed['ConditionExpression']} AND {never}"}
    return _transaction(part, look, str(uuid.uuid4()))


def _following(token: str) -> str:
    """Return the token with which all calls go on that were refused one."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, token))


def update(
    pattern: Update[Any],
    calls: Calls,
    compiler: Compiler,
    changes: Mapping[str, Any],
    key: Mapping[str, Any],
    operation: Operation,
) -> None:
    """Change an item by a transaction of this one update, once in an operation.

    Raises
    ------
    KeylineError
        As `Store.update_once`.
    """
    if not pattern.exactly_once:
        raise BadCallError(pattern.name, "is an ordinary update.", "Declare exactly_once=True.")
    action = Write(pattern, key, changes=changes)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            carry_out(pattern, calls, [action], compiler, operation)
            return
        except TransactionCancelledError as error:
            if not error.conflict or attempt == ATTEMPTS:
                raise _unchanged(pattern, error) from error
        backoff.wait(attempt)


def _unchanged(pattern: Update[Any], error: TransactionCancelledError) -> KeylineError:
    """Return why the one update of a transaction was not carried out."""
    (reason,) = error.reasons
    if reason.code != "ConditionalCheckFailed":
        return error
    return refusals.unmet_update(pattern, reason.unreadable or reason.current, reason.without_value)


def _only_put(pattern: TransactWrite[Any]) -> Put[Any]:
    """Return the one part of a transaction.

    Raises
    ------
    BadCallError
        If it has other parts.
    """
    part = pattern.parts[0]
    if len(pattern.parts) > 1 or not isinstance(part, Put):
        raise BadCallError(
            pattern.name,
            "is not a transaction of one Put.",
            "Use Store.transact, or declare a TransactWrite whose only part is a Put.",
        )
    return part


def _unmet(
    pattern: TransactWrite[Any],
    part: Put[Any],
    compiler: Compiler,
    refusal: ReplyError,
    now: float,
    *,
    in_doubt: bool,
) -> KeylineError:
    """Return why the one put of a transaction was not carried out."""
    error = cancelled(pattern, refusal, [part], compiler, now)
    (reason,) = error.reasons
    if reason.code != "ConditionalCheckFailed":
        return error
    there = reason.unreadable or reason.current
    return refusals.unmet_put(pattern.name, part, there, in_doubt=in_doubt)


def _one(_: Any) -> int:
    return 1
