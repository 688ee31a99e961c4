"""Check the parts of a profile that come from a request: preferences, and claims of a token."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec

from keyline.http import HttpError
from keyline.run import BadValueError
from reports.converters import to_dynamodb

MAX_PREFERENCES = 16 * 1024
"""Bytes of JSON."""


def check_preferences(preferences: dict[str, Any]) -> None:
    """Refuse preferences that an item cannot hold exactly.

    Raises
    ------
    HttpError
        400 if a part is nested too deep or cannot be stored exactly; the path names the part.
        413 if the preferences are too long.
    """
    path = "body.preferences"
    if len(msgspec.json.encode(preferences)) > MAX_PREFERENCES:
        raise HttpError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            path,
            f"is longer than {MAX_PREFERENCES} bytes.",
            "Send fewer or shorter preferences.",
        )
    try:
        to_dynamodb(preferences, path)
    except BadValueError as error:
        raise HttpError(
            HTTPStatus.BAD_REQUEST,
            error.path,
            "cannot be stored exactly.",
            "Use numbers of up to 38 digits between 1e-130 and 1e126, names that are not empty, "
            "and at most 32 levels of lists and objects.",
        ) from error


def claimed(claim: str | None, kind: Any) -> str | None:
    """Return a claim of a token; None if it is absent or a profile cannot hold it."""
    try:
        value: str | None = msgspec.convert(claim, kind | None)
    except msgspec.ValidationError:
        return None  # an unusual name must not keep its user from having a profile
    return value
