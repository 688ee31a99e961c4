"""Conditions as data: on a sort key in a query, on an item before a write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

import msgspec

from keyline.errors import DeclarationError
from keyline.model.field_checks import checked_name
from keyline.model.place import last_name
from keyline.model.shape import AttributeType

Operator = Literal[
    "=",
    "<>",
    "<",
    "<=",
    ">",
    ">=",
    "between",
    "begins_with",
    "contains",
    "exists",
    "absent",
    "is_of",
]
StoredType = AttributeType | Literal["NULL"]
STORED_TYPES: tuple[str, ...] = (*get_args(AttributeType), "NULL")

SEARCHES: frozenset[str] = frozenset({"contains", "begins_with"})
"""The operators that look for a value in an attribute."""
SORT_OPERATORS: frozenset[str] = frozenset({"=", "<", "<=", ">", ">=", "between", "begins_with"})


class Size(msgspec.Struct, frozen=True):
    """The size of an attribute, in place of its value."""

    attribute: str


class Attribute(msgspec.Struct, frozen=True):
    """An attribute of the same item, in place of a value of the call."""

    attribute: str


class Condition(msgspec.Struct, frozen=True):
    """One comparison of an attribute, with a value of the call or with another attribute.

    Attributes
    ----------
    attribute
        An attribute. In a condition of a write also a place within one: `address.city`,
        `parts[0].due`.
    parameter
        The name under which the call gives the value: the attribute's own unless
        said otherwise, of a place the last name in it. A `between` takes a pair.
    measured
        Whether the size of the value is compared: the length of text, bytes of Binary, members of
        a set, list or map.
    type
        The type of an `is_of`, as DynamoDB names it.
    other
        What of the same item it is compared with; None where a call gives the value.
    """

    operator: Operator
    attribute: str
    parameter: str
    measured: bool = False
    type: StoredType | None = None
    other: Attribute | Size | None = None

    @property
    def compares(self) -> bool:
        """Return whether it is about the value, and not about whether there is one."""
        return self.operator not in ("exists", "absent", "is_of")

    @property
    def takes_value(self) -> bool:
        """Return whether a call has to give a value for it."""
        return self.compares and self.other is None

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes that it is about."""
        return (self.attribute, *((self.other.attribute,) if self.other else ()))


class AnyOf(msgspec.Struct, frozen=True):
    """Holds if at least one of its conditions does."""

    conditions: tuple[WriteCondition, ...]


class Not(msgspec.Struct, frozen=True):
    """Holds if its condition does not."""

    condition: WriteCondition


WriteCondition = Condition | AnyOf | Not
Given = str | Attribute | Size | None
"""The right side of a comparison: the name of a value of the call, or an attribute of the item."""
_AS_GIVEN = "Name the value that each call gives, or use attribute()."


def leaves(conditions: tuple[WriteCondition, ...]) -> Iterator[Condition]:
    """Yield every comparison in these conditions."""
    for condition in conditions:
        if isinstance(condition, AnyOf):
            yield from leaves(condition.conditions)
        elif isinstance(condition, Not):
            yield from leaves((condition.condition,))
        else:
            yield condition


def holds_of_none(condition: WriteCondition) -> bool:
    """Return whether a condition holds where there is no item."""
    if isinstance(condition, AnyOf):
        return any(map(holds_of_none, condition.conditions))
    if isinstance(condition, Not):
        return not holds_of_none(condition.condition)
    if condition.operator == "<>":
        return condition.other is not None or not condition.measured
    return condition.operator == "absent"


def equals(attribute: str | Size, parameter: Given = None) -> Condition:
    """Require that the attribute equals the value."""
    return _comparison("=", attribute, parameter)


def differs(attribute: str | Size, parameter: Given = None) -> Condition:
    """Require that the attribute is not the value."""
    return _comparison("<>", attribute, parameter)


def less_than(attribute: str | Size, parameter: Given = None) -> Condition:
    """Require that the attribute is less than the value."""
    return _comparison("<", attribute, parameter)


def at_most(attribute: str | Size, parameter: Given = None) -> Condition:
    """Require that the attribute is less than or equal to the value."""
    return _comparison("<=", attribute, parameter)


def greater_than(attribute: str | Size, parameter: Given = None) -> Condition:
    """Require that the attribute is greater than the value."""
    return _comparison(">", attribute, parameter)


def at_least(attribute: str | Size, parameter: Given = None) -> Condition:
    """Require that the attribute is greater than or equal to the value."""
    return _comparison(">=", attribute, parameter)


def between(attribute: str | Size, parameter: str | None = None) -> Condition:
    """Require that the attribute lies between two values, both included."""
    return _comparison("between", attribute, parameter)


def begins_with(attribute: str, parameter: Given = None) -> Condition:
    """Require that the attribute begins with the value."""
    return _comparison("begins_with", attribute, parameter)


def contains(attribute: str, parameter: Given = None) -> Condition:
    """Require that the set, list or text holds the value."""
    return _comparison("contains", attribute, parameter)


def exists(attribute: str) -> Condition:
    """Require that the item has the attribute."""
    return _comparison("exists", attribute)


def absent(attribute: str) -> Condition:
    """Require that the item does not have the attribute."""
    return _comparison("absent", attribute)


def is_of(attribute: str, type: StoredType) -> Condition:
    """Require that the stored value is of this type, as DynamoDB names it: `S`, `M`, `NULL`."""
    name = checked_name("is_of()", attribute)
    return Condition("is_of", name, last_name(name), type=type)


def size_of(attribute: str) -> Size:
    """Return the size of an attribute, to be compared in place of its value.

    The size is the length of text, the bytes of Binary, or the members of a set, list or map.

    Examples
    --------
    >>> at_most(size_of("tags"), "most").parameter
    'most'
    """
    return Size(checked_name("size_of()", attribute))


def attribute(name: str) -> Attribute:
    """Return another attribute of the item, to be compared with in place of a value of the call.

    Examples
    --------
    >>> at_most("used", attribute("limit")).attributes
    ('used', 'limit')
    """
    return Attribute(checked_name("attribute()", name))


def any_of(*conditions: WriteCondition) -> AnyOf:
    """Require that at least one of the conditions holds."""
    return AnyOf(conditions)


def not_(condition: WriteCondition) -> Not:
    """Require that the condition does not hold."""
    return Not(condition)


def _comparison(operator: Operator, compared: str | Size, given: Given = None) -> Condition:
    measured, path = isinstance(compared, Size), f"the condition {operator!r}"
    name = checked_name(path, compared.attribute if isinstance(compared, Size) else compared)
    if not isinstance(given, Given):
        raise DeclarationError(path, f"compares {name} with {given!r}.", _AS_GIVEN)
    other = given if isinstance(given, Attribute | Size) else None
    parameter = given if isinstance(given, str) else ""
    named = parameter or f"{last_name(name)}{'_size' if measured else ''}"
    return Condition(operator, name, named, measured=measured, other=other)
