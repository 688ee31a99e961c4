"""Conditions as data: on a sort key in a query, on an item before a write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Operator = Literal[
    "=", "<>", "<", "<=", ">", ">=", "between", "begins_with", "contains", "exists", "absent"
]

SORT_OPERATORS: frozenset[str] = frozenset({"=", "<", "<=", ">", ">=", "between", "begins_with"})


@dataclass(frozen=True)
class Condition:
    """One comparison of an attribute with a value given at the call.

    Attributes
    ----------
    parameter
        The name under which the call gives the value: the attribute's own unless
        said otherwise. A `between` takes a pair.
    """

    operator: Operator
    attribute: str
    parameter: str

    @property
    def takes_value(self) -> bool:
        """Whether a call has to give a value for it."""
        return self.operator not in ("exists", "absent")


@dataclass(frozen=True)
class AnyOf:
    """Holds if at least one of its conditions does."""

    conditions: tuple[Condition, ...]


WriteCondition = Condition | AnyOf


def leaves(conditions: tuple[WriteCondition, ...]) -> Iterator[Condition]:
    """Every comparison in these conditions."""
    for condition in conditions:
        if isinstance(condition, AnyOf):
            yield from condition.conditions
        else:
            yield condition


def equals(attribute: str, parameter: str | None = None) -> Condition:
    """The attribute equals the value."""
    return Condition("=", attribute, parameter or attribute)


def differs(attribute: str, parameter: str | None = None) -> Condition:
    """The attribute is not the value."""
    return Condition("<>", attribute, parameter or attribute)


def less_than(attribute: str, parameter: str | None = None) -> Condition:
    """The attribute is less than the value."""
    return Condition("<", attribute, parameter or attribute)


def at_most(attribute: str, parameter: str | None = None) -> Condition:
    """The attribute is less than or equal to the value."""
    return Condition("<=", attribute, parameter or attribute)


def greater_than(attribute: str, parameter: str | None = None) -> Condition:
    """The attribute is greater than the value."""
    return Condition(">", attribute, parameter or attribute)


def at_least(attribute: str, parameter: str | None = None) -> Condition:
    """The attribute is greater than or equal to the value."""
    return Condition(">=", attribute, parameter or attribute)


def between(attribute: str, parameter: str | None = None) -> Condition:
    """The attribute lies between two values, both included."""
    return Condition("between", attribute, parameter or attribute)


def begins_with(attribute: str, parameter: str | None = None) -> Condition:
    """The attribute begins with the value."""
    return Condition("begins_with", attribute, parameter or attribute)


def contains(attribute: str, parameter: str | None = None) -> Condition:
    """The set, list or text holds the value."""
    return Condition("contains", attribute, parameter or attribute)


def exists(attribute: str) -> Condition:
    """The item has the attribute."""
    return Condition("exists", attribute, attribute)


def absent(attribute: str) -> Condition:
    """The item does not have the attribute."""
    return Condition("absent", attribute, attribute)


def any_of(*conditions: Condition) -> AnyOf:
    """At least one of the conditions holds."""
    return AnyOf(conditions)
