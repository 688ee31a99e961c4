"""The companion system's service: its topic, who may call the skill, what the skill may call."""

from __future__ import annotations

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns

from companion.settings import Settings
from companion.system import EMERGENCIES, ESCALATIONS, SKILL
from companion.topic import TOPIC_VARIABLE
from keyline_cdk.alarm import add_alarm
from keyline_cdk.data_key import customer_key
from keyline_cdk.metrics import system_sum
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
        skill = self.functions[SKILL.name]
        if settings.skill_id:
            lambda_.CfnPermission(
                self,
                "AlexaMayCall",
                action="lambda:InvokeFunction",
                function_name=skill.resource.function_arn,
                principal=ALEXA,
                event_source_token=settings.skill_id,
            )
        if settings.model_id:
            model = self.format_arn(
                service="bedrock",
                account="",
                resource="foundation-model",
                resource_name=settings.model_id,
            )
            skill.allow(["bedrock:InvokeModel"], model)
        add_alarm(
            self,
            "Emergencies",
            metric=system_sum(environment.name, self._system.name, EMERGENCIES),
            above=1,
            why="More than one emergency of patients in a day. The log of escalations tells which.",
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
