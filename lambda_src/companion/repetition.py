"""Count how often a patient has said the same words lately.

The latest turns of a patient are one binary value: 4 bytes of epoch seconds and 8 bytes of a digest
for each turn. So the item that every turn reads and writes stays below 1 KB.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Self

import msgspec

from companion.words import DIGEST_BYTES, digest_of

MOST_TURNS = 64
"""Turns that are remembered at most."""
_TURN = struct.Struct(f">I{DIGEST_BYTES}s")


class RecentTurn(msgspec.Struct, frozen=True):
    """A remembered utterance: its time in epoch seconds, and a digest of the normalised words."""

    at: int
    digest: bytes


class RecentTurns(msgspec.Struct, frozen=True):
    """The latest turns of a patient, oldest first."""

    turns: Sequence[RecentTurn] = ()

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """Read what `pack` has written."""
        return cls([RecentTurn(at, digest) for at, digest in _TURN.iter_unpack(packed)])

    def pack(self) -> bytes:
        """Write the turns."""
        return b"".join(_TURN.pack(turn.at, turn.digest) for turn in self.turns)

    def within(self, moment: datetime, hours: float) -> Self:
        """Return the turns of the hours before a moment."""
        since = (moment - timedelta(hours=hours)).timestamp()
        return type(self)([turn for turn in self.turns if turn.at > since])

    def count(self, utterance: str) -> int:
        """Return how many of the turns said the same words."""
        digest = digest_of(utterance)
        return sum(1 for turn in self.turns if turn.digest == digest)

    def with_turn(self, utterance: str, moment: datetime) -> Self:
        """Return the turns with another one, the oldest left out if there are too many."""
        turn = RecentTurn(int(moment.timestamp()), digest_of(utterance))
        return type(self)([*self.turns, turn][-MOST_TURNS:])
