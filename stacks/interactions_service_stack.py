"""The interactions system's service: the phase of its move from memory to DynamoDB."""

from __future__ import annotations

from aws_cdk import aws_ssm as ssm
from constructs import Construct

from interactions.phase import PARAMETER_VARIABLE
from interactions.settings import Settings
from interactions.system import INTERACTIONS
from keyline.model import System
from keyline_cdk.alarm import add_alarm
from keyline_cdk.environment import Environment
from keyline_cdk.metrics import MINUTE, system_sum
from keyline_cdk.names import phase_parameter_name
from stacks.data_stack import DataStack
from stacks.service_stack import Bundler, ServiceStack

PHASES = r"^[123](@\S+)?$"
"""What the parameter may say: a phase, and the moment since when sessions are new."""

MIGRATION_ALARMS = {
    "MigrationMismatches": "A history differs between memory and DynamoDB. Stay in this phase,"
    " and find out why before reads move on.",
    "MigrationWriteFailures": "Writes to DynamoDB have failed while memory still holds what they"
    " said. Requests succeed; what is pending is written with the session's next request.",
}
"""What is watched while both stores are written: the metric, and what it means."""


class InteractionsServiceStack(ServiceStack):
    """Has the switch of the migration, which moves without a deployment, and its alarms.

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
        for metric, why in MIGRATION_ALARMS.items():
            add_alarm(
                self,
                metric,
                metric=system_sum(environment.name, system.name, metric, period=MINUTE),
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
