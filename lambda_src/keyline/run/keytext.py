"""The texts of keys: made here and nowhere else.

A writer, a reader, a query and an update all ask this module for the text that a key template
makes of an item's fields. Two promises hold for every text (`keyline.model.separation` says why):

* different fields have different texts, and equal fields have equal texts;
* a condition on a field is a range of texts that holds exactly the fields that fulfil it.

A value for which a promise would not hold is refused, when it is written and when it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from keyline.model.condition import Condition
from keyline.model.entity import Entity
from keyline.model.template import LAST
from keyline.run.errors import BadCallError, BadValueError
from keyline.run.fieldtext import FIRST, Bound, FieldText, NothingMatchesError, TextRange, behind
from keyline.run.scalars import Wire

_FILL = ("", "\x7f", "\u07ff", "\uffff")
"""The last text of up to so many bytes of UTF-8."""
Given = Mapping[str, Any]
"""The values of a call by name."""


class KeyText:
    """The texts of one key attribute that a template makes.

    Parameters
    ----------
    kind
        The kind of item.
    attribute
        The key attribute.
    limit
        The bytes that the attribute's value may have.

    Attributes
    ----------
    template
        The template.
    """

    def __init__(self, kind: Entity, attribute: str, limit: int) -> None:
        self._attribute = attribute
        self.limit = limit
        template = kind.templates[attribute]
        self.template = template
        self._fields = [FieldText(kind, template.text, part) for part in template.parts]
        self._literal = template.literal

    def text(self, given: Given) -> str | None:
        """Return the key's text for these fields; None where one of them is None.

        Raises
        ------
        BadValueError
            If the text could not be told from that of other fields, or is too long.
        """
        out: list[str] = []
        for field in self._fields:
            value = given.get(field.name)
            if value is None:
                return None
            out += (field.before, field.text(value))
        made = "".join(out) + self._fields[-1].after if self._fields else self._literal
        check_length(self._named(), made, self.limit)
        return made

    def wire(self, given: Given) -> Wire | None:
        """Return the same as DynamoDB JSON."""
        made = self.text(given)
        return None if made is None else {"S": made}

    def prefix(self, given: Given, fields: Sequence[str]) -> str:
        """Return the beginning that all keys with these first fields have, and no others.

        Raises
        ------
        BadValueError
            If a value is missing, or could not be told from others.
        """
        if not fields:
            return self._literal
        out: list[str] = []
        for field in self._fields[: len(fields)]:
            out += (field.before, field.text(_present(field.name, given)))
        return "".join(out) + self._fields[len(fields) - 1].after

    def beginning(self, given: Given, fields: Sequence[str]) -> str:
        """Return the beginning of all keys whose last given field begins with the given text.

        Raises
        ------
        BadValueError
            If a value is missing, or the end of the field could begin in the text.
        """
        last = self._fields[len(fields) - 1]
        before = self.prefix(given, fields[:-1]) if fields[1:] else last.before
        return before + last.begun(_present(last.name, given))

    def bounds(self, given: Given, fields: Sequence[str], condition: Condition) -> tuple[str, str]:
        """Return the first and the last text of the keys whose last field is in a range.

        Raises
        ------
        NothingMatchesError
            If there are no such keys.
        BadValueError
            If a value is missing, or a bound is not a value that the field can have.
        """
        field = self._fields[len(fields) - 1]
        stem = self.prefix(given, fields[:-1]) if fields[1:] else field.before
        low, high = _bounds_of(condition, field.name, given)
        found = field.range_of(stem, low, high)
        first = self._start(found, low)
        check_length(field.name, first, self.limit)
        check_length(field.name, found.high or FIRST, self.limit)
        last = self._end(found)
        if first > last:
            raise NothingMatchesError
        return first, last

    def _start(self, found: TextRange, low: Bound | None) -> str:
        """Return the first text.

        Where it is too long behind a bound that is not, it is the next one that fits.
        """
        if low is None or low.included or not found.low.endswith(FIRST):
            return found.low or FIRST
        text = found.low.removesuffix(FIRST)
        return found.low if len(text.encode()) != self.limit else self._behind(text)

    def _behind(self, text: str) -> str:
        """Return the first text after one that fills the limit: what follows in as many bytes."""
        while len((found := behind(text)).encode()) > self.limit:
            text = text[:-1]
        return found

    def _end(self, found: TextRange) -> str:
        if not found.open:
            return found.high
        room = self.limit - len(found.high.encode())
        return found.high + (LAST if room >= len(_FILL) else _FILL[room])

    def _named(self) -> str:
        return self._fields[0].name if len(self._fields) == 1 else self._attribute


def _bounds_of(condition: Condition, name: str, given: Given) -> tuple[Bound | None, Bound | None]:
    """Return the lower and the upper bound that a call gives."""
    value = _present(name, given)
    match condition.operator:
        case "between":
            low, high = pair(name, value)
            return Bound(low, True), Bound(high, True)
        case ">=" | ">" as operator:
            return Bound(value, operator == ">="), None
        case "<=" | "<" as operator:
            return None, Bound(value, operator == "<=")
    raise BadCallError(
        name, f"{condition.operator} is not a range.", "Use between or a comparison."
    )


def check_length(name: str, text: str, limit: int) -> None:
    """Refuse a text that DynamoDB does not take as the value of a key.

    Raises
    ------
    BadValueError
        If it is empty or too long.
    """
    if not text:
        raise BadValueError(name, "is empty.", "A key has at least one character.")
    if len(text) * 4 > limit and (size := len(text.encode())) > limit:
        raise BadValueError(
            name, f"takes {size} bytes of {limit} that a key may have.", "Shorten it."
        )


def check_key(attribute: str, wire: Wire, limit: int) -> Wire:
    """Refuse a value that DynamoDB does not take as the value of a key attribute.

    Raises
    ------
    BadValueError
        If it is empty or too long.
    """
    if (text := wire.get("S")) is not None:
        check_length(attribute, text, limit)
    elif (content := wire.get("B")) is not None and not 0 < len(content) <= limit:
        raise BadValueError(
            attribute,
            f"takes {len(content)} bytes; a key has 1 to {limit}.",
            "Give bytes within that.",
        )
    return wire


def pair(parameter: str, value: Any) -> tuple[Any, Any]:
    """Return the two values of a range.

    Raises
    ------
    BadCallError
        If there are not two.
    """
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise BadCallError(parameter, "is not a pair.", f"Give {parameter}=(from, to).")
    return value[0], value[1]


def _present(name: str, given: Given) -> Any:
    if given[name] is None:
        raise BadValueError(name, "has no value.", "Give a value.")
    return given[name]
