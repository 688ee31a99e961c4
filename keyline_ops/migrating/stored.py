"""Items of a kind as a backfill reads and writes them, and the condition that one is unchanged."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Generic, TypeVar

import msgspec

from keyline.model import Table, fields_of
from keyline.run import ItemWriter, Reader, TableSettings
from keyline_ops.scanning.segments import Item

ItemT = TypeVar("ItemT", bound=msgspec.Struct)


@dataclass(frozen=True)
class Kind(Generic[ItemT]):
    """A kind of items in a table of an environment.

    Parameters
    ----------
    path
        What errors name first: the backfill.
    name
        The deployed name of the table.
    settings
        The system's.
    """

    path: str
    table: Table
    shape: type[ItemT]
    name: str
    settings: msgspec.Struct

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The attributes of the primary key."""
        return self.table.key.attributes

    def holds(self, item: Item) -> bool:
        """Return whether an item is of this kind, as the discriminator tells."""
        name = self.table.discriminator
        return name is None or item.get(name) == {"S": self._entity.tag}

    def read(self, item: Item) -> ItemT:
        """Return a stored item in its shape.

        Raises
        ------
        ItemUnreadableError
            If the item does not fit the shape.
        """
        return self._reader.item(self._reader.fit(item))

    def written(self, item: ItemT) -> Item:
        """Return an item as DynamoDB writes it.

        Raises
        ------
        BadValueError
            If a value cannot be stored.
        """
        attributes = self._writer.attributes(item, time.time())
        stored: Item = msgspec.json.decode(msgspec.json.encode(attributes))
        return stored

    def is_expired(self, item: Item, now: float) -> bool:
        """Return whether the time of an item is over.

        Parameters
        ----------
        now
            Epoch seconds.
        """
        at = item.get(self.table.ttl.attribute, {}).get("N") if self.table.ttl else None
        return at is not None and float(at) <= now

    @cached_property
    def fields(self) -> frozenset[str]:
        """The attributes that an item of the kind may have."""
        kind = self._entity
        ttl = (self.table.ttl.attribute,) if self.table.ttl else ()
        return frozenset((*fields_of(self.shape), *kind.keys, *kind.constants, *ttl))

    @cached_property
    def _entity(self) -> Any:
        return self.table.entity_of(self.shape)

    @cached_property
    def _reader(self) -> Reader[ItemT]:
        return Reader(self.path, self.table, self._entity, self.shape)

    @cached_property
    def _writer(self) -> ItemWriter:
        return ItemWriter(self.table, self._entity, TableSettings(self.settings))


def unchanged(item: Item, keys: Iterable[str], known: Iterable[str]) -> dict[str, Any]:
    """Return the condition that a stored item still is as it was read, as parts of a request.

    Parameters
    ----------
    keys
        The attributes of the primary key. These attributes are not compared: the request names
        them.
    known
        The attributes that an item of its kind may have. The item has to lack those that it lacked.
    """
    keys = tuple(keys)
    present = sorted(item.keys() - set(keys))
    names = [keys[0], *present, *sorted(set(known) - item.keys() - set(keys))]
    parts = ["attribute_exists(#c0)"]
    parts += [f"#c{n}=:c{n}" for n in range(1, len(present) + 1)]
    parts += [f"attribute_not_exists(#c{n})" for n in range(len(present) + 1, len(names))]
    condition: dict[str, Any] = {
        "ConditionExpression": " AND ".join(parts),
        "ExpressionAttributeNames": {f"#c{n}": name for n, name in enumerate(names)},
    }
    if present:
        values = {f":c{n}": item[name] for n, name in enumerate(present, 1)}
        condition["ExpressionAttributeValues"] = values
    return condition


def same(left: Item, right: Item) -> bool:
    """Return whether two items have the same attributes, however numbers and sets are written."""
    return left == right or _comparable({"M": left}) == _comparable({"M": right})


def _comparable(value: Mapping[str, Any]) -> Any:
    ((tag, held),) = value.items()
    if tag == "M":
        return tag, {name: _comparable(member) for name, member in held.items()}
    if tag == "L":
        return tag, [_comparable(member) for member in held]
    if tag == "N":
        return tag, Decimal(held)
    if tag == "NS":
        return tag, {Decimal(member) for member in held}
    return (tag, set(held)) if tag in ("SS", "BS") else (tag, held)
