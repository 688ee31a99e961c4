"""Places within items: an attribute, or what lies within its lists and maps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, get_args, get_origin

import msgspec

from keyline.model.entity import Entity
from keyline.model.shape import AttributeType, Field, fields_of, infos_of, stored_as, strip

Step = str | int
"""The name of a map's key, or the number of a list's element."""

_STEPS = re.compile(r"(?:\.[^.\[\]]+|\[[0-9]+\])+")
_STEP = re.compile(r"\.([^.\[\]]+)|\[([0-9]+)\]")


class Place(msgspec.Struct, frozen=True):
    """A place within items of a kind.

    Attributes
    ----------
    attribute
        The attribute that it is, or lies in.
    steps
        The way on from there, through lists and maps.
    levels
        What is declared of the attribute and of each step: its type, and the field, where it is
        one. The type is `Any` where nobody declared one, and None of an attribute that is not a
        field.
    """

    attribute: str
    steps: tuple[Step, ...]
    levels: tuple[Level, ...]

    @property
    def annotation(self) -> Any:
        """The declared type of what is there."""
        return self.levels[-1].annotation

    @property
    def field(self) -> Field | None:
        """The field that it is, of the item or of a Struct within it."""
        return self.levels[-1].field

    @property
    def type(self) -> AttributeType | None:
        """The DynamoDB type of what is there; None where nobody declared it."""
        bare = strip(self.annotation).bare
        return None if bare in (Any, object) else stored_as(self.annotation, self.attribute)

    @property
    def may_hold_none(self) -> bool:
        """Return whether None may be stored there, and not leave the attribute out."""
        if self.field is None:
            return self.type is None or strip(self.annotation).optional
        return self.field.optional and self.field.defaulted


class Level(msgspec.Struct, frozen=True):
    """The declaration of one step of a place."""

    annotation: Any
    field: Field | None = None


def place_of(kind: Entity, text: str) -> Place | None:
    """Return the place of a text such as `address.city` or `parts[0].due`; None if there is none.

    An attribute whose own name is the text goes first.
    """
    fields = fields_of(kind.shape)
    if text in fields:
        return Place(text, (), (level_of(kind.shape, text),))
    for attribute in sorted(fields, key=len, reverse=True):
        rest = text.removeprefix(attribute)
        if rest == text or not _STEPS.fullmatch(rest):
            continue
        steps = tuple(name or int(number) for name, number in _STEP.findall(rest))
        levels = _levels(level_of(kind.shape, attribute), steps)
        return Place(attribute, steps, levels) if levels else None
    return None


def level_of(shape: type[msgspec.Struct], name: str) -> Level:
    """Return what is declared of an attribute of a shape."""
    return Level(infos_of(shape)[name].type, fields_of(shape)[name])


def level_after(bare: Any, step: Step) -> Level | None:
    """Return what is declared of a step from a value of a type; None if it leads nowhere."""
    origin, args = get_origin(bare), get_args(bare)
    if bare in (Any, object):
        return Level(Any)
    if isinstance(step, int):
        if bare in (list, tuple):
            return Level(Any)
        return Level(args[0]) if origin in (list, tuple) else None
    if bare is dict:
        return Level(Any)
    if origin is dict:
        return Level(args[1])
    if isinstance(bare, type) and issubclass(bare, msgspec.Struct) and step in fields_of(bare):
        return level_of(bare, step)
    return None


def places_near(kind: Entity, text: str) -> list[str]:
    """Return the places that a text which leads nowhere could have meant.

    The places are those of the step where the text goes wrong: the fields of the Struct that it is
    in, an element of the list, or the attributes where none begins so.
    """
    found, (place, rest) = sorted(fields_of(kind.shape)), _as_far_as_it_leads(kind, text)
    if place is None or not rest:
        return found
    bare, there = strip(place.annotation).bare, text.removesuffix(rest)
    if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
        return [f"{there}.{name}" for name in fields_of(bare)]
    return [f"{there}[0]"] if get_origin(bare) in (list, tuple) else [there]


def _as_far_as_it_leads(kind: Entity, text: str) -> tuple[Place | None, str]:
    """Return the last place on the way of a text, and the rest of the text."""
    ends = [step.start() for step in _STEP.finditer(text)]
    for end in (len(text), *reversed(ends)):
        if place := place_of(kind, text[:end]):
            return place, text[end:]
    return None, text


@lru_cache(maxsize=1024)
def last_name(text: str) -> str:
    """Return the last name in the text of a place: `city` of `address.city`."""
    return re.sub(r"(\[[0-9]+\])+\Z", "", text).rpartition(".")[2]


def default_within(place: Place, level: int) -> Any:
    """Return what a read gives at a place where the step of a level is absent; None if nothing.

    Parameters
    ----------
    level
        0 for the attribute itself.
    """
    field = place.levels[level].field
    if field is None or field.required:
        return None
    value = field.default
    if field.is_set and not field.optional:
        value = frozenset()
    for step in place.steps[level:]:
        value = _step_into(value, step)
    return value


def _step_into(value: Any, step: Step) -> Any:
    if isinstance(value, msgspec.Struct):
        found = infos_of(type(value)).get(str(step))
        return getattr(value, found.name) if found else None
    if isinstance(value, Mapping):
        return value.get(step)
    if isinstance(value, list | tuple) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def _levels(first: Level, steps: Iterable[Step]) -> tuple[Level, ...]:
    """Return the attribute's level and those of its steps; empty if a step leads nowhere."""
    levels = [first]
    for step in steps:
        following = level_after(strip(levels[-1].annotation).bare, step)
        if following is None:
            return ()
        levels.append(following)
    return tuple(levels)
