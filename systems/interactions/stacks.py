"""The interactions system's service: the phase of its move from memory to DynamoDB."""

from __future__ import annotations

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from interactions.phase import PARAMETER_VARIABLE
from interactions.settings import Settings
from interactions.system import INTERACTIONS
from keyline.model import System
from keyline_cdk.alarm import add_alarm
from keyline_cdk.metrics import MINUTE, percentage, system_maximum, system_sum
from keyline_deploy.environment import Environment
from keyline_deploy.names import phase_parameter_name
from stacks.data_stack import DataStack
from stacks.service_stack import Bundler, ServiceStack

PHASES = r"^[123](@\S+)?$"
"""What the parameter may say: a phase, and the moment since when sessions are new."""

MIGRATION_ALARMS = {
    "MigrationMismatches": "A history differs between memory and DynamoDB. Stay in this phase,"
    " and find out why before reads move on.",
    "MigrationWriteFailures": "Writes to DynamoDB have failed while memory still holds what they"
    " said. Requests succeed; what is pending is written with the session's next request.",
    "MigrationReadFailures": "Reads of DynamoDB have failed, and memory has answered. Phase 3 would"
    " answer 503: see Errors and Throttles of history and session-get.",
    "PhaseFailures": "The parameter with the phase could not be read or understood. The last known"
    " phase goes on: `keyline phase` shows the value.",
}
"""What is watched of the migration: the metric, and what it means."""

ASKED = ("MigrationHits", "MigrationMisses", "MigrationFallbacks")
"""How the reads that asked DynamoDB ended: each of them is counted in one of these."""

COMPARED = ("MigrationMatches", "MigrationMismatches")
"""How the reads of both stores ended."""


class InteractionsServiceStack(ServiceStack):
    """Has the migration's switch, which moves without a deployment, its graphs and its alarms.

    A deployment sets the switch when it is made, and again only when the setting `phase` has
    changed: CloudFormation leaves alone what its template says as before.
    """

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
        self._build_phase()
        self._show_migration()
        for metric, why in MIGRATION_ALARMS.items():
            add_alarm(
                self,
                metric,
                metric=self._count(metric),
                above=0,
                periods=5,
                breaching=1,
                why=why,
                topic=self._topic,
            )

    def _build_phase(self) -> None:
        name = phase_parameter_name(self._system.name, self._environment.name)
        phase = self._environment.settings(self._system.name, Settings).phase
        ssm.StringParameter(
            self,
            "Phase",
            parameter_name=name,
            string_value=str(phase),
            allowed_pattern=PHASES,
            description="The phase of the move from memory to DynamoDB: 1, 2 or 3.",
        )
        handler = self.functions[INTERACTIONS.name]
        handler.resource.add_environment(PARAMETER_VARIABLE, name)
        handler.allow(
            ["ssm:GetParameter"],
            self.format_arn(service="ssm", resource="parameter", resource_name=name[1:]),
        )

    def _show_migration(self) -> None:
        hits, misses, fallbacks = (self._count(metric) for metric in ASKED)
        ratio = percentage("Hit ratio", hits, {"misses": misses, "fallbacks": fallbacks})
        pending = system_maximum(self._environment.name, self._system.name, "MigrationPending")
        self._dashboard.add_row(
            ("Migration: hit ratio, %", [ratio]),
            ("Migration: reads", [self._count(metric) for metric in (*ASKED, *COMPARED)]),
            ("Migration: pending writes of one process", [pending]),
        )

    def _count(self, metric: str) -> cloudwatch.Metric:
        return system_sum(self._environment.name, self._system.name, metric, period=MINUTE)


SERVICE = InteractionsServiceStack
