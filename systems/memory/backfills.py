"""The backfill of the memory system: the history as it was stored first."""

from __future__ import annotations

from keyline.model import Copy
from memory.legacy import LEGACY_HISTORY, LegacyTurn, turn_of
from memory.tables import HISTORY, Turn

BACKFILLS = (
    Copy(
        name="legacy-history",
        why="Bring the turns of the first history table into partitions of a user and a day.",
        source=LEGACY_HISTORY,
        target=HISTORY,
        shape=LegacyTurn,
        into=Turn,
        transform=turn_of,
    ),
)
