"""Transactions: several writes, or reads, as one."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from keyline.errors import KeylineError
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
from keyline.run import backoff, floor, refusals, reply
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
from keyline.run.repeat import SAFE, TRANSACTION, WITH_TOKEN
from keyline.run.request import Request
from keyline.run.update import UpdateCall

T = TypeVar("T", bound=msgspec.Struct)

_WRITTEN = reply.decoder(reply.TransactReply)
_READ = reply.decoder(reply.TransactGetReply)
_CANCELLED = reply.decoder(reply.CancelledReply)
_RAW = reply.decoder(reply.RawReply)

ATTEMPTS = 8
"""Tries of the transaction of one put that conflicts with another write of the item."""
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

        An upsert does not start anew over an expired item: the transaction is cancelled until
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


def write(
    pattern: TransactWrite[Any],
    calls: Calls,
    actions: Sequence[Write],
    compiler: Compiler,
    token: str | None,
    moment: float | None,
) -> None:
    """Carry out all of these writes or none.

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
        If the token was used for other actions or is none, or two actions concern one item.
    """
    check_parts(pattern, [action.pattern for action in actions])
    if token is not None:
        _check_token(pattern, token)
    elif moment is not None:
        raise BadCallError(
            pattern.name, "is given a moment without a token.", "Give the token of the operation."
        )

    def request_at(seconds: float) -> Request:
        return {
            "TransactItems": [_action(compiler, action, seconds) for action in actions],
            "ClientRequestToken": token or str(uuid.uuid4()),
        }

    now = time.time() if moment is None else moment
    if token is not None and moment is None:
        now = now // MINUTE * MINUTE
    request = request_at(now)
    _check_items(pattern, [action.pattern for action in actions], request)
    if token is None:
        _send(pattern, calls, actions, compiler, request, now)
        return
    for minute in range(TOKEN_MINUTES + 1):
        if _send(pattern, calls, actions, compiler, request, now, token):
            return
        earlier = request_at(now - (minute + 1) * MINUTE)
        if moment is not None or earlier["TransactItems"] == request["TransactItems"]:
            break  # every call has the same moment, or the moment is not a part of it
        request = earlier
    raise BadCallError(
        pattern.name,
        "the token was used for other actions within ten minutes.",
        "Use a token of its own for each operation.",
    )


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
        one if it is still there, and write theirs otherwise. One of them that arrives late does
        neither. A token of this call alone where not given.

    Raises
    ------
    KeylineError
        As `Store.put`, and `TransactionCancelledError` if the put met a conflict at every try.
    """
    part = _only_put(pattern)
    if token is not None:
        _check_token(pattern, token)
    now, compiled = time.time(), compiler.put(part)
    fixed, attributes = compiled.request(item, values, now)
    request: Request = {
        "TransactItems": [{part.transact_action: fixed}],
        "ClientRequestToken": token or str(uuid.uuid4()),
    }
    implied = floor.of_creates([(part, attributes)]) if calls.measuring else None
    in_doubt = False
    for attempt in range(1, ATTEMPTS + 1):
        try:
            calls.send(pattern, "TransactWriteItems", request, _WRITTEN, _one, implied, repeat=SAFE)
            break
        except ReplyError as refusal:
            in_doubt = in_doubt or refusal.in_doubt
            if refusal.code == OTHER_ACTIONS:  # another call with the token was carried out
                request["ClientRequestToken"] = str(uuid.uuid4())
                continue
            error = _unmet(pattern, part, compiler, refusal, now, in_doubt=in_doubt)
            met_conflict = isinstance(error, TransactionCancelledError) and error.conflict
            if attempt == ATTEMPTS or not met_conflict:
                raise error from refusal
        backoff.wait(attempt)
    return compiled.writer.stored(item, attributes)


def read(
    pattern: TransactGet[Any],
    calls: Calls,
    reads: Sequence[Read],
    compiler: Compiler,
) -> list[Any]:
    """The items as of one moment; None for what is missing or has expired.

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
        raise _cancelled(pattern, refusal, [r.pattern for r in reads], compiler, now) from refusal
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
    """One write as a part of the request."""
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
    raise BadCallError(action.pattern.name, "is no write, or lacks its item.", "Use Write.put.")


def _check_token(pattern: TransactWrite[Any], token: str) -> None:
    """Refuse what DynamoDB does not take as a token. An empty one would make no call idempotent."""
    if not (1 <= len(token) <= MAX_TOKEN and token.isascii() and token.isprintable()):
        raise BadCallError(
            pattern.name,
            "is given a token that DynamoDB does not take.",
            f"Give 1 to {MAX_TOKEN} characters of ASCII, or no token at all.",
        )


def _check_items(
    pattern: TransactWrite[Any] | TransactGet[Any],
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
    """Why the one put of a transaction was not carried out."""
    error = _cancelled(pattern, refusal, [part], compiler, now)
    (reason,) = error.reasons
    if reason.code != "ConditionalCheckFailed":
        return error
    there = reason.unreadable or reason.current
    return refusals.unmet_put(pattern.name, part, there, in_doubt=in_doubt)


def _one(_: Any) -> int:
    return 1


def _item(part: Pattern[Any], reader: Reader[Any], raw: msgspec.Raw, now: float) -> Any:
    found = _RAW.decode(raw).Item
    missing = not bytes(found) or is_expired(part.table, found, now)
    return None if missing else reader.item(reader.fit(found))


def _creates(
    actions: Sequence[Write], request: Request
) -> list[tuple[Put[Any], Attributes]] | None:
    """The puts with the items that they write; None if there are other actions."""
    parts = [action.pattern for action in actions]
    items = [part.get("Put", {}).get("Item") for part in request["TransactItems"]]
    puts = [(p, item) for p, item in zip(parts, items, strict=True) if isinstance(p, Put)]
    return puts if len(puts) == len(parts) else None


def _send(
    pattern: TransactWrite[Any],
    calls: Calls,
    actions: Sequence[Write],
    compiler: Compiler,
    request: Request,
    now: float,
    token: str | None = None,
) -> bool:
    """Send a transaction; False if its token was used for another request.

    A cancelled transaction was not carried out by an earlier attempt whose answer was lost: with
    the token of one that was carried out DynamoDB answers that it succeeded, and looks at no
    condition. Source: API reference, TransactWriteItems, ClientRequestToken.
    """
    implied = floor.of_creates(_creates(actions, request)) if calls.measuring else None
    repeat = WITH_TOKEN if token else TRANSACTION
    try:
        calls.send(
            pattern,
            "TransactWriteItems",
            request,
            _WRITTEN,
            lambda _: len(actions),
            implied,
            repeat=repeat,
        )
    except ReplyError as refusal:
        if refusal.code == OTHER_ACTIONS:
            return False
        parts = [action.pattern for action in actions]
        raise _cancelled(pattern, refusal, parts, compiler, now) from refusal
    return True


def _cancelled(
    pattern: Pattern[Any],
    refusal: ReplyError,
    parts: Sequence[Pattern[Any]],
    compiler: Compiler,
    now: float,
) -> TransactionCancelledError:
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
    if isinstance(found, ItemUnreadableError):
        return Cancelled(action, part.name, reason.Code, unreadable=found)
    return Cancelled(action, part.name, reason.Code, found)


def _read_floor(body: bytes) -> float:
    """Each item is rounded by itself, and read consistently at twice the price."""
    decoder = reply.decoder(reply.ItemReply, reply.RAW)
    items = (decoder.decode(raw).Item for raw in _READ.decode(body).Responses)
    return sum(2 * read_units(item_size(item or {}), consistent=True) for item in items)
