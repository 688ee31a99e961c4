"""Key templates: how a key attribute's text is put together from an item's fields.

A template says what follows what. The texts themselves are made in one place,
`keyline.run.keytext`; whether they can be told apart is checked in `keyline.model.separation`.
"""

from __future__ import annotations

import re
import string
from decimal import Decimal
from functools import cached_property

import msgspec

from keyline.errors import DeclarationError
from keyline.model.number import plain

LAST = "\U0010ffff"
"""The last character. No text in a key template may hold it, so that everything that begins
with a text lies between the text and the text followed by this character."""
MAX_PLACES = 130
"""Digits behind the point of the smallest number that DynamoDB holds, 1e-130."""
_FORMATTER = string.Formatter()
_FIELD = re.compile(r"[\w-]+")
_NUMBER = re.compile(r"(?:0(?P<width>[1-9]\d*))?(?:\.(?P<places>\d+)f|d)?")


class NumberFormat(msgspec.Struct, frozen=True):
    """The form of a number in a key.

    Attributes
    ----------
    width
        Characters, filled up with zeros on the left; None for as many as the number needs.
    places
        Digits behind the point. 0 for whole numbers, None for as many as the number needs.
    """

    width: int | None = None
    places: int | None = None

    @property
    def digits(self) -> int | None:
        """The digits in front of the point; None without a width."""
        if self.width is None:
            return None
        return self.width - (self.places + 1 if self.places else 0)

    @property
    def step(self) -> Decimal | None:
        """The difference of two neighbouring numbers; None where the places are not fixed."""
        return None if self.places is None else Decimal((0, (1,), -self.places))

    @property
    def largest(self) -> Decimal | None:
        """The largest number that fits; None without a width."""
        if self.width is None:
            return None
        return Decimal((0, (9,) * ((self.digits or 0) + (self.places or 0)), -(self.places or 0)))

    def text(self, exact: Decimal) -> str:
        """Write a number that the format holds."""
        if self.places is None:
            return plain(exact)
        fixed = f"{exact.copy_abs():0{self.width or 1}.{self.places}f}"
        return f"-{fixed}" if exact < 0 else fixed


class Part(msgspec.Struct, frozen=True):
    """One field of a template with the texts around it.

    Attributes
    ----------
    before
        The literal text in front of the field.
    field
        The field's name.
    format
        The field's format; empty for the value as it is stored.
    after
        The literal text that follows the field, up to the next field or to the end.
    last
        Whether no other field follows.
    """

    before: str
    field: str
    format: str
    after: str
    last: bool

    @property
    def number_format(self) -> NumberFormat | None:
        """The format as one of a number; None if numbers do not take it.

        Only formats are taken under which different numbers have different texts: zeros on
        the left up to a width (`06d`), a fixed count of digits behind the point (`.3f`), or both
        (`016.3f`).
        """
        found = _NUMBER.fullmatch(self.format)
        if not found:
            return None
        width, places = found["width"], found["places"]
        if places is None:
            made = NumberFormat(int(width) if width else None, 0 if self.format else None)
        else:
            made = NumberFormat(int(width) if width else None, int(places))
        if made.places is not None and made.places > MAX_PLACES:
            return None
        return made if made.digits is None or made.digits >= 1 else None


class Template:
    """A key such as `MODULE#{moduleId}` or `{timestamp:016.3f}`.

    A number in a sort key needs a width (`{timestamp:016.3f}`). Without a width, the order of
    the texts is not the order of the numbers.

    Parameters
    ----------
    text
        Literal text with `{field}` or `{field:format}`. A format is for numbers only.

    Raises
    ------
    DeclarationError
        If the text is not a valid template.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            parsed = list(_FORMATTER.parse(text))
        except ValueError as error:
            raise self._fault(f"{error}.") from error
        if not text:
            raise self._fault("is empty.")
        if LAST in text or any("\ud800" <= character <= "\udfff" for character in text):
            raise self._fault("holds U+10FFFF or half of a character, which no key may hold.")
        for _, name, spec, conversion in parsed:
            if name is not None and not _FIELD.fullmatch(name):
                raise self._fault(f"{name!r} is not a field's name.")
            if conversion or "{" in (spec or ""):
                raise self._fault(f"{name!r} has more than a name and a format.")
        self._parsed = [(literal, name, spec or "") for literal, name, spec, _ in parsed]

    def _fault(self, message: str) -> DeclarationError:
        return DeclarationError(
            f"template {self.text!r}", message, "Write {field} or {field:format}."
        )

    def __repr__(self) -> str:
        return f"Template({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Template) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The fields with the texts around them, in order."""
        named = [n for n, (_, name, _) in enumerate(self._parsed) if name is not None]
        # Python's parser ends a piece at each field and at each doubled brace.
        between = ["".join(self._literals(a, b)) for a, b in zip([-1, *named], named, strict=False)]
        end = "".join(literal for literal, _, _ in self._parsed[(named or [-1])[-1] + 1 :])
        followed = [*between[1:], end]
        return tuple(
            Part(
                before=between[n],
                field=str(self._parsed[at][1]),
                format=self._parsed[at][2],
                after=followed[n],
                last=n == len(named) - 1,
            )
            for n, at in enumerate(named)
        )

    def _literals(self, after: int, until: int) -> list[str]:
        return [literal for literal, _, _ in self._parsed[after + 1 : until + 1]]

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The fields it is put together from, in order."""
        return tuple(part.field for part in self.parts)

    @cached_property
    def literal(self) -> str:
        """The text before the first field; the whole text where there is no field."""
        if self.parts:
            return self.parts[0].before
        return "".join(literal for literal, _, _ in self._parsed)

    @cached_property
    def least_bytes(self) -> int:
        """The bytes that each of its texts has at least: those of its own texts and widths."""
        texts = [part.before for part in self.parts] + [part.after for part in self.parts[-1:]]
        formats = [part.number_format for part in self.parts if part.format]
        widths = sum(made.width or 0 for made in formats if made is not None)
        return len("".join(texts or [self.literal]).encode()) + widths

    def part(self, field: str) -> Part:
        """Return the first part of this field.

        Raises
        ------
        KeyError
            If the template does not have the field.
        """
        for part in self.parts:
            if part.field == field:
                return part
        raise KeyError(field)

    def up_to(self, field: str) -> tuple[tuple[str, str, str], ...]:
        """Return the template's beginning up to a field: literal, field and format of each part.

        Raises
        ------
        KeyError
            If the template does not have the field.
        """
        self.part(field)
        end = self.fields.index(field) + 1
        return tuple((part.before, part.field, part.format) for part in self.parts[:end])
