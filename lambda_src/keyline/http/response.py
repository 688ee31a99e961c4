"""An answer of a handler that is more than a body."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

import msgspec

from keyline.errors import DeclarationError
from keyline.model.http_headers import RESPONSE_HEADERS, SAFELISTED_RESPONSE_HEADERS

_READABLE = frozenset(name.lower() for name in (*RESPONSE_HEADERS, *SAFELISTED_RESPONSE_HEADERS))

BodyT_co = TypeVar("BodyT_co", covariant=True)

REPLAYED = "Idempotent-Replayed"
"""The header that Stripe's API made usual; the IETF's draft names none."""


class Response(msgspec.Struct, Generic[BodyT_co], frozen=True):
    """A successful answer with headers; its status is the route's.

    Attributes
    ----------
    body
        A Struct or anything else that JSON can say; None answers 204.
    headers
        By name, one value each.

    Examples
    --------
    >>> def create(body: NewNote) -> Response[Note]:
    ...     return Response(note, headers={"Location": f"/notes/{note.noteId}"})
    """

    body: BodyT_co
    headers: Mapping[str, str] = {}

    def __post_init__(self) -> None:
        """Refuse a header that browsers would not hand over."""
        check_headers(self.headers)


def check_headers(names: Iterable[str]) -> None:
    """Refuse a header that a browser would hide from an application of another origin.

    Raises
    ------
    DeclarationError
        If a header is neither declared in `RESPONSE_HEADERS` nor safelisted.
    """
    for name in names:
        if name.lower() not in _READABLE:
            raise DeclarationError(
                f"headers.{name}",
                "is not a declared header, so CORS does not expose it.",
                "Add it to RESPONSE_HEADERS in keyline.model.http_headers.",
            )


def replayed(earlier: bool) -> dict[str, str]:
    """Return the headers that say whether an earlier try of the request had the same answer.

    Parameters
    ----------
    earlier
        Whether an earlier request had the same idempotency key.
    """
    return {REPLAYED: "true"} if earlier else {}
