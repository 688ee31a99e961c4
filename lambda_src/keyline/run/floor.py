"""The units that item sizes imply, computed from an answer as it came.

What an answer does not tell is not guessed: the floor is None then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from keyline.model.capacity import change_units, query_units, read_units, write_units
from keyline.model.pattern import Put, Update
from keyline.model.shape import fields_of
from keyline.model.size import item_size
from keyline.model.table import Table
from keyline.run import reply
from keyline.run.codec import Attributes


def of_item(consistent: bool) -> Callable[[bytes], float]:
    """Return the floor of a GetItem that asked for all attributes."""

    def units(body: bytes) -> float:
        item = reply.decoder(reply.ItemReply, reply.RAW).decode(body).Item
        return read_units(item_size(item or {}), consistent=consistent)

    return units


def of_page(consistent: bool) -> Callable[[bytes], float]:
    """Return the floor of a Query that asked for all attributes."""

    def units(body: bytes) -> float:
        return query_units(
            reply.decoder(reply.PageReply, reply.RAW).decode(body).Items, consistent=consistent
        )

    return units


def of_write(table: Table, after: Attributes | None) -> Callable[[bytes], float]:
    """Return the floor of a PutItem or DeleteItem that asked for the old item."""

    def units(body: bytes) -> float:
        before = reply.decoder(reply.WriteReply, reply.RAW).decode(body).Attributes
        return change_units(table, before, after)

    return units


def of_creates(
    creates: Sequence[tuple[Put[Any], Attributes]] | None,
) -> Callable[[bytes], float] | None:
    """Return the floor of a transaction of creates only, each with its item; else None.

    Where items expire, a create may take the place of one of unknown size.
    """
    if creates is None or any(put.replace or put.table.ttl for put, _ in creates):
        return None
    units = sum(change_units(put.table, None, item, transactional=True) for put, item in creates)
    return lambda _: units


def of_update(pattern: Update[Any]) -> Callable[[bytes], float | None]:
    """Return the floor of an UpdateItem that returned the new item.

    The old item is unknown. If an update changes only numbers, and none of them is in the key of an
    index, the floor can still be computed, because a number has a maximum size. The exception is an
    item that is within one number of the next unit. For all other updates the result is None. An
    update is taken to change a value: an update that does not costs the indexes nothing. Where an
    update may create the item, indexes that do not carry the numbers tell nothing either.
    """
    table = pattern.table
    changed = {*pattern.changed, *((pattern.version,) if pattern.version else ())}
    keys = {attribute for index in table.indexes for attribute in index.key.attributes}
    fields = fields_of(pattern.kind.shape)
    numbers = all(name in fields and fields[name].type == "N" for name in changed)
    bounded = numbers and not changed & keys and changed != set(pattern.set_once)
    bounded = bounded and not (pattern.upsert and table.indexes)

    def units(body: bytes) -> float | None:
        after = reply.decoder(reply.WriteReply, reply.RAW).decode(body).Attributes
        if after is None or not bounded:
            return None
        most = {**after, **{name: {"N": "9" * 38} for name in changed}}
        if write_units(item_size(most)) != write_units(item_size(after)):
            return None
        least = {name: value for name, value in after.items() if name not in changed}
        return change_units(table, {**least, **_other(after, changed)}, after)

    return units


def _other(item: Attributes, names: set[str]) -> Attributes:
    """Return these attributes with a value that differs and is no larger."""
    return {n: {"N": "1" if item[n] == {"N": "0"} else "0"} for n in names if n in item}
