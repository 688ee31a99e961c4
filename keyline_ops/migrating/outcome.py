"""The results of the items that a backfill read."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

MAX_REFUSALS = 100
"""Refused items that are told one by one; beyond them they are only counted."""


class Refusal(msgspec.Struct, frozen=True):
    """An item that cannot be carried over, and why.

    Attributes
    ----------
    key
        The key of the item, as text. No other value is held.
    """

    key: str
    path: str
    message: str
    suggestion: str


class Outcome(msgspec.Struct):
    """The results of items.

    Attributes
    ----------
    read
        Items that were read.
    written
        Items that this backfill wrote.
    there
        Items that were there already, as they should be.
    newer
        Items that were there already with other contents, which stay.
    gone
        Items that were deleted, or were changed so that nothing is left to do, since the read.
    passed
        Items of another kind, expired items, and those that the declaration leaves out.
    refused
        Items that cannot be carried over; `refusals` are the first of them.
    """

    read: int = 0
    written: int = 0
    there: int = 0
    newer: int = 0
    gone: int = 0
    passed: int = 0
    refused: int = 0
    refusals: tuple[Refusal, ...] = ()

    def plus(self, others: Iterable[Outcome]) -> Outcome:
        """Return the sum of outcomes."""
        everyone = [self, *others]
        counts = {
            name: sum(getattr(each, name) for each in everyone)
            for name in ("read", "written", "there", "newer", "gone", "passed", "refused")
        }
        refusals = tuple(refusal for each in everyone for refusal in each.refusals)
        return Outcome(**counts, refusals=refusals[:MAX_REFUSALS])

    def refuse(self, refusal: Refusal) -> None:
        """Count an item that cannot be carried over."""
        self.refused += 1
        if len(self.refusals) < MAX_REFUSALS:
            self.refusals = (*self.refusals, refusal)
