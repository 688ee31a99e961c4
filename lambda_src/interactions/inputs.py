"""Types of the values in requests, with bounds that keys and items can hold."""

from __future__ import annotations

import datetime
from typing import Annotated

import msgspec

from keyline.wording import SAYS

MAX_NAME = 100

MedicineName = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=MAX_NAME,
        pattern=r"\S",
        extra={SAYS: "and not blank"},
        description="A medicine's name. Case, trade marks, doses and dose forms do not matter.",
    ),
]
SessionId = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9_-]+(?!\s)$",
        extra={SAYS: "of A-Z, a-z, 0-9, _ and -"},
        description="The `sessionId` that POST /sessions answered.",
        examples=["0f8fad5bd9cb469fa16570867728950e"],
    ),
]
SessionLimit = Annotated[int, msgspec.Meta(ge=1, le=100)]
SessionCursor = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9_-]+(?!\s)$",
        extra={SAYS: "of A-Z, a-z, 0-9, _ and -"},
        description="Where a page of sessions ends: the `cursor` of its answer.",
        examples=["0f8fad5bd9cb469fa16570867728950e"],
    ),
]
MAX_SEARCH = 200
"""The most characters of a search."""
SearchText = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=MAX_SEARCH,
        pattern=r"\S",
        extra={SAYS: "and not blank"},
        description="Words to look for in the frequent questions.",
        examples=["forgot a dose"],
    ),
]
Day = Annotated[datetime.date, msgspec.Meta(description="A UTC day.", examples=["2026-01-31"])]
