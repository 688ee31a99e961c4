"""Advice for a client whose request may have been carried out: it depends on the route."""

from __future__ import annotations

from collections.abc import Collection

from keyline.http.headers import IDEMPOTENCY_KEY
from keyline.http.problem import READ_FIRST
from keyline.http.request import Request

_WITH_KEY = "Send the same request again with the same Idempotency-Key: it is carried out once."
_KEY_NEXT_TIME = (
    "Read whether it is there before you send it again. A request with the header "
    "Idempotency-Key can be sent again safely."
)
_IDEMPOTENT = (
    "Send the same request again: twice has the effect of once. Read first if others may have "
    "changed it since."
)
_DELETED = f"{_IDEMPOTENT} A 404 then says that it is gone."
_VERSIONED = "Send the same request again with the same version: it is carried out once."


def suggestion(method: str, arguments: Collection[str], request: Request) -> str:
    """Say how to find out, or how to send the request again.

    Parameters
    ----------
    arguments
        The names of what the route's handler takes.
    """
    if "key" in arguments:
        return _WITH_KEY if request.header(IDEMPOTENCY_KEY) is not None else _KEY_NEXT_TIME
    if method == "PATCH" and "if_match" in arguments:
        return _VERSIONED
    return {"PUT": _IDEMPOTENT, "DELETE": _DELETED}.get(method, READ_FIRST)
