"""The chat system's service: what its providers cost is watched besides."""

from __future__ import annotations

from constructs import Construct

from chat.prices import COST
from chat.settings import Settings
from keyline.model import System
from keyline_cdk.alarm import add_alarm
from keyline_cdk.metrics import system_sum
from keyline_deploy.environment import Environment
from keyline_deploy.names import pascal
from stacks.data_stack import DataStack
from stacks.service_stack import Bundler, ServiceStack


class ChatServiceStack(ServiceStack):
    """Tells when a provider has cost more in a day than its budget."""

    def __init__(
        self,
        scope: Construct,
        *,
        system: System,
        environment: Environment,
        data: DataStack,
        bundler: Bundler,
    ) -> None:
        super().__init__(scope, system=system, environment=environment, data=data, bundler=bundler)
        budgets = environment.settings(system.name, Settings).daily_budget_usd
        for provider, budget in budgets.items():
            add_alarm(
                self,
                f"{pascal(provider)}Budget",
                metric=system_sum(environment.name, system.name, COST, {"Provider": provider}),
                above=budget,
                why=f"The messages of one day have cost more than ${budget:g} at {provider}."
                f" By model: GET /providers/{provider}/today.",
                topic=self._topic,
            )


SERVICE = ChatServiceStack
