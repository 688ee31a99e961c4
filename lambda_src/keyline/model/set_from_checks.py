"""Checks of what an update sets from other attributes: that each value fits where it goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from keyline.errors import Fault, instead_of
from keyline.model.pattern import Update, primary_fields
from keyline.model.place import Place, default_within, place_of, places_near
from keyline.model.set_from import OrGiven, Plus, Source, attribute_of
from keyline.model.shape import limits_of, strip

_AS_SOURCE = "Give the name of an attribute, plus() or or_given()."


class _Move(NamedTuple):
    """A value on its way from one place of an item to another."""

    update: Update[Any]
    source: Source
    origin: Place
    target: Place

    @property
    def named(self) -> str:
        return attribute_of(self.source)


def set_from_faults(update: Update[Any]) -> Iterator[Fault]:
    """Yield what is wrong with what an update sets from other attributes."""
    for name, source in update.set_from.items():
        path = f"set_from.{name}"
        if not isinstance(source, Source):
            yield path, f"comes from {source!r}, which is not a source.", _AS_SOURCE
            continue
        named = attribute_of(source)
        origin, target = place_of(update.kind, named), place_of(update.kind, name)
        if origin is None:
            yield (
                path,
                f"comes from {named!r}, and {update.kind.shape.__name__} has no such field.",
                instead_of(named, places_near(update.kind, named)),
            )
        elif target is not None:
            move = _Move(update, source, origin, target)
            for says, suggestion in _move_faults(move):
                yield path, says, suggestion


def _move_faults(move: _Move) -> Iterator[tuple[str, str]]:
    update, target, name = move.update, move.target, move.target.attribute
    if (move.origin.attribute, move.origin.steps) == (name, target.steps):
        yield "is set from itself.", "Use add, or leave it out."
    if any(place.field and place.field.compress_above for place in (move.origin, target)):
        yield "is stored compressed, or set from what is.", "Set it to a value."
    if {name, move.named} & update.table.sharded.keys():
        yield "is stored with a write shard, or set from what is.", "Set it to a value."
    yield from _type_faults(move)
    yield from _key_faults(move)
    if isinstance(move.source, OrGiven):
        yield from _or_given_faults(move)
    elif update.upsert:
        yield (
            f"comes from {move.named}, which a new item does not have.",
            "Use or_given(), or drop upsert=True.",
        )


def _type_faults(move: _Move) -> Iterator[tuple[str, str]]:
    """Yield why values of one place could not be read in the other."""
    target, origin = strip(move.target.annotation), strip(move.origin.annotation)
    if None in (move.target.type, move.origin.type):
        yield f"has no declared type, or {move.named} has none.", "Declare both alike."
        return
    if target.bare != origin.bare:
        yield f"is declared as another type than {move.named}.", "Declare both alike."
        return
    ours, theirs = limits_of(target.typed), limits_of(origin.typed)
    is_number = move.target.type == "N"
    is_one_of = isinstance(ours, msgspec.inspect.LiteralType | msgspec.inspect.EnumType)
    if isinstance(move.source, Plus) and (not is_number or is_one_of):
        yield "is not a Number of any value.", "Set it without plus()."
    if is_number:  # the bounds of a number are compared when it is set
        step = getattr(ours, "multiple_of", None)
        if step is not None and step != getattr(theirs, "multiple_of", None):
            yield f"is a multiple of {step}, and {move.named} is not.", "Declare both alike."
        if step is not None and isinstance(move.source, Plus) and target.bare is float:
            yield "is a float with multiple_of, and a sum may not keep to it.", "Declare it as int."
    elif ours not in (theirs, limits_of(target.bare)):
        yield f"has other bounds than {move.named}.", "Declare both alike."
    if move.origin.may_hold_none and isinstance(move.source, Plus):
        yield f"comes from {move.named}, and nothing is added to None.", "Drop None from its type."
    elif move.origin.may_hold_none and not move.target.may_hold_none:
        yield f"comes from {move.named}, which may hold None.", "Declare both alike."


def _key_faults(move: _Move) -> Iterator[tuple[str, str]]:
    """Yield why a value might not be one that the key of an index takes."""
    limits, target = move.update.table.key_limits, move.target
    limit = None if target.steps else limits.get(target.attribute)
    if limit is None:
        return
    if target.type == "N":
        if isinstance(move.source, Plus) and strip(target.annotation).bare is float:
            yield (
                "is a float and part of an index's key, and a float may not hold the sum.",
                "Declare it as Decimal or int.",
            )
        return
    if move.origin.steps or limits.get(move.origin.attribute, limit + 1) > limit:
        yield (
            f"is part of an index's key, and {move.named} may be empty or too long for it.",
            "Set it to a value.",
        )


def _or_given_faults(move: _Move) -> Iterator[tuple[str, str]]:
    field, update = move.origin.field, move.update
    given = {*update.table.key.attributes, *primary_fields(update)}
    if update.upsert and move.origin.attribute in given:
        yield f"comes from {move.named}, which each call gives.", "Set it to a value."
        return
    for level in range(len(move.origin.steps)):
        if default_within(move.origin, level) is not None:
            yield (
                f"comes from {move.named}, which has a default where {move.origin.attribute} or a "
                "part of it is absent.",
                "Set it without or_given().",
            )
            return
    if move.origin.steps and isinstance(move.origin.steps[-1], int):
        return
    if field and field.defaulted:
        yield f"comes from {move.named}, which has a default.", "Set it without or_given()."
    elif field and field.required and not move.origin.steps and not update.upsert:
        yield f"comes from {move.named}, which every item has.", "Set it without or_given()."
