"""The headers of a request that a handler's signature may ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

import msgspec

from keyline.http.problem import HttpError

IDEMPOTENCY_KEY = "idempotency-key"
IF_MATCH = "if-match"
MAX_KEY = 255
"""Characters of an idempotency key."""

# A String of RFC 9651, or the same text without quotes, as many clients send it.
_QUOTED = rf'"([ !#-\[\]-~]|\\["\\]){{1,{MAX_KEY}}}"'
_BARE = rf"[!#-+\--:<-\[\]-~]{{1,{MAX_KEY}}}"
_VERSION = r'"[1-9][0-9]{0,15}"'

KeyHeader = Annotated[
    str,
    msgspec.Meta(
        pattern=f"^({_QUOTED}|{_BARE})$",
        description=(
            "A key of the client's own that no other request has, such as a UUID, in quotes. The "
            "same request may be sent again with the same key: it is carried out once, and "
            "answered as the first time, with `Idempotent-Replayed: true`. With another request "
            "the key is refused with 422."
        ),
    ),
]
IfMatchHeader = Annotated[
    str,
    msgspec.Meta(
        pattern=f"^{_VERSION}$",
        description=(
            "The `ETag` that was read. It says the same as `version`, and either is enough. 412 "
            "if the item has another version by now."
        ),
    ),
]


class RequestHeader(msgspec.Struct, frozen=True):
    """A header that a handler may take.

    Attributes
    ----------
    name
        The name of the header.
    type
        The type of its value: text of a pattern, with a description.
    """

    name: str
    type: Any


HEADER_ARGUMENTS: Mapping[str, RequestHeader] = {
    "key": RequestHeader("Idempotency-Key", KeyHeader),
    "if_match": RequestHeader("If-Match", IfMatchHeader),
}
"""By the name of the handler's argument."""


def key_of(header: str) -> str:
    """Return the key that `Idempotency-Key` holds.

    Raises
    ------
    HttpError
        400 if it is not one key, or if it is too long.
    """
    text = header.strip()
    if re.fullmatch(_BARE, text):
        return text
    if re.fullmatch(_QUOTED, text):
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    raise HttpError(
        HTTPStatus.BAD_REQUEST,
        f"headers.{IDEMPOTENCY_KEY}",
        f"is not a text of 1 to {MAX_KEY} visible ASCII characters.",
        "Send one key in quotes, such as a new UUID for each request.",
    )


def version_of(header: str) -> int:
    """Return the version that `If-Match` holds.

    Raises
    ------
    HttpError
        400 if it is not one version in quotes.
    """
    text = header.strip()
    if re.fullmatch(_VERSION, text):
        return int(text[1:-1])
    raise HttpError(
        HTTPStatus.BAD_REQUEST,
        f"headers.{IF_MATCH}",
        "is not one version in quotes.",
        'Send the ETag that was read: If-Match: "3".',
    )
