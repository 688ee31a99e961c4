"""What a profile takes of a request: preferences, and what a token says of its user."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec

from keyline.http import HttpError
from keyline.run import BadValue
from reports.converters import to_dynamodb

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
