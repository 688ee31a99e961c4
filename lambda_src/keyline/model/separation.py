"""Checks that a key's text tells its fields apart, and sorts in their order.

Two items with different fields must never have one key, and a condition on a field must find
exactly the items whose field fulfils it. A template promises both if the end of each field can be
found in the text. There are three ways to find it:

* the field's values all have one length (a number with a width, text with one length);
* the field has a few known values, none of which begins another (a Literal or an Enum);
* the first place of the literal text behind the field is the end of the field. The place is checked
  for each value that is written or asked for (`keyline.run.keytext`).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cache
from itertools import permutations
from typing import Any, Literal, get_args, get_origin

import msgspec

from keyline.errors import Fault
from keyline.model.entity import Entity
from keyline.model.shape import annotation_of, fields_of, limits_of
from keyline.model.template import NumberFormat, Part

_NUMERAL = frozenset("0123456789.-")
"""The characters of a number's text in a key."""
_FORMAT_HOLDS = "Give the format more room; a number with a width is not negative."
_FORMAT_SAYS = "Use a format that keeps numbers apart and in order: {n:06d}, {x:016.3f}, {x:.2f}."


class Lexicon(msgspec.Struct, frozen=True):
    """The texts that a field can have, as far as its type says.

    Attributes
    ----------
    type
        `S` for text, `N` for numbers.
    values
        All values of the field where they are known: those of a Literal or an Enum.
    length
        The characters that each value has; None if the type does not say.
    """

    type: str
    values: tuple[Any, ...] | None = None
    length: int | None = None


@cache
def lexicon_of(shape: type[msgspec.Struct], name: str) -> Lexicon:
    """Return the texts that a field of a shape can have, by its attribute name."""
    bare, stored = fields_of(shape)[name].python, fields_of(shape)[name].type
    if get_origin(bare) is Literal:
        return Lexicon(stored, values=get_args(bare))
    if isinstance(bare, type) and issubclass(bare, enum.Enum):
        return Lexicon(stored, values=tuple(member.value for member in bare))
    return Lexicon(stored, length=_length(annotation_of(shape, name)) if stored == "S" else None)


def _length(annotation: Any) -> int | None:
    """Return the one length of a text: its bounds agree, or its pattern has one width."""
    limits = limits_of(annotation)
    if limits.min_length is not None and limits.min_length == limits.max_length:
        return int(limits.min_length)
    return None if limits.pattern is None else _width(limits.pattern)


def _width(pattern: str) -> int | None:
    """Return the one length of what a pattern matches as a whole, or None if it has several."""
    if not pattern.startswith("^") or not pattern.endswith(("$", r"\Z")):
        return None
    # What each alternative begins and ends with is not told apart from outside.
    if "|" in pattern:
        return None
    parser = getattr(re, "_parser", None)
    if parser is None:
        return None
    low, high = parser.parse(pattern).getwidth()
    return int(low) if low == high else None


def bounded_length(lexicon: Lexicon, part: Part) -> int | None:
    """Return the characters of each of the field's texts in a key, or None if they differ."""
    if lexicon.type == "N":
        return part.number_format.width if part.number_format else None
    return lexicon.length


def ends_by_itself(lexicon: Lexicon, part: Part) -> bool:
    """Return whether no text of the field begins another, whatever follows the field."""
    if lexicon.values is None:
        return bounded_length(lexicon, part) is not None
    return not _begun(known_texts(lexicon, part), "")


def always_ends(lexicon: Lexicon, part: Part) -> bool:
    """Return whether the literal text behind a field cannot be a part of the field's text."""
    return lexicon.type == "N" and part.after[:1] not in _NUMERAL


def template_faults(kind: Entity, attribute: str) -> Iterator[Fault]:
    """Yield why the keys that a template makes could not be told apart."""
    template = kind.templates[attribute]
    for part in template.parts:
        lexicon = lexicon_of(kind.shape, part.field)
        if fields_of(kind.shape)[part.field].compress_above is not None:
            yield (
                "",
                f"is made of {part.field!r}, which is stored compressed.",
                "Drop compressed() from a field of a key.",
            )
        elif lexicon.type == "S" and part.format:
            yield (
                "",
                f"has a format that {part.field!r} does not take.",
                "Write {" + part.field + "}: a format could cut texts or fill them up alike.",
            )
        elif lexicon.type == "N" and part.number_format is None:
            yield "", f"has a format that {part.field!r} does not take.", _FORMAT_SAYS
        else:
            yield from _end_faults(lexicon, part)


def _end_faults(lexicon: Lexicon, part: Part) -> Iterator[Fault]:
    """Yield why the end of a field could not be found."""
    if lexicon.values is not None:
        yield from _known_faults(lexicon, part)
    elif not part.after and not part.last and bounded_length(lexicon, part) is None:
        yield (
            "",
            f"does not separate {part.field!r} from the field behind it.",
            f"Put a text between them, or give {part.field!r} one length: "
            "{n:06d}, or msgspec.Meta(min_length=10, max_length=10).",
        )


def _known_faults(lexicon: Lexicon, part: Part) -> Iterator[Fault]:
    most = part.number_format.largest if part.number_format else None
    if most is not None:
        for value in lexicon.values or ():
            if not 0 <= value <= most:
                yield "", f"does not hold the {value} of {part.field!r}.", _FORMAT_HOLDS
    if part.last and not part.after:
        return
    for one, other in _begun(known_texts(lexicon, part), part.after)[:1]:
        yield (
            "",
            f"cannot tell {part.field!r} {one!r} from {other!r}: {part.after!r} follows both.",
            "Put a text behind the field that none of its values holds.",
        )


def _begun(texts: Sequence[str], after: str) -> list[tuple[str, str]]:
    """Return the pairs of which the first text, with what follows it, begins the other."""
    return [
        (one, other)
        for one, other in permutations(dict.fromkeys(texts), 2)
        if f"{other}{after}".startswith(f"{one}{after}")
    ]


def known_texts(lexicon: Lexicon, part: Part) -> tuple[str, ...]:
    """Return the texts of a field whose values are known, in the order of the values."""
    values = sorted(lexicon.values or ())
    return tuple(written(value, part) for value in values)


def written(value: Any, part: Part) -> str:
    """Return the text of a known value in a key."""
    if isinstance(value, str):
        return str.__str__(value)
    return (part.number_format or NumberFormat()).text(Decimal(value))


def order_fault(kind: Entity, attribute: str, field: str) -> tuple[str, str] | None:
    """Return why a range of a field would not be a range of the keys: message and suggestion."""
    part = kind.templates[attribute].part(field)
    lexicon = lexicon_of(kind.shape, field)
    if lexicon.values is not None:
        ordered = [f"{text}{part.after}" for text in known_texts(lexicon, part)]
        if ordered == sorted(ordered):
            return None
        return (
            f"is a range of {field!r}, whose texts are not in the order of the values.",
            "Ask for its values one by one, or rename them so that the order is the same.",
        )
    if lexicon.type == "N":
        if bounded_length(lexicon, part) is not None:
            return None
        return (
            f"is a range of {field!r}, whose texts are not in the order of the numbers.",
            f"Give it a width in the template: {{{field}:010d}}, {{{field}:014.3f}}.",
        )
    if lexicon.length is not None or (part.last and not part.after):
        return None
    return (
        f"is a range of {field!r}, which {part.after!r} follows: the texts are not in the order "
        "of the values.",
        f"Give {field!r} one length, msgspec.Meta(min_length=10, max_length=10), or put the field "
        "last in the template.",
    )
