"""The topic that all alarms of an environment notify."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from keyline_deploy.environment import Environment
from keyline_deploy.names import alarm_topic_name


class AlarmTopic(Construct):
    """A topic that CloudWatch alarms of this account may publish to, over TLS.

    The topic is not encrypted with a key: an alarm's text holds no data of a table, and the managed
    key of SNS does not let CloudWatch in.
    """

    def __init__(self, scope: Construct, id: str, *, environment: Environment) -> None:
        super().__init__(scope, id)
        self.resource = sns.Topic(
            self,
            "Topic",
            topic_name=alarm_topic_name(environment.name),
            display_name=f"Alarms of {environment.name}",
            enforce_ssl=True,
        )
        # A policy of one's own, such as the one that asks for TLS, replaces the default policy,
        # by which the account's alarms may publish.
        self.resource.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisAccount",
                actions=["sns:Publish"],
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                resources=[self.resource.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
            )
        )
        if environment.alarms.email:
            self.resource.add_subscription(
                subscriptions.EmailSubscription(environment.alarms.email)
            )


def alarm_topic(scope: Construct, environment: Environment) -> sns.ITopic:
    """Return the environment's topic by its name, for the alarms of another stack."""
    arn = cdk.Stack.of(scope).format_arn(service="sns", resource=alarm_topic_name(environment.name))
    return sns.Topic.from_topic_arn(scope, "AlarmTopic", arn)
