"""Checks of conditions on items: what DynamoDB cannot compare, and what never holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

from keyline.errors import Fault, instead_of, repeated
from keyline.model.condition import (
    SEARCHES,
    STORED_TYPES,
    AnyOf,
    Condition,
    Not,
    Size,
    WriteCondition,
    leaves,
)
from keyline.model.pattern import Pattern
from keyline.model.place import default_within, place_of, places_near
from keyline.model.shape import AttributeType, Field

SETS: frozenset[AttributeType | None] = frozenset({"SS", "NS", "BS"})
_ORDERED: frozenset[AttributeType | None] = frozenset({"S", "N", "B"})
_TAKES: Mapping[str, frozenset[AttributeType | None]] = {
    "<": _ORDERED,
    "<=": _ORDERED,
    ">": _ORDERED,
    ">=": _ORDERED,
    "between": _ORDERED,
    "begins_with": frozenset({"S", "B"}),
    "contains": SETS | {"S", "B", "L"},
}
"""The types of attribute that an operator works on, where it does not work on all."""
_MEASURED: frozenset[AttributeType | None] = SETS | {"S", "B", "L", "M"}
"""The types of attribute that have a size."""
_MEASURES = frozenset({"=", "<>", "<", "<=", ">", ">=", "between"})
"""The operators that compare a size."""
_AS_CONDITIONS = "Give a tuple of conditions: (equals('state'),)."


def condition_faults(
    pattern: Pattern[Any], conditions: tuple[WriteCondition, ...], path: str = "conditions"
) -> Iterator[Fault]:
    """Yield what is wrong with conditions on an item: of a write, or those that leave items out.

    Parameters
    ----------
    path
        What an error names as their place.
    """
    yield from stranger_faults(conditions, path)
    if any(map(_holds_nothing, conditions)):
        yield path, "any_of() holds nothing.", "Give it conditions."
    for condition in leaves(conditions):
        yield from _comparison_faults(pattern, condition, f"{path}.{condition.attribute}")
        yield from _other_faults(pattern, condition, path)
    compared = ((c.attribute, c.parameter) for c in leaves(conditions) if c.takes_value)
    for attribute, parameter in repeated(compared):
        yield (
            f"{path}.{attribute}",
            f"two conditions take their value from {parameter!r}.",
            f"Name one of the parameters: at_most({attribute!r}, 'highest').",
        )


def stranger_faults(conditions: object, path: str) -> Iterator[Fault]:
    """Yield conditions that are not in a tuple, and members of the tuple that compare nothing."""
    if not isinstance(conditions, tuple | list):
        yield path, f"is given {conditions!r}, which is not a tuple.", _AS_CONDITIONS
        return
    for condition in conditions:
        if isinstance(condition, AnyOf):
            yield from stranger_faults(condition.conditions, path)
        elif isinstance(condition, Not):
            yield from stranger_faults((condition.condition,), path)
        elif not isinstance(condition, Condition):
            yield path, f"is given {condition!r}, which is not a condition.", _AS_CONDITIONS


def _holds_nothing(condition: WriteCondition) -> bool:
    if isinstance(condition, Not):
        return _holds_nothing(condition.condition)
    if isinstance(condition, AnyOf):
        return not condition.conditions or any(map(_holds_nothing, condition.conditions))
    return False


def _comparison_faults(pattern: Pattern[Any], condition: Condition, path: str) -> Iterator[Fault]:
    place = place_of(pattern.kind, condition.attribute)
    field, found = place.field if place else None, _type_of(pattern, condition.attribute)
    yield from _compared_faults(pattern, condition, condition.attribute, path)
    takes = _MEASURED if condition.measured else _TAKES.get(condition.operator, {found})
    if condition.measured and condition.operator not in _MEASURES:
        yield (
            path,
            f"{condition.operator!r} does not compare a size.",
            f"Use one of {', '.join(sorted(_MEASURES))}.",
        )
    else:
        what = "a size" if condition.measured else repr(condition.operator)
        yield from _taken_faults(path, what, found, takes)
    if condition.operator == "is_of":
        yield from _type_faults(path, condition, found, field)
    if not condition.compares and field and field.defaulted:
        yield (
            path,
            f"{condition.operator!r} takes an item from before the field for one without a value, "
            "and a read gives it the default.",
            "Compare the value, or ask for the item by its key: "
            f"{'absent' if condition.operator == 'absent' else 'exists'}"
            f"({pattern.table.key.partition[0]!r}).",
        )


def _type_of(pattern: Pattern[Any], attribute: str) -> AttributeType | None:
    """Return the DynamoDB type of what a condition names; None where nobody declared it."""
    if place := place_of(pattern.kind, attribute):
        return place.type
    ttl = pattern.table.ttl.attribute if pattern.table.ttl else None
    return pattern.kind.type_of(attribute) or ("N" if attribute == ttl else None)


def _compared_faults(
    pattern: Pattern[Any], condition: Condition, attribute: str, path: str
) -> Iterator[Fault]:
    """Yield what is wrong with one of the attributes that a condition names."""
    kind, place = pattern.kind, place_of(pattern.kind, attribute)
    field = place.field if place else None
    if place is None and _type_of(pattern, attribute) is None:
        yield (
            path,
            f"{kind.shape.__name__} has no such attribute.",
            instead_of(attribute, places_near(kind, attribute)),
        )
    if condition.compares and field and field.compress_above:
        yield path, "is stored compressed.", "Compare an attribute that is stored as it is."
    if condition.compares and attribute in pattern.table.sharded:
        yield path, "is stored with a write shard.", "Compare another attribute."


def _taken_faults(
    path: str, what: str, found: AttributeType | None, takes: Set[AttributeType | None]
) -> Iterator[Fault]:
    """Yield that an operator or a size does not work on a type; nobody knows of an undeclared."""
    if found is not None and found not in takes:
        yield (
            path,
            f"{what} does not work on the type {found}.",
            f"It takes {', '.join(sorted(t for t in takes if t))}.",
        )


def _other_faults(pattern: Pattern[Any], condition: Condition, where: str) -> Iterator[Fault]:
    """Yield what is wrong with the attribute that another one is compared with."""
    other = condition.other
    if other is None:
        return
    path, found = f"{where}.{other.attribute}", _type_of(pattern, other.attribute)
    yield from _compared_faults(pattern, condition, other.attribute, path)
    if condition.operator == "between":
        yield (
            path,
            "is one attribute, and 'between' takes two values.",
            "Use at_least() and at_most(), each with attribute().",
        )
    if other.attribute == condition.attribute:
        yield path, "is compared with itself.", "Name another attribute."
    if isinstance(other, Size):
        yield from _taken_faults(path, "a size", found, _MEASURED)
    if condition.operator in SEARCHES:
        yield from _search_faults(pattern, condition, path)
        return
    ours = "N" if condition.measured else _type_of(pattern, condition.attribute)
    theirs = "N" if isinstance(other, Size) else found
    if None not in (ours, theirs) and ours != theirs:
        yield (
            path,
            f"is {theirs}, and {condition.attribute} is {ours}.",
            "Compare attributes of one type.",
        )


def _search_faults(pattern: Pattern[Any], condition: Condition, path: str) -> Iterator[Fault]:
    """Yield what is wrong with an attribute that another one has to hold, or to begin with."""
    place, other = place_of(pattern.kind, condition.attribute), condition.other
    if other is None or place is None:
        return
    if any(default_within(place, level) for level in range(len(place.levels))):
        yield (
            path,
            f"is searched for in {condition.attribute}, whose default DynamoDB cannot search.",
            "Let the default be None or empty.",
        )
    ours, theirs = place.type, _type_of(pattern, other.attribute)
    member = {"SS": "S", "NS": "N", "BS": "B"}.get(ours or "", ours)
    if isinstance(other, Size):
        yield path, f"{condition.operator!r} does not take a size.", "Use attribute()."
    elif ours != "L" and None not in (ours, theirs) and member != theirs:
        yield (
            path,
            f"is {theirs}, and {condition.attribute} holds {member}.",
            f"Use an attribute of the type {member}.",
        )


def _type_faults(
    path: str, condition: Condition, found: AttributeType | None, field: Field | None
) -> Iterator[Fault]:
    """Yield what is wrong with a type that is asked for."""
    asked = condition.type
    if asked not in STORED_TYPES:
        yield path, f"{asked!r} is not a type.", f"Use one of {', '.join(STORED_TYPES)}."
    elif found is not None and not (field and field.compress_above) and asked != found:
        yield path, f"is never {asked}: it is declared as {found}.", "Leave the condition out."
