"""Metrics that are kept, not published."""

from __future__ import annotations

from dataclasses import dataclass, field

from keyline.metrics import Metrics, MetricUnit


@dataclass(frozen=True)
class Counted(Metrics):
    """Keeps what is published: names and values, in order."""

    values: list[tuple[str, float]] = field(default_factory=list)

    def put(self, name: str, value: float, unit: MetricUnit, **dimensions: str) -> None:
        """Keep a value."""
        self.values.append((name, value))

    @property
    def names(self) -> list[str]:
        """The names, in order."""
        return [name for name, _ in self.values]
