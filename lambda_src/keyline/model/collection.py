"""Several kinds of items as one result: what a query over a shared partition comes back as."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, overload

import msgspec

ItemT = TypeVar("ItemT", bound=msgspec.Struct)
A = TypeVar("A", bound=msgspec.Struct)
B = TypeVar("B", bound=msgspec.Struct)
C = TypeVar("C", bound=msgspec.Struct)
D = TypeVar("D", bound=msgspec.Struct)
E = TypeVar("E", bound=msgspec.Struct)


class OneOf(msgspec.Struct, Generic[ItemT], frozen=True):
    """A shape that is one of several; made by `one_of`.

    Attributes
    ----------
    shapes
        Kinds of items of one table.
    """

    shapes: tuple[type[msgspec.Struct], ...]


@overload
def one_of(first: type[A], /) -> OneOf[A]: ...
@overload
def one_of(first: type[A], second: type[B], /) -> OneOf[A | B]: ...
@overload
def one_of(first: type[A], second: type[B], third: type[C], /) -> OneOf[A | B | C]: ...
@overload
def one_of(
    first: type[A], second: type[B], third: type[C], fourth: type[D], /
) -> OneOf[A | B | C | D]: ...
@overload
def one_of(
    first: type[A], second: type[B], third: type[C], fourth: type[D], fifth: type[E], /
) -> OneOf[A | B | C | D | E]: ...
@overload
def one_of(*shapes: type[msgspec.Struct]) -> OneOf[msgspec.Struct]: ...


def one_of(*shapes: type[msgspec.Struct]) -> OneOf[Any]:
    """Return the shape of a query that reads several kinds of items of one partition.

    Each item comes back as its own kind, by the table's discriminator; the query's result is
    typed as the union of up to five.

    Examples
    --------
    >>> Query(name="account", shape=one_of(User, Session), ...)  # Page[User | Session]
    """
    return OneOf(shapes)
