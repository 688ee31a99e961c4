"""Types of the values in requests, with bounds that keys and items can hold."""

from __future__ import annotations

import datetime
from typing import Annotated

import msgspec

from keyline.inputs import MultiLine, PathId
from keyline.wording import SAYS
from memory.turns import ID_PATTERN, MAX_CONTENT

SessionId = Annotated[
    PathId,
    msgspec.Meta(
        max_length=128,
        examples=["trip-to-san-jose"],
        description="The client's name of a session. Two users may give sessions the same name.",
    ),
]
TurnIdText = Annotated[
    str,
    msgspec.Meta(
        pattern=ID_PATTERN,
        extra={SAYS: "as the answers of this API give it"},
        examples=["1767225600000001-3fa-user"],
    ),
]
Day = Annotated[datetime.date, msgspec.Meta(description="A UTC day.", examples=["2026-01-31"])]
Cursor = Annotated[str, msgspec.Meta(min_length=1, examples=["AWMtNDU2IzE3NjcyMjU2"])]
"""Where a page ends: the `cursor` of its answer."""
Limit = Annotated[int, msgspec.Meta(ge=1, le=200)]
QueryText = Annotated[
    MultiLine, msgspec.Meta(max_length=MAX_CONTENT, examples=["Which restaurant was it?"])
]


class PageQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The page of a list."""

    limit: Limit = 50
    cursor: Cursor | None = None
