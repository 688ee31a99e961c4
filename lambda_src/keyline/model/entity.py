"""Kinds of items as data: their shape, the keys that are made of it, how long they are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec

from keyline.model.shape import AttributeType, fields_of
from keyline.model.template import Template


@dataclass(frozen=True)
class Key:
    """A primary key or an index's key.

    Parameters
    ----------
    partition, sort
        Attribute names. A table has one of each at most; an index may have up to four.
    """

    partition: tuple[str, ...]
    sort: tuple[str, ...] = ()

    def __init__(self, partition: str | Sequence[str], sort: str | Sequence[str] = ()) -> None:
        object.__setattr__(self, "partition", _names(partition))
        object.__setattr__(self, "sort", _names(sort))

    @property
    def attributes(self) -> tuple[str, ...]:
        """Partition key attributes, then sort key attributes."""
        return self.partition + self.sort


def _names(value: str | Sequence[str]) -> tuple[str, ...]:
    """Return names as a tuple; what is neither text nor a sequence of names is refused later."""
    return tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else (value,)


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """The time that an item is kept.

    Attributes
    ----------
    days
        A number of days (fractions allowed), or the name of the system's setting that holds it;
        at most `keyline.settings.MAX_RETENTION_DAYS`.
    since
        The attribute that holds the moment to count from: a Number, or text in ISO 8601, which
        is UTC unless it says otherwise. The moment of writing when None.
    unit
        How many of a Number's units make a second: 1000 for milliseconds.
    """

    days: float | str
    since: str | None = None
    unit: int = 1000


class Entity(msgspec.Struct, frozen=True, dict=True):
    """One kind of item in a table.

    Parameters
    ----------
    shape
        The `msgspec.Struct` whose fields are the item's attributes.
    tag
        What the table's discriminator says of items of this kind; empty where it has none.
    keys
        Key attributes that are put together from fields: attribute → template. A template
        whose fields are missing leaves its attribute out (a sparse index's way).
    constants
        Attributes with one value for all items of the kind.
    retention
        How long items of this kind are kept, where it differs from the table's.
    """

    shape: type[msgspec.Struct]
    keys: Mapping[str, str] = msgspec.field(default_factory=dict)
    constants: Mapping[str, str | int] = msgspec.field(default_factory=dict)
    retention: Retention | None = None
    tag: str = ""

    @cached_property
    def templates(self) -> Mapping[str, Template]:
        """The key templates, parsed."""
        return {attribute: Template(text) for attribute, text in self.keys.items()}

    def type_of(self, attribute: str) -> AttributeType | None:
        """Return the DynamoDB type of an attribute, or None if items of this kind never have it."""
        if attribute in self.keys:
            return "S"
        if attribute in self.constants:
            return "S" if isinstance(self.constants[attribute], str) else "N"
        known = fields_of(self.shape).get(attribute)
        return known.type if known else None

    def always_has(self, attribute: str) -> bool:
        """Return whether every item of this kind has the attribute."""
        if attribute in self.constants:
            return True
        fields = fields_of(self.shape)
        if attribute in self.keys:
            made_of = self.templates[attribute].fields
            return all(name in fields and not fields[name].optional for name in made_of)
        return attribute in fields and not fields[attribute].optional
