"""Requests that are sent again: a key names a request, and its tries come to one result.

A client that gets no answer sends its request again with the same `Idempotency-Key`
(draft-ietf-httpapi-idempotency-key-header). What the request creates has an id that follows from
the key, so a second try finds what the first has created. Where the key of an item holds a moment
as well, the first try reserves the moment for all tries: see `reserve`.

docs/adr/0023-idempotency-keys.md says why it is done so.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from hashlib import sha256
from typing import TypeVar

import msgspec

from keyline.errors import KeylineError
from keyline.model import Get, Put, Table, TransactWrite
from keyline.moments import us_of_ms
from keyline.run import AlreadyExistsError, OutcomeUnknownError, Store

T = TypeVar("T", bound=msgspec.Struct)

ATTEMPTS = 16
"""Moments that `put_once` tries."""
RESERVATION_BYTES = 220
"""Of a `Reservation` in a table with key templates."""
_DIGITS = 32
"""Hexadecimal digits of a digest: 128 bits."""


class IdempotencyKey(msgspec.Struct, frozen=True):
    """The name of a request that may be sent again.

    Attributes
    ----------
    id
        32 hexadecimal digits that follow from the caller, the route and the client's key. So the
        keys of two callers, or of two routes, never meet.
    content
        32 hexadecimal digits that follow from the rest of the request: the parameters of its path,
        its query and its body.
    """

    id: str
    content: str

    @classmethod
    def of(cls, caller: str, route: str, key: str, content: bytes) -> IdempotencyKey:
        """Return what names a request.

        Parameters
        ----------
        caller
            The subject of the caller's token.
        route
            The route, as `POST /notes`.
        key
            What the client has sent.
        content
            The rest of the request.
        """
        return cls(_digest(msgspec.json.encode([caller, route, key])), _digest(content))

    def require_same(self, content: str | None) -> None:
        """Refuse the key if it came with another request before.

        Parameters
        ----------
        content
            The `content` that is stored with the key.

        Raises
        ------
        KeyReusedError
            If it is not that of this request.
        """
        if content != self.content:
            raise KeyReusedError


class KeyReusedError(KeylineError):
    """An idempotency key came with another request before."""

    def __init__(self) -> None:
        super().__init__(
            "headers.idempotency-key",
            "was sent with another request before.",
            "Use a new key for each request, and the same key only to send a request again.",
        )


class Reserved(msgspec.Struct, frozen=True):
    """The data that all tries of a request share.

    Attributes
    ----------
    id
        The key's `id`, of which the ids of what the request creates are made.
    moment
        Epoch milliseconds with three decimals.
    earlier
        Whether an earlier try has reserved it.
    """

    id: str
    moment: float
    earlier: bool


class Reservation(msgspec.Struct, kw_only=True):
    """The moment that the first try of a request has reserved for all its tries.

    A system declares it as a kind of items of a table that has a TTL.

    Attributes
    ----------
    requestId
        The key's `id`.
    content
        The key's `content`.
    moment
        Epoch milliseconds with three decimals.
    """

    requestId: str
    content: str
    moment: float


class Requests(msgspec.Struct, frozen=True, dict=True):
    """The access patterns on the reservations of a system.

    Parameters
    ----------
    table
        A table that has `Reservation` among its kinds of items, with a retention.
    """

    table: Table

    def __post_init__(self) -> None:
        _ = self.find, self.reserve  # a table that they do not fit is refused here

    @cached_property
    def find(self) -> Get[Reservation]:
        """The pattern of `reservation`.

        Only a handler that has to know whether a request was sent before it does anything needs
        this pattern.
        """
        return Get(
            name="request-find",
            why="Read whether a request with an idempotency key was sent before.",
            table=self.table,
            shape=Reservation,
            consistent=True,
            item_bytes=RESERVATION_BYTES,
        )

    @cached_property
    def reserve(self) -> Put[Reservation]:
        """The pattern of `reserve`."""
        return Put(
            name="request-reserve",
            why="Reserve a moment for all tries of a request with an idempotency key.",
            table=self.table,
            shape=Reservation,
            item_bytes=RESERVATION_BYTES,
        )


def reservation(store: Store, pattern: Get[Reservation], key: IdempotencyKey) -> Reserved | None:
    """Return what an earlier try has reserved; None if there was none.

    Raises
    ------
    KeyReusedError
        If the key came with another request before.
    """
    found = store.get(pattern, requestId=key.id)
    return None if found is None else _reserved(found, key, earlier=True)


def reserve(store: Store, pattern: Put[Reservation], key: IdempotencyKey) -> Reserved:
    """Reserve a moment for a request, in one write.

    Every try gets the moment of the first one, also if both come at once. So a try continues
    where another one was cut off: it puts the same item in the same place.

    Raises
    ------
    KeyReusedError
        If the key came with another request before.
    OutcomeUnknownError
        If no answer came. The request may be sent again with its key.
    """
    made = Reservation(requestId=key.id, content=key.content, moment=store.clock.next())
    stored, earlier = store.put_or_get(pattern, made)
    return _reserved(stored, key, earlier=earlier)


def put_identified(
    store: Store,
    pattern: Put[T] | TransactWrite[T],
    item: T,
    key: IdempotencyKey,
    content_of: Callable[[T], str | None],
) -> tuple[T, bool]:
    """Create an item whose table's key is made of the idempotency key; needs no reservation.

    Parameters
    ----------
    pattern
        With a transaction, no try of any request with the key changes anything within ten minutes
        after another one was carried out. Nothing changes even if the item was deleted meanwhile
        and the try arrives late.
    item
        An item that holds the key's `content`.
    content_of
        Returns the `content` that an item holds.

    Returns
    -------
    tuple[T, bool]
        The item that is stored, and whether an earlier try has created it. Such an item may have
        changed since then.

    Raises
    ------
    KeyReusedError
        If the key came with another request before.
    OutcomeUnknownError
        If no answer came. The request may be sent again with its key.
    """
    token = key.id if isinstance(pattern, TransactWrite) else None
    stored, earlier = store.put_or_get(pattern, item, token)
    key.require_same(content_of(stored))
    return stored, earlier


def put_once(
    store: Store,
    pattern: Put[T] | TransactWrite[T],
    make: Callable[[float], T],
    reserved: Reserved,
    is_own: Callable[[T], bool],
) -> T:
    """Create an item whose key holds a reserved moment; return it, or what an earlier try stored.

    If somebody else's item has the moment, the next microsecond is tried. Every try of a request
    walks the same moments, and so meets what another try has stored.

    Parameters
    ----------
    make
        A moment in epoch milliseconds, with three decimals → the item.
    is_own
        Whether an item was made for this request: its id is that of the key.

    Raises
    ------
    AlreadyExistsError
        If the moments tried were all taken.
    OutcomeUnknownError
        If no answer came. The request may be sent again with its key.
    """
    microsecond = us_of_ms(reserved.moment)
    for attempt in range(ATTEMPTS):
        try:
            return store.put(pattern, make((microsecond + attempt) / 1000))
        except (AlreadyExistsError, OutcomeUnknownError) as error:
            stored: T | None = error.current_item()
            if stored is not None and is_own(stored):
                return stored
            if isinstance(error, OutcomeUnknownError) or attempt == ATTEMPTS - 1:
                raise
    raise AssertionError  # the last attempt returns or raises


def _reserved(stored: Reservation, key: IdempotencyKey, *, earlier: bool) -> Reserved:
    key.require_same(stored.content)
    return Reserved(key.id, stored.moment, earlier)


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()[:_DIGITS]
