"""The size of a function's answer for Lambda, and how many items fit into one.

Lambda counts the answer as its runtime sends it: a JSON document in which the body, itself JSON,
is a string. Each quote and each backslash of the body takes one more byte there. The document is
UTF-8, so other characters take what they take in the body.

Sources: AWS Lambda quotas, "Invocation payload"; the encoder of awslambdaric, which does not
escape other characters in Python 3.12 and later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec

ItemT = TypeVar("ItemT")

MAX_PAYLOAD = 6 * 1024 * 1024 + 100
"""Bytes of an answer that Lambda lets out: 6 MB, and the 100 that it grants on top."""
MAX_ENVELOPE = 16 * 1024
"""Bytes of an answer around its body: API Gateway takes headers of 10 KB, and the rest is short."""
MAX_BODY = MAX_PAYLOAD - MAX_ENVELOPE
"""Bytes of a body within an answer."""
MAX_ITEMS = MAX_BODY - 256 * 1024
"""Bytes of a list of items within an answer. The rest is for what stands beside the list: a cursor
has 64 KB at most."""

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_MOST_PER_CHARACTER = 4
"""Bytes: a character takes 4 in UTF-8 at most, and a quote or a backslash takes 2 escaped."""


def json_of(value: object) -> bytes:
    """Encode a Struct, a list, a dict or a scalar as it stands in the body of an answer.

    A Decimal is a number here, exactly as it is stored.

    Raises
    ------
    TypeError
        If it holds what JSON cannot say.
    """
    return _ENCODER.encode(value)


def size_of(json: bytes) -> int:
    """Return the bytes that JSON text takes within an answer: it is escaped as a string there."""
    return len(json) + json.count(b'"') + json.count(b"\\")


def excess(body: str) -> int:
    """Return the bytes that a body within an answer takes if they are too many, 0 otherwise."""
    if len(body) * _MOST_PER_CHARACTER <= MAX_BODY:
        return 0
    size = size_of(body.encode())
    return size if size > MAX_BODY else 0


class Room:
    """The room of one answer for a list of items.

    Parameters
    ----------
    expected
        Bytes of an item, as far as they are known beforehand; 0 where they are not.
    """

    def __init__(self, expected: int = 0) -> None:
        self._expected = expected
        self._used = 0
        self._count = 0

    @property
    def average(self) -> int:
        """The bytes of an item on average; 0 as long as nothing is known of it."""
        return self._used // self._count if self._count else self._expected

    @property
    def left(self) -> int | None:
        """Return how many more items probably fit; None while their size is not known."""
        if not self.average:
            return None
        probably = max(0, MAX_ITEMS - self._used) // self.average
        return probably if self._count else max(1, probably)  # the first one always does

    def takes(self, item: Any) -> bool:
        """Give an item its place if it fits; the first one always does.

        An item that is larger than an answer would otherwise keep all later items from the client.
        """
        size = size_of(json_of(item)) + 1  # a comma
        if self._count and self._used + size > MAX_ITEMS:
            return False
        self._used += size
        self._count += 1
        return True

    def takes_all(self, items: Sequence[Any]) -> bool:
        """Give one or more items their places if all of them fit. None has a place otherwise."""
        size = size_of(json_of(items)) - 1  # two brackets, and one comma less than items
        if self._used + size > MAX_ITEMS:
            return False
        self._used += size
        self._count += len(items)
        return True


def fitting(items: Iterable[ItemT]) -> tuple[list[ItemT], list[ItemT]]:
    """Divide items into the first ones, which fit into one answer, and those that are left."""
    room, waiting = Room(), iter(items)
    first: list[ItemT] = []
    for item in waiting:
        if not room.takes(item):
            return first, [item, *waiting]
        first.append(item)
    return first, []
