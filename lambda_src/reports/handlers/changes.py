"""Read a partial change from a body: a field that is left out stays, null removes a value."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus
from typing import Any

import msgspec

from keyline.http import HttpError


def named_changes(body: msgspec.Struct) -> dict[str, Any]:
    """Return the attributes that a body changes, without its `version`.

    Raises
    ------
    HttpError
        400 if the body changes no attribute.
    """
    fields = [f for f in msgspec.structs.fields(body) if f.name != "version"]
    given = {f.encode_name: _stored(getattr(body, f.name)) for f in fields}
    changes = {name: value for name, value in given.items() if value is not msgspec.UNSET}
    if not changes:
        raise HttpError(
            HTTPStatus.BAD_REQUEST,
            "body",
            "changes nothing.",
            f"Send at least one of {', '.join(given)}; null removes a value.",
        )
    return changes


def _stored(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
