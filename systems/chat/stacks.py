"""The chat system's service, which also watches what its providers cost."""

from __future__ import annotations

from chat.prices import COST
from chat.settings import Settings
from keyline_cdk.alarm import add_alarm
from keyline_cdk.metrics import system_sum
from keyline_deploy.names import pascal
from stacks.service_stack import ServiceStack


class ChatServiceStack(ServiceStack):
    """Tells when a provider has cost more in a day than its budget."""

    def extend(self) -> None:
        """Add an alarm for each provider that has a budget."""
        environment, system = self._environment, self._system
        budgets = environment.settings(system.name, Settings).daily_budget_usd
        for provider, budget in budgets.items():
            add_alarm(
                self,
                f"{pascal(provider)}Budget",
                metric=system_sum(environment.name, system.name, COST, {"Provider": provider}),
                above=budget,
                runbook="systems/chat/runbook.md#when-something-is-wrong",
                why=f"The messages of one day have cost more than ${budget:g} at {provider}."
                f" By model: GET /providers/{provider}/today.",
                topic=self._topic,
            )


SERVICE = ChatServiceStack
