"""Expressions in which no attribute's name and no value stands as itself.

Any name may be one of DynamoDB's 573 reserved words; an alias never is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from keyline.model.condition import Condition, Not, Size, WriteCondition
from keyline.model.pattern import Query
from keyline.model.place import Place, default_within, last_name, place_of
from keyline.run import values
from keyline.run.codec import value_of
from keyline.run.comparison import holds
from keyline.run.errors import BadValueError
from keyline.run.keytext import pair
from keyline.run.presence import Presence, presence
from keyline.run.scalars import Wire
from keyline.run.two_attributes import EMPTY_SET, Absence, Side, of_two

_PLAIN = re.compile(r"[A-Za-z0-9_]+")
_MAX_STEM = 200
"""Characters; DynamoDB takes aliases and placeholders of 255."""

Make = Callable[[Mapping[str, Any]], Wire]
"""The values of a call by name → the value of a placeholder."""

Text = str | Callable[[Mapping[str, Any]], str]
"""A condition's text; made of the values of a call where a default decides."""


class Expressions:
    """The names and placeholders of one request.

    Attributes
    ----------
    names
        Alias → attribute: the request's ExpressionAttributeNames.
    makers
        Placeholder → what makes its value from the values of a call.
    """

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.makers: dict[str, Make] = {}
        self._aliases: dict[str, str] = {}
        self._checks: list[Callable[[Mapping[str, Any]], None]] = []

    def name(self, attribute: str) -> str:
        """Return the alias of an attribute: the same each time, and of no other attribute."""
        alias = self._aliases.get(attribute)
        if alias is None:
            alias = _free(f"#{_stem(attribute)}", self.names)
            self._aliases[attribute] = alias
            self.names[alias] = attribute
        return alias

    def path(self, place: Place) -> str:
        """Return the aliases of a place: `#address.#city`, `#parts[0]`."""
        steps = (f"[{s}]" if isinstance(s, int) else f".{self.name(s)}" for s in place.steps)
        return self.name(place.attribute) + "".join(steps)

    def place(self, hint: str, make: Make) -> str:
        """Return a placeholder of its own for a value."""
        placeholder = _free(f":{_stem(hint)}", self.makers)
        self.makers[placeholder] = make
        return placeholder

    def expect(self, check: Callable[[Mapping[str, Any]], None]) -> None:
        """Have the values of each call checked before any is made."""
        self._checks.append(check)

    def parameters(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the request's ExpressionAttributeNames and -Values, as far as there are any."""
        for check in self._checks:
            check(given)
        out: dict[str, Any] = {}
        if self.names:
            out["ExpressionAttributeNames"] = self.names
        if self.makers:
            out["ExpressionAttributeValues"] = {p: make(given) for p, make in self.makers.items()}
        return out


@lru_cache(maxsize=1024)
def _stem(name: str) -> str:
    """Return a readable part of an alias; two names may have the same."""
    return name if len(name) <= _MAX_STEM and _PLAIN.fullmatch(name) else "x"


def _free(wanted: str, taken: Mapping[str, object]) -> str:
    found, n = wanted, 1
    while found in taken:
        n += 1
        found = f"{wanted}_{n}"
    return found


def conditions(into: Expressions, pattern: Any, declared: Iterable[WriteCondition]) -> list[Text]:
    """Return the texts of conditions on an item, which are to be joined with AND."""
    return [_write_condition(into, pattern, c) for c in declared]


def chosen(texts: Iterable[Text], given: Mapping[str, Any]) -> list[str]:
    """Return the texts for the values of a call."""
    return [text if isinstance(text, str) else text(given) for text in texts]


def _write_condition(into: Expressions, pattern: Any, condition: WriteCondition) -> Text:
    if isinstance(condition, Condition):
        return _comparison(into, pattern, condition)
    if isinstance(condition, Not):
        inner = _write_condition(into, pattern, condition.condition)
        return _joined([inner], lambda texts: f"(NOT {texts[0]})")
    parts = [_write_condition(into, pattern, c) for c in condition.conditions]
    if len(parts) == 1:
        return parts[0]  # DynamoDB refuses redundant parentheses
    return _joined(parts, lambda texts: f"({' OR '.join(texts)})")


def _joined(parts: list[Text], join: Callable[[list[str]], str]) -> Text:
    """Return the text of several.

    The text is made of the values of a call where one of the parts is.
    """

    def joined(given: Mapping[str, Any]) -> str:
        return join(chosen(parts, given))

    return joined({}) if all(isinstance(part, str) for part in parts) else joined


def _comparison(into: Expressions, pattern: Any, condition: Condition) -> Text:
    place = place_of(pattern.kind, condition.attribute)
    name = into.path(place) if place else into.name(condition.attribute)
    if condition.operator == "exists":
        return f"attribute_exists({name})"
    if condition.operator == "absent":
        return f"attribute_not_exists({name})"
    if condition.operator == "is_of":
        tag: Wire = {"S": condition.type}
        return f"attribute_type({name}, {into.place('type', lambda _: tag)})"
    if condition.other is not None:
        theirs = _side(into, pattern, condition.other.attribute, isinstance(condition.other, Size))
        ours = _side(into, pattern, condition.attribute, condition.measured)
        return of_two(into, condition.operator, ours, theirs)
    hint = condition.parameter if condition.operator == "between" else f"if_{condition.parameter}"
    encode = _encoder(pattern, condition, place)
    build = _within if condition.operator == "between" else compared
    compares = f"size({name})" if condition.measured else name
    text = build(into, condition, encode, hint, compares)
    levels = _defaults(into, pattern, condition, place) if place else []
    if not levels:
        return text
    makes = _operands(condition, encode)

    def by_default(given: Mapping[str, Any]) -> str:
        operands = [make(given) for make in makes]
        made = text
        for lacking, there, default in levels:
            met = holds(condition.operator, default, operands)
            made = _with_default(condition, made, lacking, there, met=met)
        return made

    return by_default


def _defaults(
    into: Expressions, pattern: Any, condition: Condition, place: Place
) -> list[tuple[str, Presence | None, Wire]]:
    """Return what a read gives at a place, for each step to it that has a default when absent.

    Each with the name of what is absent, with what it is a step from, and with what is compared.
    """
    return [
        (into.path(lacking), presence(into, there) if there else None, default)
        for lacking, there, default in _absences(pattern, place, condition.measured)
        if default != EMPTY_SET
    ]


def _absences(pattern: Any, place: Place, measured: bool) -> Iterator[Absence]:
    """Yield each step to a place that may be absent and has a default then."""
    prefixes = [
        Place(place.attribute, place.steps[:level], place.levels[: level + 1])
        for level in range(len(place.levels))
    ]
    for level, lacking in enumerate(prefixes):
        value = default_within(place, level)
        if value is None:
            continue
        wire = values.of_type(place.annotation).encode(value) or EMPTY_SET
        ((_, content),) = wire.items()
        there = prefixes[level - 1] if level else _item(pattern)
        yield Absence(lacking, there, {"N": str(len(content))} if measured else wire)


def _item(pattern: Any) -> Place | None:
    """Return what every item has; None where there is an item in any case, as in a query."""
    return None if isinstance(pattern, Query) else Place(pattern.table.key.partition[0], (), ())


def _side(into: Expressions, pattern: Any, attribute: str, measured: bool) -> Side:
    """Return one side of a comparison of two attributes."""
    place = place_of(pattern.kind, attribute)
    name = into.path(place) if place else into.name(attribute)
    absences = list(_absences(pattern, place, measured)) if place else []
    may_be_null = bool(place and place.may_hold_none) and not measured
    text = f"size({name})" if measured else name
    return Side(text, last_name(attribute), absences, may_be_null)


def _within(
    into: Expressions,
    condition: Condition,
    encode: Callable[[Any], Wire | None],
    hint: str,
    name: str,
) -> str:
    """Return the text of a range in a condition of a write.

    A range whose end is before its start holds for nothing.

    DynamoDB refuses a BETWEEN of such a range.
    """
    makes = _operands(condition, encode)
    low, high = into.place(f"{hint}_low", makes[0]), into.place(f"{hint}_high", makes[1])
    return f"({name} >= {low} AND {name} <= {high})"


def _with_default(
    condition: Condition, text: str, lacking: str, there: Presence | None, *, met: bool
) -> str:
    """Return a comparison's text with what holds where a step is absent.

    The default of the step meets the comparison or does not.

    An item that lacks the attribute counts as one that has the default. Where there is no item
    at all, every comparison is as DynamoDB has it: only `<>` holds. All texts name the same.

    Parameters
    ----------
    lacking, there
        The step, and whether there is what it is a step from: for an attribute the item. None
        where there is an item in any case.
    """
    if there is None:
        if met:
            return f"({text} OR attribute_not_exists({lacking}))"
        return f"({text} AND attribute_exists({lacking}))"
    by_default = f"attribute_not_exists({lacking}) AND {there.leads}"
    if met and condition.operator == "<>" and not condition.measured:
        # It holds of what is absent anyway. The key is named all the same, as in the other texts.
        return f"({text} OR {there.ends})"
    if met:
        return f"({text} OR ({by_default}))"
    return f"({text} AND (attribute_exists({lacking}) OR {there.ends}))"


def _operands(condition: Condition, encode: Callable[[Any], Wire | None]) -> list[Make]:
    """Return what encodes the values that a condition compares with."""
    parameter = condition.parameter
    if condition.operator == "between":
        return [_bound(parameter, encode, 0), _bound(parameter, encode, 1)]
    return [lambda given: encoded(parameter, encode, given[parameter])]


def compared(
    into: Expressions,
    condition: Condition,
    encode: Callable[[Any], Wire | None],
    hint: str,
    name: str,
) -> str:
    """Return the text of a comparison with values of the call.

    Parameters
    ----------
    hint
        What its placeholders are called after.
    name
        What is compared, by its aliases.
    """
    makes = _operands(condition, encode)
    if condition.operator == "between":
        low, high = into.place(f"{hint}_low", makes[0]), into.place(f"{hint}_high", makes[1])
        return f"{name} BETWEEN {low} AND {high}"
    place = into.place(hint, makes[0])
    if condition.operator in ("contains", "begins_with"):
        return f"{condition.operator}({name}, {place})"
    return f"{name} {condition.operator} {place}"


def _encoder(
    pattern: Any, condition: Condition, place: Place | None
) -> Callable[[Any], Wire | None]:
    if condition.measured:
        return values.of_type(int).encode
    if place is None:
        return value_of(pattern.kind, pattern.table, condition.attribute).encode
    if condition.operator in ("contains", "begins_with"):
        return values.member_of(place.annotation).encode
    if place.steps:
        return values.of_type(place.annotation).encode
    return values.present(pattern.kind.shape, place.attribute).encode


def _bound(parameter: str, encode: Callable[[Any], Wire | None], side: int) -> Make:
    """Return what encodes the lower (0) or upper (1) value of a pair."""
    return lambda given: encoded(parameter, encode, pair(parameter, given[parameter])[side])


def made(attribute: str, make: Callable[[Mapping[str, Any]], Wire | None], given: Any) -> Wire:
    """Return a key attribute's value in DynamoDB JSON, made of the values of a call.

    Raises
    ------
    BadValueError
        If there is nothing to make it of, or a value cannot be a part of a key.
    """
    wire = make(given)
    if wire is None:
        raise BadValueError(attribute, "has no value.", "Give a value.")
    return wire


def encoded(parameter: str, encode: Callable[[Any], Wire | None], value: Any) -> Wire:
    """Return the value in DynamoDB JSON, and refuse its absence.

    Raises
    ------
    BadValueError
        If there is nothing to store, or it cannot be stored.
    """
    try:
        wire = encode(value)
    except BadValueError as error:
        raise error.at(parameter) from error
    if wire is None:
        raise BadValueError(parameter, "has no value.", "Give a value.")
    return wire
