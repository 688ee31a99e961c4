"""The use of a system in a month: what its declaration says, or what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from keyline.model import System

HORIZON_MONTHS = 12
"""How many months of items are taken to be stored where nothing expires them."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """A month of a system.

    Attributes
    ----------
    calls
        Of the month, by pattern; a pattern that is not in it has no known rate.
    units
        Read or write units of one call, by pattern, where they were measured.
    stored
        Items by table, where that is known better than from what is created.
    months
        For how many months items have been created that nothing expires.
    notes
        What has to be said of where these figures come from.
    """

    calls: Mapping[str, float]
    units: Mapping[str, float] = field(default_factory=dict)
    stored: Mapping[str, float] = field(default_factory=dict)
    months: float = HORIZON_MONTHS
    notes: tuple[str, ...] = ()

    @classmethod
    def declared(
        cls,
        system: System,
        *,
        months: float = HORIZON_MONTHS,
        stored: Mapping[str, float] | None = None,
    ) -> Usage:
        """Return the rates that the patterns of a system declare."""
        calls = {p.name: p.per_month for p in system.called if p.per_month is not None}
        return cls(calls=calls, stored=stored or {}, months=months)

    def times(self, factor: float) -> Usage:
        """Return the same with so many times the calls, and the items that are known."""
        return replace(
            self,
            calls={name: calls * factor for name, calls in self.calls.items()},
            stored={name: items * factor for name, items in self.stored.items()},
        )
