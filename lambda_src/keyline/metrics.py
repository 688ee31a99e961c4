"""Metrics of a system's own, beside those that the meter takes of every call.

One value is one EMF line on stdout, which CloudWatch turns into a metric.
"""

from __future__ import annotations

from dataclasses import dataclass

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
    AmazonCloudWatchEMFProvider,
)

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
        # An empty service: from POWERTOOLS_SERVICE_NAME a dimension would follow that no alarm
        # asks for, and an alarm without it has no data.
        metric = AmazonCloudWatchEMFProvider(namespace=NAMESPACE, service="")
        labels = {"Environment": self.environment, "System": self.system, **dimensions}
        for label, of in labels.items():
            metric.add_dimension(label, of)
        metric.add_metric(name, unit, value)
        metric.flush_metrics()

    def count(self, name: str) -> None:
        """Publish that something happened once."""
        self.put(name, 1, MetricUnit.Count)
