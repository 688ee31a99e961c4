"""The types of what requests name, with bounds that keys and items can hold."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

import msgspec

from keyline.http import HttpError
from keyline.run.errors import BadValue
from reports.converters import to_dynamodb

ReportId = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=128, examples=["0f8fad5b-d9cb-469f-a165-70867728950e"]),
]
ProductId = Annotated[str, msgspec.Meta(min_length=1, max_length=128, examples=["product-1"])]
"""At most 512 bytes of UTF-8; a partition key takes 2,048."""
Title = Annotated[
    str, msgspec.Meta(min_length=1, max_length=300, examples=["Test Report", "Spring collection"])
]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=300, examples=["Ada Example"])]
Date = Annotated[str, msgspec.Meta(min_length=1, max_length=64, examples=["2026-01-31"])]
Reference = Annotated[str, msgspec.Meta(min_length=1, max_length=300, examples=["REF-2026-001"])]
Email = Annotated[
    str,
    msgspec.Meta(
        min_length=3,
        max_length=254,
        pattern=r"^[^@\s]+@[^@\s]+(?!\s)$",
        examples=["ada@example.com"],
    ),
]
Url = Annotated[
    str,
    msgspec.Meta(
        max_length=2048, pattern=r"^https://\S+(?!\s)$", examples=["https://example.com/avatar.png"]
    ),
]
Preferences = Annotated[dict[str, Any], msgspec.Meta(examples=[{"theme": "dark", "pageSize": 20}])]
Version = Annotated[int, msgspec.Meta(ge=1, le=2**53, examples=[1])]
Limit = Annotated[int, msgspec.Meta(ge=1, le=100, examples=[20])]
Cursor = str

MAX_PREFERENCES = 16 * 1024
"""Bytes of JSON."""


def check_preferences(preferences: dict[str, Any]) -> dict[str, Any]:
    """Preferences that an item holds exactly.

    Raises
    ------
    HttpError
        400 by the path of what is too deep or cannot be stored exactly, 413 if they are long.
    """
    path = "body.preferences"
    if len(msgspec.json.encode(preferences)) > MAX_PREFERENCES:
        raise HttpError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            path,
            f"is longer than {MAX_PREFERENCES} bytes.",
            "Send less.",
        )
    try:
        to_dynamodb(preferences, path)
    except BadValue as error:
        raise HttpError(
            HTTPStatus.BAD_REQUEST,
            error.path,
            "cannot be stored exactly.",
            "Numbers have up to 38 digits and lie between 1e-130 and 1e126, names are not empty, "
            "and lists and objects are nested 32 levels deep at most.",
        ) from error
    return preferences


def claimed(claim: str | None, kind: Any) -> str | None:
    """What a token says of its user, where it says so and the profile would take it."""
    try:
        said: str | None = msgspec.convert(claim, kind | None)
    except msgspec.ValidationError:
        return None  # a profile without a name, rather than no profile for who has an odd one
    return said
