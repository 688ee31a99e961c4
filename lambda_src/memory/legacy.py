"""The history of conversations as it was stored first, and the turn that each item becomes.

The table had one partition for each user and whole items. The sort key of that table is a moment in
one of two formats: ISO 8601, or epoch seconds or milliseconds as text.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated

import msgspec

from keyline.days import day_of
from keyline.model import Key, Table, Ttl
from keyline.moments import us_of_ms, us_of_seconds
from keyline.run import BadValueError
from memory.tables import SUMMARY_LENGTH, Role, Turn
from memory.turns import CHARACTERS_PER_TOKEN

_EPOCH = re.compile(r"[0-9]{9,17}(?:\.[0-9]+)?")
_MILLISECONDS = 100_000_000_000
"""Epoch milliseconds from 1973 on are above it, and epoch seconds until the year 5138 below it."""
_MICROSECONDS = _MILLISECONDS * 1_000


class LegacyTurn(msgspec.Struct, kw_only=True):
    """A turn: the words of one side of a conversation, as they were stored first.

    Attributes
    ----------
    sort_key
        The moment: `2025-06-01T10:00:00.123456`, which is UTC unless it says otherwise, or
        `1748772000123`. What follows a `#` tells items of one moment apart.
    ttl
        Epoch seconds; None for an item that is kept.
    """

    user_id: Annotated[str, msgspec.Meta(min_length=1)]
    sort_key: str
    role: Role
    content: str
    session_id: str | None = None
    ttl: int | None = None


LEGACY_HISTORY = Table(
    "ial-conversation-history",
    """Key design:
    user_id / sort_key: one partition for each user, which grows without bound, and no index. It is
    the source of the migration into the history table, and nothing writes it any more.
    """,
    key=Key("user_id", "sort_key"),
    entities=[LegacyTurn],
    ttl=Ttl("ttl"),
)


def turn_of(old: LegacyTurn) -> Turn:
    """Return the turn that an item becomes: the same one each time.

    Raises
    ------
    BadValueError
        If its sort key is not a moment.
    """
    moment_us = _moment_us(old.sort_key)
    timestamp = moment_us / 1000
    beginning = " ".join(old.content.split())[:SUMMARY_LENGTH]
    return Turn(
        user_id=old.user_id,
        date=day_of(timestamp),
        timestamp=timestamp,
        role=old.role,
        suffix=sha256(f"{old.user_id} {old.sort_key} {old.role}".encode()).hexdigest()[:3],
        content=old.content,
        content_summary=beginning,
        summary=beginning,
        content_hash=sha256(old.content.encode()).hexdigest(),
        tokens=-(-len(old.content) // CHARACTERS_PER_TOKEN),
        session=old.session_id or None,
    )


def _moment_us(sort_key: str) -> int:
    text = sort_key.partition("#")[0]
    if _EPOCH.fullmatch(text):
        number = float(text)
        if number >= _MICROSECONDS:
            return int(number)
        return us_of_ms(number) if number >= _MILLISECONDS else us_of_seconds(number)
    try:
        moment = datetime.fromisoformat(text)
        return us_of_seconds((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise BadValueError(
            "sort_key",
            "is neither a moment in ISO 8601 nor a number of the epoch.",
            "Correct the item, or delete it.",
        ) from None
