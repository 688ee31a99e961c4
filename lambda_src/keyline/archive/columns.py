"""The columns of the archive: fixed ones, and one for each attribute that is declared."""

from __future__ import annotations

from typing import NamedTuple

from keyline.model import Table, fields_of

FIXED = ("archive_event_id", "archive_sequence", "archive_deleted_at", "archive_item")
"""The id of the deletion, its place in the stream, its time in UTC, and the whole item.

The item is DynamoDB's JSON, in which every type and every digit is kept."""

_TYPES = {"S": "string", "N": "double", "BOOL": "boolean"}


class Column(NamedTuple):
    """A column of the table that Athena asks: its name, and Hive's type."""

    name: str
    type: str


def column_type(kind: str | None) -> str:
    """Return Hive's type of a DynamoDB type; what is not plain is a text of JSON.

    A `double` keeps 15 digits. `archive_item` has all of them.
    """
    return _TYPES.get(kind or "", "string")


def columns(table: Table) -> tuple[Column, ...]:
    """Return the columns of a table: the fixed ones, then attributes in the order declared.

    Athena does not tell upper from lower case. Of two attributes that differ in that alone, the
    first has a column.
    """
    found = dict.fromkeys(FIXED, "string")
    kinds: dict[str, str | None] = dict(table.key_attributes)
    for entity in table.kinds:
        kinds |= {name: field.type for name, field in fields_of(entity.shape).items()}
    if table.ttl:
        kinds[table.ttl.attribute] = "N"
    for name, kind in kinds.items():
        found.setdefault(name.lower(), column_type(kind))
    return tuple(Column(name, type) for name, type in found.items())
