"""A page of a query's items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """Items in order, and where to read on.

    Attributes
    ----------
    cursor
        Opaque; to be given to the next call of the same query. None where there is no more.
    """

    items: list[T]
    cursor: str | None
