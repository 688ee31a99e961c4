"""The texts of one field in a key's template, and the order of texts.

See `keyline.run.keytext` for what is promised of them.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any

import msgspec

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
from keyline.run.errors import BadValueError
from keyline.run.scalars import Wire

FIRST = "\x00"
"""The first character: the lowest text of a key, since a key's text is never empty."""
_EXACT = Context(prec=400)
"""Holds every number of DynamoDB, 126 digits before the point and 130 behind, without rounding."""


class NothingMatchesError(Exception):
    """A range that no item can be in: its bounds are reversed, or beyond what a field can hold."""


class Bound(msgspec.Struct, frozen=True):
    """One side of a range: a value, and whether the value itself is in the range."""

    value: Any
    included: bool


class TextRange(msgspec.Struct, frozen=True):
    """A range of texts.

    Attributes
    ----------
    open
        Whether all texts that begin with `high` belong to the range.
    """

    low: str
    high: str
    open: bool


class FieldText:
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
        """Return a text that values of the field may begin with."""
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
        """Return whether a part of what follows the field may be in a text."""
        starts = (self.after[:size] for size in range(1, len(self.after)))
        return self.after in text or any(text.endswith(start) for start in starts)

    def range_of(self, stem: str, low: Bound | None, high: Bound | None) -> TextRange:
        """Return the texts behind a stem whose field is in a range."""
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
        except BadValueError as error:
            raise error.at(self.name) from error
        if wire is None:
            raise BadValueError(self.name, "has no value.", "Give a value.")
        return wire

    def _plain_text(self, wire: Wire | None) -> str:
        text: str = (wire or {"S": ""})["S"]
        if LAST in text:
            raise BadValueError(
                self.name,
                "holds the character U+10FFFF, which no text in a key may hold.",
                "Use a text without it.",
            )
        return text

    def _end_check(self) -> Callable[[str], None] | None:
        """Return what ensures that the field's end is found in the key; None where it always is."""
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
            raise BadValueError(
                self.name,
                f"has {len(text)} characters; in a key it has {self._length}.",
                "Give a value of that length.",
            )

    def _check_end(self, text: str) -> None:
        if f"{text}{self.after}".find(self.after) != len(text):
            raise self._ambiguous()

    def _range_of_texts(self, stem: str, low: Bound | None, high: Bound | None) -> TextRange:
        start = None if low is None else self.text(low.value)
        end = None if high is None else self.text(high.value)
        last, begins = self._stop(stem, end, high)
        return TextRange(self._start(stem, start, low), last, begins)

    def _start(self, stem: str, text: str | None, bound: Bound | None) -> str:
        if text is None or bound is None:
            return stem
        at = stem + text + self._tail
        if bound.included:
            return at
        # A key that ends here has longer ones behind it; a beginning is passed with all of them.
        return at + FIRST if self._ends_key else behind(at)

    def _stop(self, stem: str, text: str | None, bound: Bound | None) -> tuple[str, bool]:
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

    def _range_of_numbers(self, stem: str, low: Bound | None, high: Bound | None) -> TextRange:
        """Return the texts of numbers in a range.

        A bound need not be a number that fits: the nearest ones that fit are taken.
        """
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
        return TextRange(start, stop, True)

    def _number(self, value: Any) -> Decimal:
        """Return a bound of any numeric type; it need not be a value of the field."""
        try:
            return Decimal(values.of_type(Decimal).encode(value)["N"])  # type: ignore[index] # a value
        except BadValueError as error:
            raise error.at(self.name) from error

    # --- errors -------------------------------------------------------------------------

    def _ambiguous(self) -> BadValueError:
        return BadValueError(
            self.name,
            f"holds {self.after!r} or runs into it; that text ends the field in the key "
            f"{self._template!r}.",
            "Use a value without it.",
        )

    def _unknown(self) -> BadValueError:
        known = ", ".join(map(repr, self._lexicon.values or ()))
        return BadValueError(self.name, "is not one of its known values.", f"Use one of: {known}.")

    def _misfit(self) -> BadValueError:
        places, most = self._format.places, self._format.largest
        holds = "" if most is None else f" numbers from 0 to {most}"
        holds += f" with up to {places} digits behind the point" if places else ""
        return BadValueError(
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


def _encoded_text(name: str, value: Any) -> Wire | None:
    try:
        return values.of_type(str).encode(value)
    except BadValueError as error:
        raise error.at(name) from error
