"""The companion system's service: its topic, who may call the skill, what the skill may call."""

from __future__ import annotations

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns

from companion.settings import Settings
from companion.system import (
    CONVERSATIONS,
    EMERGENCIES,
    ESCALATIONS,
    MODEL_FAILURES,
    SAFETY_ALERTS,
    SKILL,
)
from companion.topic import TOPIC_VARIABLE
from keyline.model import READ_LATENCY, WRITE_LATENCY, deployment
from keyline_cdk.alarm import add_alarm, add_filled_alarm
from keyline_cdk.data_key import customer_key
from keyline_cdk.metrics import MINUTE, TableMetrics, system_sum, table_latency
from stacks.service_stack import ServiceStack

ALEXA = "alexa-appkit.amazon.com"
TOPIC_KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")
"""What publishing to a topic with a key needs (SNS developer guide, "Key management")."""


class CompanionServiceStack(ServiceStack):
    """Lets the Alexa skill in, and caregivers be told."""

    def extend(self) -> None:
        """Add the topic, the permission of the skill and the alarm of emergencies."""
        environment = self._environment
        settings = environment.settings(self._system.name, Settings)
        if settings.alerts == "topic":
            self._add_topic()
        if settings.skill_id:
            lambda_.CfnPermission(
                self,
                "AlexaMayCall",
                action="lambda:InvokeFunction",
                function_name=self.functions[SKILL.name].resource.function_arn,
                principal=ALEXA,
                event_source_token=settings.skill_id,
            )
        if settings.model_id:
            self._allow_model(settings.model_id, SKILL)
        self._watch_throttling()
        self._watch_emergencies()

    def _watch_emergencies(self) -> None:
        name = self._environment.name
        system = self._system.name
        add_alarm(
            self,
            "Emergencies",
            metric=system_sum(name, system, EMERGENCIES),
            above=1,
            why="More than one emergency of patients in a day. The log of escalations tells which.",
            runbook="systems/companion/runbook.md#more-than-one-emergency-in-a-day",
            topic=self._topic,
        )
        counted = [
            system_sum(name, system, metric, period=MINUTE)
            for metric in (CONVERSATIONS, SAFETY_ALERTS, EMERGENCIES, MODEL_FAILURES)
        ]
        reading, writing = (
            {pattern.table.name for pattern in self._system.called if getattr(pattern, kind)}
            for kind in ("reads", "writes")
        )
        self._dashboard.add_row(
            ("Turns, escalations and fallback answers", counted),
            *(
                (
                    f"{metric} p99, ms",
                    [table_latency(name, system, metric, table) for table in sorted(tables)],
                )
                for metric, tables in ((READ_LATENCY, reading), (WRITE_LATENCY, writing))
            ),
        )

    def _watch_throttling(self) -> None:
        """Tell at the first throttled request of a minute, table by table."""
        for table in self._system.tables:
            metrics = TableMetrics(self._environment.table_name(self._system.name, table))
            operations = deployment.operations_on(self._system, table)
            for number, metric in enumerate(metrics.throttled_requests(operations), 1):
                add_filled_alarm(
                    self,
                    f"{table.name}Throttled{number if number > 1 else ''}",
                    metric=metric,
                    above=0,
                    why=f"Requests to {table.name} were throttled in the last minute, also if a"
                    " retry succeeded. Look for a hot partition key: ThrottlingReasons in the log.",
                    runbook="throttled-requests",
                    topic=self._topic,
                )

    def _add_topic(self) -> None:
        """Add the topic of alerts, encrypted as the tables are, and let two functions publish."""
        environment = self._environment
        name = f"buddy-escalations-{environment.name}"
        topic = sns.Topic(
            self,
            "EscalationTopic",
            topic_name=name,
            enforce_ssl=True,
            master_key=customer_key(self, environment),
        )
        arn = self.format_arn(service="sns", resource=name)
        key = environment.key_arn
        for function in (self.functions[SKILL.name], self.functions[ESCALATIONS.name]):
            function.allow(["sns:Publish"], arn)
            function.resource.add_environment(TOPIC_VARIABLE, topic.topic_arn)
            if key:
                via = {"kms:ViaService": f"sns.{environment.region}.amazonaws.com"}
                function.allow(TOPIC_KEY_ACTIONS, key, {"StringEquals": via})


SERVICE = CompanionServiceStack
