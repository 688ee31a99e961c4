"""Conditions that a step leads on from a place: that there is an item, or an object in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from keyline.model.place import Place
from keyline.run.scalars import Wire

_MAP: Wire = {"S": "M"}


class Aliases(Protocol):
    """The aliases of a request, with which an expression names places and values."""

    def path(self, place: Place) -> str:
        """Return the aliases of a place."""
        ...

    def place(self, hint: str, make: Callable[[Mapping[str, Any]], Wire]) -> str:
        """Return a placeholder of its own for a value."""
        ...


class Presence(NamedTuple):
    """Says whether a step can lead on from a place: from an item or an object, not from None.

    Attributes
    ----------
    leads
        The text that holds where a step can.
    ends
        The text that holds where none can, with the same names and placeholders.
    """

    leads: str
    ends: str


def presence(into: Aliases, place: Place) -> Presence:
    """Return whether a step can lead on from a place.

    Parameters
    ----------
    place
        What the step is a step from: for an attribute the item's key.
    """
    path = into.path(place)
    if place.levels and place.may_hold_none:
        is_map = f"attribute_type({path}, {into.place('map', lambda _: _MAP)})"
        return Presence(is_map, f"(NOT {is_map})")
    return Presence(f"attribute_exists({path})", f"attribute_not_exists({path})")
