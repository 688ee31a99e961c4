"""The writes that may be repeated after a lost answer, and what their callers are told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from keyline.model.pattern import Update
from keyline.run.errors import OutcomeUnknownError


class Repeat(msgspec.Struct, frozen=True):
    """The effect of a second attempt of a write if the first was carried out.

    Attributes
    ----------
    repeated
        Whether the client makes a second attempt by itself.
    harmless
        Whether two attempts leave the same result as one.
    suggestion
        What the caller can do if the outcome stays unknown.
    """

    repeated: bool
    harmless: bool
    suggestion: str

    def unknown(self, path: str, current: Any = None) -> OutcomeUnknownError:
        """Return the error of a write whose outcome is not known.

        Parameters
        ----------
        path
            The pattern's name.
        current
            The item that a repeated attempt has met.
        """
        return OutcomeUnknownError(path, self.suggestion, repeatable=self.harmless, current=current)


_READ_FIRST = "Read the item before you write again."
_EXACTLY_ONCE = "A pattern with exactly_once=True counts an addition once."

SAFE = Repeat(True, True, _READ_FIRST)
"""Puts, deletes and updates that set values, change sets or count versions."""
COUNTED = Repeat(False, False, f"{_READ_FIRST} {_EXACTLY_ONCE}")
"""Updates that add to a number or to a list, that remove an element of a list, or that set an
attribute from one that they change. The client does not repeat them."""
AT_LEAST_ONCE = Repeat(True, False, f"{_READ_FIRST} {_EXACTLY_ONCE}")
"""The same, where the pattern says that an addition may be counted twice."""
TAKEN = Repeat(False, False, f"{_READ_FIRST} The item as it was is lost with the answer.")
"""Writes that return the item as it was, which the client does not repeat: a second attempt would
return what the first one has left."""
BATCH = Repeat(True, True, "Send the same batch again: its puts and deletes may be repeated.")
TRANSACTION = Repeat(True, False, "Read the items before you write again, or give a token=.")
"""The client's own attempts share a token. Another call has another one."""
WITH_TOKEN = Repeat(True, True, "Send it again with the same token within ten minutes.")


def of_update(pattern: Update[Any], changes: Iterable[str]) -> Repeat:
    """Return how an update of these attributes may be repeated.

    The version guards an update that counts it: its condition fails the second time.
    """
    if pattern.version or (pattern.counters.isdisjoint(changes) and not pattern.moving):
        return SAFE
    if pattern.moving:
        return COUNTED
    return AT_LEAST_ONCE if pattern.at_least_once else COUNTED
