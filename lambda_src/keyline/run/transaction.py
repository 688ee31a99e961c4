"""Transactions: several writes, or reads, as one."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from keyline.model.capacity import read_units
from keyline.model.pattern import (
    MAX_TRANSACTION,
    Check,
    Delete,
    Get,
    Pattern,
    Put,
    TransactGet,
    TransactWrite,
    Update,
)
from keyline.model.size import item_size
from keyline.run import floor, refusals, reply
from keyline.run.calls import Calls
from keyline.run.codec import Attributes, Reader
from keyline.run.compiled import Compiler
from keyline.run.errors import (
    BadCallError,
    Cancelled,
    ItemUnreadableError,
    TransactionCancelledError,
)
from keyline.run.identity import Identity, identity
from keyline.run.misfit import is_expired
from keyline.run.outcome import OTHER_ACTIONS, ReplyError
from keyline.run.repeat import TRANSACTION, WITH_TOKEN, Repeat
from keyline.run.request import Request
from keyline.run.update import UpdateCall

T = TypeVar("T", bound=msgspec.Struct)

WRITTEN = reply.decoder(reply.TransactReply)
_READ = reply.decoder(reply.TransactGetReply)
_CANCELLED = reply.decoder(reply.CancelledReply)
_RAW = reply.decoder(reply.RawReply)

MINUTE = 60
"""Seconds that all calls with one token share, unless a new minute begins between them."""
MAX_TOKEN = 36
"""Characters of a token. Source: API reference, TransactWriteItems, ClientRequestToken."""
TOKEN_MINUTES = 11
"""Minutes in which a token may have been used first. DynamoDB keeps it for ten minutes after the
transaction was carried out (API reference, TransactWriteItems), which may begin in the minute
before that.
"""


class Write(msgspec.Struct, frozen=True):
    """One write of a transaction, made by one of its four functions."""

    pattern: Pattern[Any]
    values: Mapping[str, Any]
    item: msgspec.Struct | None = None
    changes: Mapping[str, Any] = {}
    expected: int | None = None

    @staticmethod
    def put(pattern: Put[Any], item: msgspec.Struct, /, **values: Any) -> Write:
        """Write an item, as `Store.put`."""
        return Write(pattern, values, item=item)

    @staticmethod
    def update(
        pattern: Update[Any],
        changes: Mapping[str, Any],
        /,
        *,
        expected: int | None = None,
        **key: Any,
    ) -> Write:
        """Change an item, as `Store.update`.

        An upsert does not replace an expired item: the transaction is cancelled until
        DynamoDB has deleted the item.
        """
        return Write(pattern, key, changes=changes, expected=expected)

    @staticmethod
    def delete(pattern: Delete[Any], /, **key: Any) -> Write:
        """Delete an item, as `Store.delete`; a condition that does not hold fails the whole."""
        return Write(pattern, key)

    @staticmethod
    def check(pattern: Check[Any], /, **key: Any) -> Write:
        """Let the whole depend on an item that stays as it is."""
        return Write(pattern, key)


@dataclass(frozen=True, init=False)
class Read:
    """One read of a transaction: a pattern and the key."""

    pattern: Get[Any]
    key: Mapping[str, Any]

    def __init__(self, pattern: Get[Any], /, **key: Any) -> None:
        object.__setattr__(self, "pattern", pattern)
        object.__setattr__(self, "key", key)


class Operation(msgspec.Struct, frozen=True):
    """The data that all calls of one operation share.

    Attributes
    ----------
    token
        By which DynamoDB tells that the operation was carried out.
    moment
        The time that its requests see, in epoch seconds; None where the calls do not share one.
    repeat
        How a call of it may be repeated.
    """

    token: str
    moment: float | None
    repeat: Repeat

    @staticmethod
    def of(pattern: Pattern[Any], token: str | None, moment: float | None) -> Operation:
        """Return the token of the caller, or one for this call alone.

        Raises
        ------
        BadCallError
            If DynamoDB does not take the token, or there is a moment without one.
        """
        if token is not None:
            check_token(pattern, token)
            return Operation(token, moment, WITH_TOKEN)
        if moment is not None:
            raise BadCallError(
                pattern.name,
                "is given a moment without a token.",
                "Give the token of the operation.",
            )
        return Operation(str(uuid.uuid4()), time.time(), TRANSACTION)


def write(
    pattern: TransactWrite[Any],
    calls: Calls,
    actions: Sequence[Write],
    compiler: Compiler,
    token: str | None,
    moment: float | None,
) -> None:
    """Carry out all of these writes or none.

    Raises
    ------
    KeylineError
        As `Store.transact`.
    """
    check_parts(pattern, [action.pattern for action in actions])
    carry_out(pattern, calls, actions, compiler, Operation.of(pattern, token, moment))


def carry_out(
    pattern: Pattern[Any],
    calls: Calls,
    actions: Sequence[Write],
    compiler: Compiler,
    operation: Operation,
) -> None:
    """Carry out all of these writes or none, once in an operation.

    A request holds the moment of the call, in conditions on the expiry and in expiries that count
    from it. DynamoDB carries out one token's requests once only if they are equal. So a call with
    the caller's token has the moment that the caller gives with it. Without one it has the
    beginning of a minute. Where the token was used in another one, the minutes before are tried.

    Raises
    ------
    TransactionCancelledError
        If one of them could not be carried out.
    OutcomeUnknownError
        If the answer was lost.
    BadCallError
        If the token was used for other actions, or two actions concern one item.
    """

    def request_at(seconds: float) -> Request:
        return {
            "TransactItems": [_action(compiler, action, seconds) for action in actions],
            "ClientRequestToken": operation.token,
        }

    now = operation.moment
    if now is None:
        now = time.time() // MINUTE * MINUTE
    request = request_at(now)
    _check_items(pattern, [action.pattern for action in actions], request)
    for minute in range(TOKEN_MINUTES + 1):
        if _send(pattern, calls, actions, compiler, request, now, operation.repeat):
            return
        earlier = request_at(now - (minute + 1) * MINUTE)
        same = earlier["TransactItems"] == request["TransactItems"]
        if operation.moment is not None or same:
            break  # every call has the same moment, or the moment is not a part of it
        request = earlier
    raise BadCallError(
        pattern.name,
        "the token was used for other actions within ten minutes.",
        "Use a token of its own for each operation.",
    )


def read(
    pattern: TransactGet[Any],
    calls: Calls,
    reads: Sequence[Read],
    compiler: Compiler,
) -> list[Any]:
    """Return the items as of one moment; None for what is missing or has expired.

    Raises
    ------
    TransactionCancelledError
        If one of them was being written.
    """
    check_parts(pattern, [each.pattern for each in reads])
    now = time.time()
    request: Request = {
        "TransactItems": [
            {r.pattern.transact_action: compiler.get(r.pattern).prepared.build(r.key)}
            for r in reads
        ]
    }
    _check_items(pattern, [each.pattern for each in reads], request)
    try:
        answer = calls.send(
            pattern, "TransactGetItems", request, _READ, lambda a: len(a.Responses), _read_floor
        )
    except ReplyError as refusal:
        raise cancelled(pattern, refusal, [r.pattern for r in reads], compiler, now) from refusal
    return [
        _item(each.pattern, compiler.reader(each.pattern), raw, now)
        for each, raw in zip(reads, answer.Responses, strict=True)
    ]


def check_parts(
    pattern: TransactWrite[Any] | TransactGet[Any], parts: Sequence[Pattern[Any]]
) -> None:
    """Refuse a transaction of other parts than its pattern names, or of too many.

    Raises
    ------
    BadCallError
        If one is not among them.
    """
    for part in parts:
        if not any(part is allowed for allowed in pattern.parts):
            raise BadCallError(
                pattern.name, f"has no part {part.name!r}.", "Name it in the pattern's parts."
            )
    if not 1 <= len(parts) <= MAX_TRANSACTION:
        raise BadCallError(
            pattern.name,
            f"has {len(parts)} actions.",
            f"A transaction takes 1 to {MAX_TRANSACTION}.",
        )


def _action(compiler: Compiler, action: Write, now: float) -> Request:
    """Return one write as a part of the request."""
    return {action.pattern.transact_action: _request(compiler, action, now)}


def _request(compiler: Compiler, action: Write, now: float) -> Request:
    match action.pattern:
        case Put() as put if action.item is not None:
            return compiler.put(put).request(action.item, action.values, now)[0]
        case Update() as update:
            call = UpdateCall(action.changes, action.expected, action.values, now)
            return compiler.update(update).requests.build(call)
        case Delete() as delete:
            return compiler.delete(delete).prepared.build(action.values, now)
    raise BadCallError(action.pattern.name, "is not a write, or lacks its item.", "Use Write.put.")


def check_token(pattern: Pattern[Any], token: str) -> None:
    """Refuse what DynamoDB does not take as a token. An empty one would make no call idempotent."""
    if not (1 <= len(token) <= MAX_TOKEN and token.isascii() and token.isprintable()):
        raise BadCallError(
            pattern.name,
            "is given a token that DynamoDB does not take.",
            f"Give 1 to {MAX_TOKEN} characters of ASCII, or no token at all.",
        )


def _check_items(
    pattern: Pattern[Any],
    parts: Sequence[Pattern[Any]],
    request: Request,
) -> None:
    """Refuse a transaction that names an item twice: DynamoDB does not take it."""
    named: set[tuple[str, Identity]] = set()
    for part, action in zip(parts, request["TransactItems"], strict=True):
        ((_, arguments),) = action.items()
        held = arguments.get("Key") or arguments["Item"]
        key = identity(held[attribute] for attribute in part.table.key.attributes)
        if (arguments["TableName"], key) in named:
            raise BadCallError(
                pattern.name,
                f"names an item twice, the second time in {part.name!r}.",
                "Give each item of a transaction once: put its changes into one pattern.",
            )
        named.add((arguments["TableName"], key))


def _item(part: Pattern[Any], reader: Reader[Any], raw: msgspec.Raw, now: float) -> Any:
    found = _RAW.decode(raw).Item
    missing = not bytes(found) or is_expired(part.table, found, now)
    return None if missing else reader.item(reader.fit(found))


def _creates(
    actions: Sequence[Write], request: Request
) -> list[tuple[Put[Any], Attributes]] | None:
    """Return the puts with the items that they write; None if there are other actions."""
    parts = [action.pattern for action in actions]
    items = [part.get("Put", {}).get("Item") for part in request["TransactItems"]]
    puts = [(p, item) for p, item in zip(parts, items, strict=True) if isinstance(p, Put)]
    return puts if len(puts) == len(parts) else None


def _send(
    pattern: Pattern[Any],
    calls: Calls,
    actions: Sequence[Write],
    compiler: Compiler,
    request: Request,
    now: float,
    repeat: Repeat,
) -> bool:
    """Send a transaction; False if its token was used for another request.

    A cancelled transaction was not carried out by an earlier attempt whose answer was lost: with
    the token of one that was carried out DynamoDB answers that it succeeded, and looks at no
    condition. Source: API reference, TransactWriteItems, ClientRequestToken.
    """
    implied = floor.of_creates(_creates(actions, request)) if calls.measuring else None
    try:
        calls.send(
            pattern,
            "TransactWriteItems",
            request,
            WRITTEN,
            lambda _: len(actions),
            implied,
            repeat=repeat,
        )
    except ReplyError as refusal:
        if refusal.code == OTHER_ACTIONS:
            return False
        parts = [action.pattern for action in actions]
        raise cancelled(pattern, refusal, parts, compiler, now) from refusal
    return True


def cancelled(
    pattern: Pattern[Any],
    refusal: ReplyError,
    parts: Sequence[Pattern[Any]],
    compiler: Compiler,
    now: float,
) -> TransactionCancelledError:
    """Return why a transaction was cancelled, by each of its parts that was not carried out."""
    reasons = _CANCELLED.decode(refusal.body).CancellationReasons
    return TransactionCancelledError(
        pattern.name,
        [
            _reason(n, part, reason, compiler.reader(part), now)
            for n, (part, reason) in enumerate(zip(parts, reasons, strict=False))
            if reason.Code != "None"
        ],
    )


def _reason(
    action: int, part: Pattern[Any], reason: reply.Reason, reader: Reader[Any], now: float
) -> Cancelled:
    found = refusals.current(part, reader, reason.Item, now)
    lacking = {} if found is None else refusals.without_value(part, reason.Item)
    if isinstance(found, ItemUnreadableError):
        return Cancelled(action, part.name, reason.Code, None, found, lacking)
    return Cancelled(action, part.name, reason.Code, found, None, lacking)


def _read_floor(body: bytes) -> float:
    """Return the floor of reads in a transaction.

    Each item is rounded by itself, and read consistently at twice the price.
    """
    decoder = reply.decoder(reply.ItemReply, reply.RAW)
    items = (decoder.decode(raw).Item for raw in _READ.decode(body).Responses)
    return sum(2 * read_units(item_size(item or {}), consistent=True) for item in items)
