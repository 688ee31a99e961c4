"""What a handler answers that is more than a body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

BodyT_co = TypeVar("BodyT_co", covariant=True)


@dataclass(frozen=True)
class Response(Generic[BodyT_co]):
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
    headers: Mapping[str, str] = field(default_factory=dict)
