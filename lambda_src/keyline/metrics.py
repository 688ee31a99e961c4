"""Metrics of a system's own, beside those that the meter takes of every call.

One value is one EMF line on stdout, which CloudWatch turns into a metric.
"""

from __future__ import annotations

from dataclasses import dataclass

from aws_lambda_powertools.metrics import MetricUnit, single_metric

from keyline.run.meter import NAMESPACE

__all__ = ["MetricUnit", "Metrics"]


@dataclass(frozen=True)
class Metrics:
    """Where the metrics of a function go: namespace `Keyline`, by environment and system.

    Parameters
    ----------
    environment, system
        The dimensions that all of them share.
    """

    environment: str
    system: str

    def put(self, name: str, value: float, unit: MetricUnit, **dimensions: str) -> None:
        """Publish one value.

        Parameters
        ----------
        dimensions
            What it is told apart by besides environment and system: at most 27.
        """
        with single_metric(
            name=name,
            unit=unit,
            value=value,
            namespace=NAMESPACE,
            default_dimensions={"Environment": self.environment, "System": self.system},
        ) as metric:
            for dimension, of in dimensions.items():
                metric.add_dimension(name=dimension, value=of)

    def count(self, name: str) -> None:
        """Publish that something happened once."""
        self.put(name, 1, MetricUnit.Count)
