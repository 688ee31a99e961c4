"""Sources of what an update sets: other attributes of the same item."""

from __future__ import annotations

import msgspec

from keyline.model.field_checks import checked_name


class Plus(msgspec.Struct, frozen=True):
    """The number in another attribute, and a number that the call gives on top."""

    attribute: str


class OrGiven(msgspec.Struct, frozen=True):
    """The value of another attribute, or the value that the call gives where that has none."""

    attribute: str


Source = str | Plus | OrGiven


def plus(attribute: str) -> Plus:
    """Return the number in an attribute plus a number that the call gives.

    Examples
    --------
    >>> plus("sent_at").attribute
    'sent_at'
    """
    return Plus(checked_name("plus()", attribute))


def or_given(attribute: str) -> OrGiven:
    """Return the value of an attribute, or the value that the call gives where there is none.

    Examples
    --------
    >>> or_given("nick").attribute
    'nick'
    """
    return OrGiven(checked_name("or_given()", attribute))


def attribute_of(source: Source) -> str:
    """Return the attribute, or the place within one, that a value comes from."""
    return source if isinstance(source, str) else source.attribute
