"""Moves of values from one attribute to another, which an update makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from keyline.model.pattern import Update
from keyline.model.place import Place, Step, default_within, place_of
from keyline.model.set_from import OrGiven, Plus, attribute_of
from keyline.run import values
from keyline.run.bounds import Bounds, bounds_of
from keyline.run.codec import Attributes
from keyline.run.scalars import Wire


class Move(msgspec.Struct, frozen=True):
    """A value on its way from one place of an item to another.

    Attributes
    ----------
    adds
        Whether a number of the call is added.
    or_given
        Whether a value of the call is set where the origin has none.
    default
        What a read gives where the origin is absent; None if nothing.
    bounds
        The bounds of a number where it goes; None where it is not a number.
    alike
        Whether the origin has the same bounds, so that its number keeps to them.
    """

    origin: Place
    target: Place
    adds: bool
    or_given: bool
    default: Wire | None
    bounds: Bounds | None
    alike: bool

    def before(self, delta: Decimal) -> Iterable[tuple[str, Decimal]]:
        """Return what the number at the origin has to be, so that the total keeps to the bounds."""
        if self.bounds is None:
            return []
        return self.bounds.before(delta) if self.alike else self.bounds.around(delta)

    def admits_default(self, delta: Decimal) -> bool:
        """Return whether the total of an item without the origin keeps to the bounds."""
        return self.bounds is None or self.bounds.admit_start(delta)


def moves_of(update: Update[Any]) -> Mapping[str, Move]:
    """Return what an update sets from other attributes, by the place where it goes."""
    return {name: _move(update, name) for name in update.set_from}


def sources_without_value(update: Update[Any], item: Attributes) -> Mapping[str, str]:
    """Return the sources that have no value in a stored item, by what an update sets from each.

    Such a source is why the update of the item is refused, whatever else does not hold of it.
    """
    return {
        name: attribute_of(update.set_from[name])
        for name, move in moves_of(update).items()
        if not move.or_given and not _has_value(move, item)
    }


def _has_value(move: Move, item: Attributes) -> bool:
    steps = move.origin.steps
    if move.default is None:
        return _stored(item, move.origin.attribute, steps) is not None
    if not steps:
        return True
    around = steps if isinstance(steps[-1], int) else steps[:-1]
    found = _stored(item, move.origin.attribute, around)
    return found is not None and "NULL" not in found


def _stored(item: Attributes, attribute: str, steps: Iterable[Step]) -> Wire | None:
    """Return what is stored at a place of an item; None if there is nothing."""
    found = item.get(attribute)
    for step in steps:
        if found is None:
            return None
        if isinstance(step, int):
            elements = found.get("L", ())
            found = elements[step] if step < len(elements) else None
        else:
            found = found.get("M", {}).get(step)
    return found


def _move(update: Update[Any], name: str) -> Move:
    source = update.set_from[name]
    target, origin = place_of(update.kind, name), place_of(update.kind, attribute_of(source))
    if target is None or origin is None:
        raise ValueError(f"{update.name} sets {name} from a place that is not there")
    default = default_within(origin, len(origin.steps))
    wire = None if default is None else values.of_type(origin.annotation).encode(default)
    bounds, alike = None, True
    if target.type == "N":
        theirs, ours = bounds_of(origin, update.table), bounds_of(target, update.table)
        bounds = msgspec.structs.replace(theirs, limits=ours.limits, step=ours.step)
        alike = theirs.limits == ours.limits
    return Move(
        origin, target, isinstance(source, Plus), isinstance(source, OrGiven), wire, bounds, alike
    )
