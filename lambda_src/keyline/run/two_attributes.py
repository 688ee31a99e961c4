"""Comparisons of two attributes of an item, of which either may be absent and have a default."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from keyline.model.condition import Operator
from keyline.model.place import Place
from keyline.run.comparison import holds
from keyline.run.scalars import Wire

EMPTY_SET: Wire = {"SS": []}
"""The default of a set. DynamoDB stores no empty ones."""


class Aliases(Protocol):
    """The aliases of a request, with which an expression names places and values."""

    def path(self, place: Place) -> str:
        """Return the aliases of a place."""
        ...

    def place(self, hint: str, make: Callable[[Mapping[str, Any]], Wire]) -> str:
        """Return a placeholder of its own for a value."""
        ...


class Absence(NamedTuple):
    """A step to an attribute's value that may be absent, and what a read gives then.

    Attributes
    ----------
    there
        What the step is a step from: for an attribute the item's key, and None where there is an
        item in any case.
    """

    lacking: Place
    there: Place | None
    default: Wire


class Side(NamedTuple):
    """One side of a comparison.

    Attributes
    ----------
    text
        What is compared, by its aliases.
    called
        What placeholders of its defaults are called after.
    """

    text: str
    called: str
    absences: list[Absence]


def of_two(into: Aliases, operator: Operator, ours: Side, theirs: Side) -> str:
    """Return the text of a comparison of two attributes, as a read would give them.

    Nothing holds where one of them has no value, but `<>`, which holds wherever `=` does not.
    """
    if operator == "<>":
        return f"(NOT {of_two(into, '=', ours, theirs)})"
    texts = list(_cases(into, operator, ours, theirs))
    if len(texts) == 1:
        return texts[0][0]
    joined = (each[0] if len(each) == 1 else f"({' AND '.join(each)})" for each in texts)
    return f"({' OR '.join(joined)})"


def _cases(
    into: Aliases, operator: Operator, ours: Side, theirs: Side
) -> Iterator[tuple[str, ...]]:
    """Yield what holds in each case that can hold: both are there, one of them, or neither."""
    yield (_comparison(operator, ours.text, theirs.text),)
    for one in ours.absences:
        if one.default != EMPTY_SET:
            default = _default(into, ours, one)
            yield (*_guard(into, one), _comparison(operator, default, theirs.text))
    for other in theirs.absences:
        if other.default != EMPTY_SET:
            default = _default(into, theirs, other)
            yield (*_guard(into, other), _comparison(operator, ours.text, default))
    for one in ours.absences:
        for other in theirs.absences:
            if holds(operator, one.default, [other.default]):
                yield tuple(dict.fromkeys((*_guard(into, one), *_guard(into, other))))


def _comparison(operator: Operator, ours: str, theirs: str) -> str:
    if operator in ("contains", "begins_with"):
        return f"{operator}({ours}, {theirs})"
    return f"{ours} {operator} {theirs}"


def _guard(into: Aliases, absence: Absence) -> Iterator[str]:
    """Yield that a step is absent from what is there."""
    yield f"attribute_not_exists({into.path(absence.lacking)})"
    if absence.there:
        yield f"attribute_exists({into.path(absence.there)})"


def _default(into: Aliases, side: Side, absence: Absence) -> str:
    return into.place(f"{side.called}_default", lambda _: absence.default)
