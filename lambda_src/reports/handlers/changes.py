"""What a partial change names: a field left out stays, null removes it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec

from keyline.http import HttpError


def named_changes(body: msgspec.Struct) -> dict[str, Any]:
    """The attributes that a body changes, its `version` left aside.

    Raises
    ------
    HttpError
        400 if there is none.
    """
    fields = [f for f in msgspec.structs.fields(body) if f.name != "version"]
    given = {f.encode_name: getattr(body, f.name) for f in fields}
    changes = {name: value for name, value in given.items() if value is not msgspec.UNSET}
    if not changes:
        raise HttpError(
            HTTPStatus.BAD_REQUEST,
            "body",
            "changes nothing.",
            f"Send some of {', '.join(given)}; null removes one.",
        )
    return changes
