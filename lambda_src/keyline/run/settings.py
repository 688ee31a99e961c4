"""What a table leaves to the system's settings: retention and write shards, resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import msgspec

from keyline.model.entity import Entity, Retention
from keyline.model.table import Table
from keyline.problem import KeylineError
from keyline.run.errors import BadValue

DAY_SECONDS = 86_400
_MOMENT_SAYS = "Write 2026-01-31T12:00:00.000Z."


@dataclass(frozen=True)
class Expiry:
    """When an item expires, ready to compute.

    Attributes
    ----------
    attribute
        The table's TTL attribute.
    seconds
        How long the item is kept.
    since, unit
        As in `Retention`.
    """

    attribute: str
    seconds: float
    since: str | None
    unit: int

    def at(self, moment: float | str | None, now: float) -> int:
        """Epoch seconds of the expiry.

        Parameters
        ----------
        moment
            The value of `since`: in its unit, or as ISO 8601; None to count from now.
        now
            Epoch seconds.

        Raises
        ------
        BadValue
            If it is text that is no moment.
        """
        if moment is None:
            return int(now + self.seconds)
        if isinstance(moment, str):
            return int(_epoch_seconds(self.since or "", moment) + self.seconds)
        return int(float(moment) / self.unit + self.seconds)


def _epoch_seconds(name: str, text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadValue(name, "is no moment in ISO 8601.", _MOMENT_SAYS) from None
    # Text without an offset would be taken for the machine's own time otherwise.
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


@dataclass(frozen=True)
class Settings:
    """A system's settings as its tables use them."""

    values: msgspec.Struct

    def expiry(self, table: Table, kind: Entity) -> Expiry | None:
        """How long items of a kind are kept; None if they do not expire by themselves."""
        retention = kind.retention or (table.ttl.retention if table.ttl else None)
        if table.ttl is None or retention is None:
            return None
        return Expiry(
            table.ttl.attribute,
            self._days(table, retention) * DAY_SECONDS,
            retention.since,
            retention.unit,
        )

    def shards(self, table: Table) -> Mapping[str, int]:
        """The sharded attributes of a table → the number of shards."""
        return {a: self._shards(table, a, n) for a, n in table.sharded.items()}

    @cached_property
    def _known(self) -> Mapping[str, object]:
        return msgspec.structs.asdict(self.values)

    def _days(self, table: Table, retention: Retention) -> float:
        days = retention.days
        return self._number(f"{table.name}.retention", days) if isinstance(days, str) else days

    def _shards(self, table: Table, attribute: str, declared: int | str) -> int:
        path = f"{table.name}.shards[{attribute}]"
        found = self._number(path, declared) if isinstance(declared, str) else declared
        if found < 1 or found != int(found):
            raise KeylineError(path, f"is {found}.", "Give a whole number from 1.")
        return int(found)

    def _number(self, path: str, name: str) -> float:
        value = self._known.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise KeylineError(path, f"the setting {name!r} is no number.", "Give it one.")
        return value
