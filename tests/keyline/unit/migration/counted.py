"""Metrics that are kept, not published."""

from __future__ import annotations

import msgspec

from keyline.metrics import Metrics, MetricUnit


class Counted(Metrics, frozen=True):
    """Keeps what is published: names and values, in order."""

    values: list[tuple[str, float]] = msgspec.field(default_factory=list)

    def put(self, name: str, value: float, unit: MetricUnit, **dimensions: str) -> None:
        """Keep a value."""
        self.values.append((name, value))

    @property
    def names(self) -> list[str]:
        """The names, in order."""
        return [name for name, _ in self.values]
