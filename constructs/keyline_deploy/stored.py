"""The facts about stored items in a system's declaration, as data in its template.

A template says how a table is keyed. How the texts of keys are put together, over how many shards
an index is spread and how long items are kept is known to the declaration alone. `keyline plan`
compares what two templates say of it.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from keyline.model import Entity, Retention, System, Table
from keyline.settings import Shards
from keyline.vector import Codec

METADATA = "Keyline"
"""The key in a template's Metadata."""

Kind = Literal["shards", "days", "codec", "phase"]
"""What a setting decides of stored items."""

_DAYS = "_days"
"""How the name of a setting ends that says how long something is kept."""


def stored(system: System, settings: msgspec.Struct) -> dict[str, Any]:
    """Return what a system's declaration says of stored items.

    Parameters
    ----------
    settings
        Those of the environment.
    """
    hints = typing.get_type_hints(type(settings), include_extras=True)
    values: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(settings))
    return {
        "system": system.name,
        "settings": {
            name: {"kind": kind, "value": value}
            for name, value in sorted(values.items())
            if (kind := _kind(system, name, hints[name]))
        },
        "tables": {table.name: _table(table, values) for table in system.tables},
    }


def _kind(system: System, name: str, hint: object) -> Kind | None:
    """Return what a setting decides; None if the setting decides nothing, or a table tells it."""
    if name in _told_by_tables(system):
        return None
    if hint == Shards:
        return "shards"
    if hint == Codec:
        return "codec"
    if name == "phase" and system.migration:
        return "phase"
    return "days" if name.endswith(_DAYS) else None


def _told_by_tables(system: System) -> set[object]:
    """Return the settings whose values are told with a table that is declared with them."""
    retentions = [
        retention
        for table in system.tables
        for retention in (
            table.ttl.retention if table.ttl else None,
            *(entity.retention for entity in table.kinds),
        )
    ]
    shards = {shards for table in system.tables for shards in table.sharded.values()}
    return {retention.days for retention in retentions if retention} | shards


def _table(table: Table, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "discriminator": table.discriminator or "",
        "shards": {name: settings.get(str(n), n) for name, n in table.sharded.items()},
        "days": _days(table.ttl.retention if table.ttl else None, settings),
        "kinds": {entity.shape.__name__: _entity(entity, settings) for entity in table.kinds},
    }


def _entity(entity: Entity, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "tag": entity.tag,
        "keys": dict(sorted(entity.keys.items())),
        "constants": dict(sorted(entity.constants.items())),
        "days": _days(entity.retention, settings),
    }


def _days(retention: Retention | None, settings: Mapping[str, Any]) -> float | None:
    if retention is None:
        return None
    return float(settings.get(str(retention.days), retention.days))
