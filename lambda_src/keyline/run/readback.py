"""The check before a write: it refuses what a read would refuse.

A value is converted to the very type that a read decodes it into, so that the two never differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, get_args

import msgspec

from keyline.known_types import know
from keyline.model.shape import annotation_of, fields_of, strip
from keyline.run.conversion import convert
from keyline.run.errors import BadValueError
from keyline.run.scalars import Wire
from keyline.run.untyped import MAX_LEVELS, too_deep
from keyline.run.values import inside, of_field, of_type, struct_reader

ValueCheck = Callable[[Any], None]
"""Refuses with BadValueError what could not be read back."""


@cache
def item_check(shape: type[msgspec.Struct]) -> ValueCheck:
    """Return what checks an item's attributes, so that nothing is stored that no read accepts."""
    wire = struct_reader(shape).wire
    checks = {name: field_check(shape, name) for name in fields_of(shape)}
    open_ones = [name for name in checks if _is_open(annotation_of(shape, name))]

    def check(attributes: Mapping[str, Wire]) -> None:
        try:
            msgspec.convert(attributes, wire, strict=False)
        except msgspec.ValidationError:
            for name, each in checks.items():
                if name in attributes:
                    each(attributes[name])
            raise
        for name in open_ones:
            if name in attributes:
                _check_levels(name, attributes[name])

    return check


@cache
def field_check(shape: type[msgspec.Struct], name: str) -> ValueCheck:
    """Return the check of one attribute that is there."""
    return _check(name, annotation_of(shape, name), of_field(shape, name).wire)


@cache
def part_check(name: str, annotation: Any) -> ValueCheck:
    """Return the check of a part of an attribute, by its place and its type.

    Of what is added to a number or a set it is the type without constraints: the total has its
    own bounds.
    """
    return _check(name, annotation, of_type(annotation).wire)


def _check(name: str, annotation: Any, wire: Any) -> ValueCheck:
    is_open = _is_open(annotation)
    know(wire)

    def check(value: Wire) -> None:
        try:
            convert(value, wire, annotation)
        except BadValueError as error:
            raise inside(error, name) from error
        if is_open:
            _check_levels(name, value)

    return check


def _is_open(annotation: Any) -> bool:
    """Return whether values of a type may hold values of any type, and so be of any depth."""
    bare = strip(annotation).bare
    if bare in (Any, object, list, tuple, dict):
        return True
    if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
        return any(_is_open(field.type) for field in msgspec.structs.fields(bare))
    return any(map(_is_open, get_args(bare)))


def _check_levels(name: str, wire: Wire) -> None:
    if _levels(wire) > MAX_LEVELS:
        raise too_deep().at(name)


def _levels(wire: Wire) -> int:
    """Return how many lists and maps a value holds within each other."""
    ((tag, content),) = wire.items()
    if tag not in ("L", "M"):
        return 0
    return 1 + max(map(_levels, content if tag == "L" else content.values()), default=0)
