"""Types of the values in requests, with bounds that keys and items can hold."""

from __future__ import annotations

from typing import Annotated

import msgspec

MAX_NAME = 100

MedicineName = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=MAX_NAME,
        pattern=r"\S",
        description="A medicine's name. Case and surrounding spaces do not matter.",
    ),
]
SessionId = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[A-Za-z0-9_-]{1,64}(?!\s)$",
        description="The `sessionId` that POST /sessions answered.",
        examples=["0f8fad5bd9cb469fa16570867728950e"],
    ),
]
SessionLimit = Annotated[int, msgspec.Meta(ge=1, le=100)]
SessionCursor = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[A-Za-z0-9_-]{1,64}(?!\s)$",
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
        description="Words to look for in the frequent questions.",
        examples=["forgot a dose"],
    ),
]
Day = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?!\s)$",
        description="A UTC day.",
        examples=["2026-01-31"],
    ),
]
