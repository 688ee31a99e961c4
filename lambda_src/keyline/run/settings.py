"""The settings of a table, resolved: retention and write shards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property

import msgspec

from keyline.errors import KeylineError
from keyline.model.entity import Entity, Retention
from keyline.model.table import Table
from keyline.moments import DAY_SECONDS
from keyline.run.errors import BadValueError
from keyline.settings import MAX_RETENTION_DAYS

EARLIEST, LATEST = 315_532_800, 7_258_118_400
"""1980-01-01 and 2200-01-01, UTC, epoch seconds: between them lies every moment that is meant."""
_UNITS = {1: "seconds", 1000: "milliseconds", 10**6: "microseconds", 10**9: "nanoseconds"}
_MOMENT_SAYS = "Write 2026-01-31T12:00:00.000Z."


class Expiry(msgspec.Struct, frozen=True):
    """The expiry of an item, ready to compute.

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
        """Return the epoch seconds of the expiry.

        Parameters
        ----------
        moment
            The value of `since`: in its unit, or as ISO 8601; None to count from now.
        now
            Epoch seconds.

        Raises
        ------
        BadValueError
            If it is text that is not a moment, or a moment before 1980 or after 2200: it was
            probably meant in another unit.
        """
        if moment is None:
            return int(now + self.seconds)
        name = self.since or ""
        if isinstance(moment, str):
            found = _epoch_seconds(name, moment)
            check_moment(name, found, 1, "")
        else:
            found = float(moment / self.unit)  # of an int without a float in between
            check_moment(name, float(moment), self.unit, f"{name!r} is declared in")
        return int(found + self.seconds)


def check_moment(name: str, moment: float, unit: int, takes: str) -> None:
    """Refuse a moment that no plausible one is in this unit.

    Parameters
    ----------
    unit
        How many of the moment's units make a second.
    takes
        What the error says before the name of the unit: `'at' is declared in`.

    Raises
    ------
    BadValueError
        If it lies before 1980 or after 2200, with the unit that would fit.
    """
    if EARLIEST <= moment / unit <= LATEST:
        return
    fits = next((u for u in _UNITS if EARLIEST <= moment / u <= LATEST), None)
    if fits is None or not takes:
        raise BadValueError(
            name, "is a moment before 1980 or after 2200.", "Give the moment that is meant."
        )
    declared = _UNITS.get(unit, f"units of which {unit} make a second")
    change = f"multiply by {unit // fits}" if fits < unit else f"divide by {fits // unit}"
    declare = f", or declare unit={fits}" if "declared" in takes else ""
    raise BadValueError(
        name, f"looks like {_UNITS[fits]}; {takes} {declared}.", f"{change.capitalize()}{declare}."
    )


def check_ttl(attribute: str, seconds: float) -> None:
    """Refuse a value of the TTL attribute that is not epoch seconds.

    Raises
    ------
    BadValueError
        If it lies before 1980 or after 2200, with the unit that it seems to have.
    """
    check_moment(attribute, seconds, 1, "the TTL attribute takes")


def _epoch_seconds(name: str, text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadValueError(name, "is not a moment in ISO 8601.", _MOMENT_SAYS) from None
    # Text without an offset would be taken for the machine's own time otherwise.
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


class TableSettings(msgspec.Struct, frozen=True, dict=True):
    """A system's settings as its tables use them."""

    values: msgspec.Struct

    def expiry(self, table: Table, kind: Entity) -> Expiry | None:
        """Return how long items of a kind are kept; None if they do not expire by themselves."""
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
        """Return the sharded attributes of a table → the number of shards."""
        return {a: self._shards(table, a, n) for a, n in table.sharded.items()}

    @cached_property
    def _known(self) -> Mapping[str, object]:
        return msgspec.structs.asdict(self.values)

    def _days(self, table: Table, retention: Retention) -> float:
        path, days = f"{table.name}.retention", retention.days
        found = self._number(path, days) if isinstance(days, str) else days
        if not 0 < found <= MAX_RETENTION_DAYS:
            raise KeylineError(
                path,
                f"the setting {days!r} is {found}.",
                f"Give days, above 0 and up to {MAX_RETENTION_DAYS}.",
            )
        return found

    def _shards(self, table: Table, attribute: str, declared: int | str) -> int:
        path = f"{table.name}.shards[{attribute}]"
        found = self._number(path, declared) if isinstance(declared, str) else declared
        if found < 1 or found != int(found):
            raise KeylineError(path, f"is {found}.", "Give a whole number from 1.")
        return int(found)

    def _number(self, path: str, name: str) -> float:
        value = self._known.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise KeylineError(path, f"the setting {name!r} is not a number.", "Give it one.")
        return value
