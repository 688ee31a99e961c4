"""The texts of keys: made here and nowhere else.

A writer, a reader, a query and an update all ask this module for the text that a key template
makes of an item's fields. Two promises hold for every text (`keyline.model.separation` says why):

* different fields have different texts, and equal fields have equal texts;
* a condition on a field is a range of texts that holds exactly the fields that fulfil it.

A value for which a promise would not hold is refused, when it is written and when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any

from keyline.model.condition import Condition
from keyline.model.entity import Entity
from keyline.model.separation import (
    always_ends,
    bounded_length,
    ends_by_itself,
    known_texts,
    lexicon_of,
)
from keyline.model.template import LAST, NumberFormat, Part
from keyline.run import values
from keyline.run.errors import BadCall, BadValue
from keyline.run.scalars import Wire

FIRST = "\x00"
"""The first character: the lowest text of a key, since a key's text is never empty."""

_FILL = ("", "\x7f", "\u07ff", "\uffff")
"""The last text of up to so many bytes of UTF-8."""
_EXACT = Context(prec=400)
"""Holds every number of DynamoDB, 126 digits before the point and 130 behind, without rounding."""

Given = Mapping[str, Any]
"""The values of a call by name."""


class NothingMatchesError(Exception):
    """A range that no item can be in: its bounds are reversed, or beyond what a field can hold."""


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
        self._fields = [_FieldText(kind, template.text, part) for part in template.parts]
        self._literal = template.literal

    def text(self, given: Given) -> str | None:
        """Return the key's text for these fields; None where one of them is None.

        Raises
        ------
        BadValue
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
        BadValue
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
        BadValue
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
        BadValue
            If a value is missing, or a bound is not a value that the field can have.
        """
        field = self._fields[len(fields) - 1]
        stem = self.prefix(given, fields[:-1]) if fields[1:] else field.before
        low, high = _asked(condition, field.name, given)
        found = field.range_of(stem, low, high)
        first = self._start(found, low)
        check_length(field.name, first, self.limit)
        check_length(field.name, found.high or FIRST, self.limit)
        last = self._end(found)
        if first > last:
            raise NothingMatchesError
        return first, last

    def _start(self, found: _Texts, low: _Bound | None) -> str:
        """The first text; where it is too long behind a bound that is not, the next that fits."""
        if low is None or low.included or not found.low.endswith(FIRST):
            return found.low or FIRST
        text = found.low.removesuffix(FIRST)
        return found.low if len(text.encode()) != self.limit else self._behind(text)

    def _behind(self, text: str) -> str:
        """The first text after one that fills the limit: what follows in as many bytes."""
        while len((found := behind(text)).encode()) > self.limit:
            text = text[:-1]
        return found

    def _end(self, found: _Texts) -> str:
        if not found.open:
            return found.high
        room = self.limit - len(found.high.encode())
        return found.high + (LAST if room >= len(_FILL) else _FILL[room])

    def _named(self) -> str:
        return self._fields[0].name if len(self._fields) == 1 else self._attribute


@dataclass(frozen=True)
class _Bound:
    """One side of a range: a value, and whether the value itself is in the range."""

    value: Any
    included: bool


def _asked(condition: Condition, name: str, given: Given) -> tuple[_Bound | None, _Bound | None]:
    """The lower and the upper bound that a call gives."""
    value = _present(name, given)
    match condition.operator:
        case "between":
            low, high = pair(name, value)
            return _Bound(low, True), _Bound(high, True)
        case ">=" | ">" as operator:
            return _Bound(value, operator == ">="), None
        case "<=" | "<" as operator:
            return None, _Bound(value, operator == "<=")
    raise BadCall(name, f"{condition.operator} is not a range.", "Use between or a comparison.")


@dataclass(frozen=True)
class _Texts:
    """A range of texts.

    Attributes
    ----------
    open
        Whether all texts that begin with `high` belong to the range.
    """

    low: str
    high: str
    open: bool


class _FieldText:
    """The texts of one field in a template."""

    def __init__(self, kind: Entity, template: str, part: Part) -> None:
        self.name = part.field
        self.before = part.before
        self.after = part.after
        self._template = template
        self._part = part
        self._lexicon = lexicon_of(kind.shape, part.field)
        self._encode = values.present(kind.shape, part.field).encode
        self._format = part.number_format or NumberFormat()
        alone = ends_by_itself(self._lexicon, part)
        self._tail = "" if alone else part.after
        self._ends_key = part.last and not part.after and not alone
        self._known = frozenset(known_texts(self._lexicon, part)) if self._lexicon.values else None
        self._length = None if self._known else bounded_length(self._lexicon, part)
        self.text = self._text_of_number() if self._lexicon.type == "N" else self._text_of_text()

    def begun(self, value: Any) -> str:
        """A text that values of the field may begin with."""
        text = self._plain_text(_encoded_text(self.name, value))
        if self._known is not None:
            found = {known for known in self._known if known.startswith(text)}
            if not found:
                raise NothingMatchesError
            if any(f"{known}{self.after}".startswith(text) for known in self._known - found):
                raise self._ambiguous()
        elif self._length is not None:
            if len(text) > self._length:
                raise NothingMatchesError
        elif not self._ends_key and self._reaches_the_end(text):
            raise self._ambiguous()
        return text

    def _reaches_the_end(self, text: str) -> bool:
        """Whether a part of what follows the field may be in a text."""
        starts = (self.after[:size] for size in range(1, len(self.after)))
        return self.after in text or any(text.endswith(start) for start in starts)

    def range_of(self, stem: str, low: _Bound | None, high: _Bound | None) -> _Texts:
        """The texts behind a stem whose field is in a range."""
        if self._lexicon.type == "N" and self._known is None:
            return self._range_of_numbers(stem, low, high)
        return self._range_of_texts(stem, low, high)

    # --- text ---------------------------------------------------------------------------

    def _text_of_text(self) -> Callable[[Any], str]:
        check = self._end_check()

        def text(value: Any) -> str:
            made = self._plain_text(self._encoded(value))
            if check is not None:
                check(made)
            return made

        return text

    def _encoded(self, value: Any) -> Wire:
        try:
            wire = self._encode(value)
        except ValueError:  # no member of an Enum
            raise self._unknown() from None
        except BadValue as error:
            raise error.at(self.name) from error
        if wire is None:
            raise BadValue(self.name, "has no value.", "Give one.")
        return wire

    def _plain_text(self, wire: Wire | None) -> str:
        text: str = (wire or {"S": ""})["S"]
        if LAST in text:
            raise BadValue(
                self.name,
                "holds the character U+10FFFF, which no text in a key may hold.",
                "Use a text without it.",
            )
        return text

    def _end_check(self) -> Callable[[str], None] | None:
        """What makes sure that the field's end is found in the key; None where it always is."""
        if self._known is not None:
            return self._check_known
        if self._length is not None:
            return None if self._lexicon.type == "N" else self._check_length
        if self._part.last or always_ends(self._lexicon, self._part):
            return None
        return self._check_end

    def _check_known(self, text: str) -> None:
        if self._known is not None and text not in self._known:
            raise self._unknown()

    def _check_length(self, text: str) -> None:
        if len(text) != self._length:
            raise BadValue(
                self.name,
                f"has {len(text)} characters; in a key it has {self._length}.",
                "Give a value of that length.",
            )

    def _check_end(self, text: str) -> None:
        if f"{text}{self.after}".find(self.after) != len(text):
            raise self._ambiguous()

    def _range_of_texts(self, stem: str, low: _Bound | None, high: _Bound | None) -> _Texts:
        start = None if low is None else self.text(low.value)
        end = None if high is None else self.text(high.value)
        last, begins = self._stop(stem, end, high)
        return _Texts(self._start(stem, start, low), last, begins)

    def _start(self, stem: str, text: str | None, bound: _Bound | None) -> str:
        if text is None or bound is None:
            return stem
        at = stem + text + self._tail
        if bound.included:
            return at
        # A key that ends here has longer ones behind it; a beginning is passed with all of them.
        return at + FIRST if self._ends_key else behind(at)

    def _stop(self, stem: str, text: str | None, bound: _Bound | None) -> tuple[str, bool]:
        if text is None or bound is None:
            return stem, True
        at = stem + text + self._tail
        if bound.included:
            return at, not self._ends_key
        return before(at)

    # --- numbers ------------------------------------------------------------------------

    def _text_of_number(self) -> Callable[[Any], str]:
        check = self._end_check()
        width, step = self._format.width, self._format.step
        most = self._format.largest

        def text(value: Any) -> str:
            stored: str = self._encoded(value)["N"]
            if width is None and step is None:
                made = stored
            else:
                exact = Decimal(stored)
                if most is not None and not 0 <= exact <= most:
                    raise self._misfit()
                if step is not None and exact != exact.quantize(step, context=_EXACT):
                    raise self._misfit()
                made = self._format.text(exact)
            if check is not None:
                check(made)
            return made

        return text

    def _range_of_numbers(self, stem: str, low: _Bound | None, high: _Bound | None) -> _Texts:
        """A bound need not be a number that fits: the nearest ones that fit are taken."""
        step, most = self._format.step or Decimal(1), self._format.largest or Decimal(0)
        first, last = Decimal(0), most
        if low is not None:
            bound = self._number(low.value)
            rounding = ROUND_CEILING if low.included else ROUND_FLOOR
            at = bound.quantize(step, rounding=rounding, context=_EXACT)
            first = max(first, at if low.included else _EXACT.add(at, step))
        if high is not None:
            bound = self._number(high.value)
            rounding = ROUND_FLOOR if high.included else ROUND_CEILING
            at = bound.quantize(step, rounding=rounding, context=_EXACT)
            last = min(last, at if high.included else _EXACT.subtract(at, step))
        if first > last:
            raise NothingMatchesError
        start, stop = (stem + self._format.text(n) + self._tail for n in (first, last))
        return _Texts(start, stop, True)

    def _number(self, value: Any) -> Decimal:
        """A bound of any numeric type; it need not be a value of the field."""
        try:
            return Decimal(values.of_type(Decimal).encode(value)["N"])  # type: ignore[index] # a value
        except BadValue as error:
            raise error.at(self.name) from error

    # --- errors -------------------------------------------------------------------------

    def _ambiguous(self) -> BadValue:
        return BadValue(
            self.name,
            f"holds {self.after!r} or runs into it; that text ends the field in the key "
            f"{self._template!r}.",
            "Use a value without it.",
        )

    def _unknown(self) -> BadValue:
        known = ", ".join(map(repr, self._lexicon.values or ()))
        return BadValue(self.name, "is not one of its known values.", f"Use one of: {known}.")

    def _misfit(self) -> BadValue:
        places, most = self._format.places, self._format.largest
        holds = "" if most is None else f" numbers from 0 to {most}"
        holds += f" with up to {places} digits behind the point" if places else ""
        return BadValue(
            self.name,
            f"does not fit {self._template!r}. The key holds{holds or ' whole numbers'}.",
            "Round it, or make a new key with more room.",
        )


def before(text: str) -> tuple[str, bool]:
    """Return the last text before this one, and whether all that begins with it is before, too.

    Raises
    ------
    NothingMatchesError
        If there is none.
    """
    if not text:
        raise NothingMatchesError
    code = ord(text[-1]) - 1
    if code < 0:
        return text[:-1], False
    if 0xD800 <= code <= 0xDFFF:  # UTF-16's halves of a character are not characters
        code = 0xD7FF
    return text[:-1] + chr(code), True


def behind(text: str) -> str:
    """Return the first text that does not begin with this one and comes after it.

    Raises
    ------
    NothingMatchesError
        If there is none.
    """
    kept = text.rstrip(LAST)
    if not kept:
        raise NothingMatchesError
    code = ord(kept[-1]) + 1
    if 0xD800 <= code <= 0xDFFF:
        code = 0xE000
    return kept[:-1] + chr(code)


def check_length(name: str, text: str, limit: int) -> None:
    """Refuse a text that DynamoDB does not take as the value of a key.

    Raises
    ------
    BadValue
        If it is empty or too long.
    """
    if not text:
        raise BadValue(name, "is empty.", "A key has at least one character.")
    if len(text) * 4 > limit and (size := len(text.encode())) > limit:
        raise BadValue(name, f"takes {size} bytes of {limit} that a key may have.", "Shorten it.")


def check_key(attribute: str, wire: Wire, limit: int) -> Wire:
    """Refuse a value that DynamoDB does not take as the value of a key attribute.

    Raises
    ------
    BadValue
        If it is empty or too long.
    """
    if (text := wire.get("S")) is not None:
        check_length(attribute, text, limit)
    elif (content := wire.get("B")) is not None and not 0 < len(content) <= limit:
        raise BadValue(
            attribute,
            f"takes {len(content)} bytes; a key has 1 to {limit}.",
            "Give bytes within that.",
        )
    return wire


def pair(parameter: str, value: Any) -> tuple[Any, Any]:
    """Return the two values of a range.

    Raises
    ------
    BadCall
        If there are not two.
    """
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise BadCall(parameter, "is no pair.", f"Give {parameter}=(from, to).")
    return value[0], value[1]


def _encoded_text(name: str, value: Any) -> Wire | None:
    try:
        return values.of_type(str).encode(value)
    except BadValue as error:
        raise error.at(name) from error


def _present(name: str, given: Given) -> Any:
    if given[name] is None:
        raise BadValue(name, "has no value.", "Give one.")
    return given[name]
