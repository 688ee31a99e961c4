"""A budget for DynamoDB, and who is told before it is spent."""

from __future__ import annotations

import json

import aws_cdk as cdk
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_ce as ce
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from keyline_deploy.environment import Budget, Environment
from keyline_deploy.names import budget_name

THRESHOLDS = (50, 80, 100)
"""Percent of the budget, of what has been spent and of what the month is forecast to cost."""
SERVICE = "Amazon DynamoDB"
"""The service's name in the billing data (Cost Explorer, dimension SERVICE)."""


class CostBudget(Construct):
    """A monthly budget of all that DynamoDB costs in the account; the alarm topic is told.

    A bill knows accounts, not environments: two environments in one account each watch the
    whole of it. Billing is brought up to date a few times a day, so this is not an alarm on use;
    the tables' own alarms are.

    Parameters
    ----------
    topic
        The alarm topic, which comes to let AWS Budgets publish.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        budget: Budget,
        environment: Environment,
        topic: sns.Topic,
    ) -> None:
        super().__init__(scope, id)
        allowed = topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="BudgetsOfThisAccount",
                actions=["sns:Publish"],
                principals=[iam.ServicePrincipal("budgets.amazonaws.com")],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
            )
        )
        subscriber = budgets.CfnBudget.SubscriberProperty(
            subscription_type="SNS", address=topic.topic_arn
        )
        self.resource = budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=budget_name(environment.name),
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=budget.monthly_usd, unit="USD"),
                cost_filters={"Service": [SERVICE]},
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=notification, subscribers=[subscriber]
                )
                for notification in _notifications(budget)
            ],
        )
        if allowed.policy_dependable:  # Budgets tries the topic when the budget is made
            self.resource.node.add_dependency(allowed.policy_dependable)
        if budget.anomaly_usd is not None:
            self._detect_anomalies(budget.anomaly_usd, environment, topic)

    def _detect_anomalies(self, above: float, environment: Environment, topic: sns.Topic) -> None:
        """Tell the topic of costs of the environment that are higher than usual.

        A monitor by tag: an account has one monitor by service, and some accounts have it already.
        """
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AnomaliesOfThisAccount",
                actions=["sns:Publish"],
                principals=[iam.ServicePrincipal("costalerts.amazonaws.com")],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
            )
        )
        tagged = {"Tags": {"Key": "environment", "Values": [environment.name]}}
        monitor = ce.CfnAnomalyMonitor(
            self,
            "Monitor",
            monitor_name=budget_name(environment.name),
            monitor_type="CUSTOM",
            monitor_specification=json.dumps(tagged),
        )
        impact = {
            "Dimensions": {
                "Key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                "MatchOptions": ["GREATER_THAN_OR_EQUAL"],
                "Values": [f"{above:g}"],
            }
        }
        ce.CfnAnomalySubscription(
            self,
            "Anomalies",
            subscription_name=budget_name(environment.name),
            frequency="IMMEDIATE",
            monitor_arn_list=[monitor.attr_monitor_arn],
            subscribers=[
                ce.CfnAnomalySubscription.SubscriberProperty(type="SNS", address=topic.topic_arn)
            ],
            threshold_expression=json.dumps(impact),
        )


def _notifications(budget: Budget) -> list[budgets.CfnBudget.NotificationProperty]:
    """Return when somebody is told: a budget takes ten notifications (API reference, Budgets)."""

    def above(kind: str, threshold: float, unit: str) -> budgets.CfnBudget.NotificationProperty:
        return budgets.CfnBudget.NotificationProperty(
            notification_type=kind,
            comparison_operator="GREATER_THAN",
            threshold=threshold,
            threshold_type=unit,
        )

    return [
        *(above(k, p, "PERCENTAGE") for k in ("ACTUAL", "FORECASTED") for p in THRESHOLDS),
        *(above("ACTUAL", usd, "ABSOLUTE_VALUE") for usd in budget.alerts_usd),
    ]
