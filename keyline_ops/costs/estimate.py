"""The parts of a forecast of one system, from which another usage is forecast as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keyline.model import System, pascal, stack_name
from keyline_deploy.environment import Environment
from keyline_ops.costs.forecast import Forecast, forecast
from keyline_ops.costs.observability import Observability, observability
from keyline_ops.costs.prices import Prices
from keyline_ops.costs.services import service_costs
from keyline_ops.costs.usage import Usage

_PARTS = ("data", "service")
"""The stacks of a system, whose templates have the names of their constructs."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One system in one environment at given prices.

    Attributes
    ----------
    watched
        What its stacks have of CloudWatch; None to leave out all but DynamoDB.
    invocations
        Of a function, by its name, where that is known.
    """

    system: System
    environment: Environment
    prices: Prices
    usage: Usage
    watched: Observability | None = None
    invocations: Mapping[str, float] = field(default_factory=dict)

    def forecast(self, usage: Usage | None = None) -> Forecast:
        """Compute what the system costs in a month, with this usage or another."""
        used = usage or self.usage
        settings = self.environment.settings(self.system.name, self.system.settings)
        services: Sequence[Any] = ()
        if self.watched is not None:
            services = tuple(
                service_costs(
                    self.system,
                    self.environment,
                    used,
                    self.prices,
                    self.watched,
                    invocations=self.invocations,
                )
            )
        return forecast(
            self.system,
            settings,
            self.prices,
            usage=used,
            capacity=self.environment.provisioned,
            services=services,
        )


def watched(
    system: System,
    environment: str,
    templates: Mapping[str, Mapping[str, Any]],
    prices: Prices,
) -> Observability:
    """Count what the stacks of one system have of CloudWatch."""
    own = {pascal(stack_name(system.name, part, environment)) for part in _PARTS}
    return observability([system], [templates[name] for name in own & templates.keys()], prices)
