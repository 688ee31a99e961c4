"""Metrics of a system's own, beside those that the meter takes of every call.

One value is one EMF line on stdout, which CloudWatch turns into a metric.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import msgspec
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
    AmazonCloudWatchEMFProvider,
)

from keyline.errors import KeylineError, instead_of
from keyline.model import COMMON_DIMENSIONS, GROWTH_METRICS, NAMESPACE, System

__all__ = ["MetricUnit", "Metrics"]


class Metrics(msgspec.Struct, frozen=True, dict=True):
    """Publishes the metrics that a system declares: namespace `Keyline`.

    Parameters
    ----------
    environment, system
        The values of the dimensions that all of them share.
    """

    environment: str
    system: System

    def put(self, name: str, value: float, unit: MetricUnit, **dimensions: str) -> None:
        """Publish one value.

        Parameters
        ----------
        dimensions
            The dimensions of the metric that the system declares, without environment and system.

        Raises
        ------
        KeylineError
            If the system does not declare the metric, or declares it with other dimensions: no
            alarm and no graph would find it.
        """
        self._check(name, frozenset(dimensions))
        # An empty service: from POWERTOOLS_SERVICE_NAME a dimension would follow that no alarm
        # asks for, and an alarm without it has no data.
        metric = AmazonCloudWatchEMFProvider(namespace=NAMESPACE, service="")
        for label, of in zip(COMMON_DIMENSIONS, (self.environment, self.system.name), strict=True):
            metric.add_dimension(label, of)
        for label, of in dimensions.items():
            metric.add_dimension(label, of)
        metric.add_metric(name, unit, value)
        metric.flush_metrics()

    def count(self, name: str) -> None:
        """Publish that something happened once.

        Raises
        ------
        KeylineError
            If the system does not declare the metric, or declares it with dimensions.
        """
        self.put(name, 1, MetricUnit.Count)

    @cached_property
    def _declared(self) -> Mapping[str, frozenset[str]]:
        metrics = (*GROWTH_METRICS, *self.system.published)
        return {metric.name: frozenset(metric.dimensions) for metric in metrics}

    def _check(self, name: str, given: frozenset[str]) -> None:
        declared = self._declared.get(name)
        if declared is None:
            raise KeylineError(
                f"{self.system.name}.metrics",
                f"does not hold {name!r}.",
                instead_of(name, self._declared),
            )
        if given != declared:
            raise KeylineError(
                f"{self.system.name}.metrics[{name}]",
                f"is declared with {_text(declared)}, and published with {_text(given)}.",
                "Give the same dimensions at both places.",
            )


def _text(dimensions: frozenset[str]) -> str:
    names = sorted(dimensions)
    return f"the dimensions {', '.join(names)}" if names else "no dimensions of its own"
