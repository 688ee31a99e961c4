"""A table's stream as the input of a function, and which of its records the function receives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from keyline.model.entity import Entity
from keyline.model.table import Table

EventName = Literal["INSERT", "MODIFY", "REMOVE"]
"""What happened to an item, as a stream record names it."""

ImageName = Literal["NewImage", "OldImage"]
"""The item after a change and before it, as a stream record names them."""


class AnythingBut(msgspec.Struct, frozen=True):
    """The attribute has a value, and the value is not one of these."""

    values: tuple[Any, ...]


class Prefix(msgspec.Struct, frozen=True):
    """The attribute is a text that begins with this text."""

    text: str


class Exists(msgspec.Struct, frozen=True):
    """The attribute has a value other than None, or has none."""

    wanted: bool = True


Where = Mapping[str, tuple[Any, ...] | AnythingBut | Prefix | Exists]
"""Attributes of an item and what each must be. A tuple lists the values that match."""


class StreamSource(msgspec.Struct, frozen=True, kw_only=True):
    """A table's stream as a function's input.

    Attributes
    ----------
    events
        The events that the function receives; empty for all events.
    where
        Conditions on the item after the change. All of them must hold.
    old
        Conditions on the item before the change. All of them must hold.
    expired
        Whether the function receives only what DynamoDB deleted because its time was over.
    shape
        The kind of item that the function receives, by the table's discriminator; None if the
        table has one kind.
    batch, window
        Records, and seconds to wait for them.
    max_attempts
        Retries of a failing record before it goes to the on-failure queue.
    max_age_hours
        Age at which a record goes there at the latest; a stream holds 24 hours.
    from_start
        Whether a new consumer starts with the oldest record rather than the next.

    Examples
    --------
    >>> StreamSource(table=ORDERS, events=("INSERT",), where={"status": ("paid",)})
    """

    table: Table
    events: tuple[EventName, ...] = ()
    where: Where = msgspec.field(default_factory=dict)
    old: Where = msgspec.field(default_factory=dict)
    expired: bool = False
    shape: type[msgspec.Struct] | None = None
    batch: int = 100
    window: int = 1
    max_attempts: int = 5
    max_age_hours: int = 12
    from_start: bool = True

    @property
    def images(self) -> Mapping[ImageName, Where]:
        """The conditions by the image that they are about, if the source selects by an image."""
        found: dict[ImageName, Where] = {"NewImage": self.where, "OldImage": self.old}
        found = {name: where for name, where in found.items() if where}
        if self.shape is not None and not found:
            return {"OldImage" if "REMOVE" in self.events else "NewImage": {}}
        return found

    @property
    def kind(self) -> Entity | None:
        """The kind of item that the conditions are about; None if it is not known."""
        kinds = [k for k in self.table.kinds if self.shape in (None, k.shape)]
        return kinds[0] if len(kinds) == 1 else None
