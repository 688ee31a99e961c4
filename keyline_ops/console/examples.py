"""Values of a pattern that items in its table have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from keyline.model import Delete, Get, Pattern, Query, Update
from keyline_ops.console.items import Item, Items, brief
from keyline_ops.querying.pattern import attributes_of, ranges_of

_LOOKED_AT = 50
_MOST = 3


def examples(pattern: Pattern[Any], table: str, items: Items) -> list[Mapping[str, str]]:
    """Return values with which a pattern finds something, by the names of its form's fields.

    Parameters
    ----------
    table
        The name of the deployed table.
    """
    if not isinstance(pattern, Get | Query | Update | Delete) or not pattern.parameters:
        return []
    found: dict[tuple[str, ...], Mapping[str, str]] = {}
    for item in items.some(table, pattern.index_name, _LOOKED_AT):
        values = dict(_values(pattern, item))
        if len(values) >= len(pattern.parameters):
            found.setdefault(tuple(values.values()), values)
    return [*found.values()][:_MOST]


def _values(pattern: Pattern[Any], item: Item) -> Iterator[tuple[str, str]]:
    ranges = ranges_of(pattern)
    for parameter, attribute in attributes_of(pattern).items():
        if attribute not in item or not brief(item[attribute]):
            continue
        text = brief(item[attribute])
        if attribute in pattern.table.sharded:
            text = text.partition("#")[0]
        if parameter in ranges:
            yield f"{parameter}.from", text
            yield f"{parameter}.to", text
        else:
            yield parameter, text
