"""Comparisons of two attributes of an item, of which either may be absent and have a default."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from keyline.model.condition import SEARCHES, Operator
from keyline.model.place import Place
from keyline.run.comparison import holds
from keyline.run.presence import Aliases, presence
from keyline.run.scalars import Wire

EMPTY_SET: Wire = {"SS": []}
"""The default of a set. DynamoDB stores no empty ones."""
_EMPTY: Sequence[Wire] = ({"S": ""}, {"B": b""})
"""What holds itself, and nothing else that can be searched for."""
_NULL: Wire = {"S": "NULL"}


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
    may_be_null
        Whether None may be stored there.
    """

    text: str
    called: str
    absences: list[Absence]
    may_be_null: bool


def of_two(into: Aliases, operator: Operator, ours: Side, theirs: Side) -> str:
    """Return the text of a comparison of two attributes, as a read would give them.

    Nothing holds where one of them has no value, but `<>`, which holds wherever `=` does not.
    """
    if operator == "<>":
        return f"(NOT {of_two(into, '=', ours, theirs)})"
    cases = [_joined("AND", each) for each in _cases(into, operator, ours, theirs)]
    return _joined("OR", cases)


def _joined(word: str, texts: Sequence[str]) -> str:
    """Return conditions as one; DynamoDB refuses redundant parentheses."""
    return texts[0] if len(texts) == 1 else f"({f' {word} '.join(texts)})"


def _cases(
    into: Aliases, operator: Operator, ours: Side, theirs: Side
) -> Iterator[tuple[str, ...]]:
    """Yield what holds in each case that can hold: both are there, one of them, or neither."""
    yield (_comparison(operator, ours.text, theirs.text), *_has_value(into, operator, theirs))
    for one in ours.absences:
        if operator in SEARCHES:  # in an attribute, and not in a value of ours
            if one.default in _EMPTY:
                yield (*_guard(into, one), f"{theirs.text} = {_default(into, ours, one)}")
        elif one.default != EMPTY_SET:
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
    if operator in SEARCHES:
        return f"{operator}({ours}, {theirs})"
    return f"{ours} {operator} {theirs}"


def _has_value(into: Aliases, operator: Operator, theirs: Side) -> Iterator[str]:
    """Yield that it is not None, where DynamoDB would find one None in another."""
    if theirs.may_be_null and operator in ("=", "contains"):
        yield f"(NOT attribute_type({theirs.text}, {into.place('null', lambda _: _NULL)}))"


def _guard(into: Aliases, absence: Absence) -> Iterator[str]:
    """Yield that a step is absent from what is there."""
    yield f"attribute_not_exists({into.path(absence.lacking)})"
    if absence.there:
        yield presence(into, absence.there).leads


def _default(into: Aliases, side: Side, absence: Absence) -> str:
    return into.place(f"{side.called}_default", lambda _: absence.default)
