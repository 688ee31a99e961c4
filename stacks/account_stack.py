"""The stack that an account needs once, for all systems."""

from __future__ import annotations

from collections.abc import Sequence

from constructs import Construct

from keyline.model import System
from keyline_cdk.alarm import add_alarm, add_filled_alarm
from keyline_cdk.alarm_topic import AlarmTopic
from keyline_cdk.cost_budget import CostBudget
from keyline_cdk.data_key import DataKey
from keyline_cdk.long_backups import LongBackups
from keyline_cdk.metrics import account_concurrency, failed_notifications, user_errors
from keyline_cdk.overview_dashboard import OverviewDashboard
from keyline_deploy.data_points import DataPoints
from keyline_deploy.environment import Environment
from keyline_deploy.names import alarm_topic_name
from stacks.base import KeylineStack


class AccountStack(KeylineStack):
    """The alarm topic, the alarms of account and region, the overview, budget, key, backups."""

    def __init__(
        self, scope: Construct, *, systems: Sequence[System], environment: Environment
    ) -> None:
        super().__init__(
            scope,
            owner="account",
            part="",
            environment=environment,
            why="Alarm topic and account-wide alarms.",
        )
        if environment.tables.makes_key:
            DataKey(self, "DataKey", environment=environment)
        topic = AlarmTopic(self, "Alarms", environment=environment)
        if environment.budget:
            CostBudget(
                self,
                "Budget",
                budget=environment.budget,
                environment=environment,
                topic=topic.resource,
            )
        if environment.backup:
            LongBackups(self, "Backups", wanted=environment.backup, environment=environment)
        limit = environment.alarms.user_errors_per_minute
        wrong = add_filled_alarm(
            self,
            "UserErrors",
            metric=user_errors(),
            above=limit,
            runbook="wrong-requests",
            why=f"More than {limit} requests to DynamoDB in a minute were wrong: parameters,"
            " permissions, missing tables. Any function of the account and region may have sent"
            " them; throttling and failed conditions are not among them.",
            topic=topic.resource,
        )
        busy = add_alarm(
            self,
            "Concurrency",
            metric=account_concurrency(),
            above=environment.alarms.concurrent_executions,
            points=DataPoints(3, 5),
            runbook="a-function-is-throttled",
            why="More functions run at the same time in the account and region than expected. At"
            " the account's quota (1,000 if nobody raised it) Lambda refuses all others.",
            topic=topic.resource,
        )
        untold = add_alarm(
            self,
            "NotTold",
            metric=failed_notifications(alarm_topic_name(environment.name)),
            above=0,
            runbook="an-alarm-reached-nobody",
            why="An alarm was sent, and a subscriber of the topic did not receive it.",
            topic=topic.resource,
        )
        OverviewDashboard(
            self,
            "Overview",
            systems=systems,
            environment=environment,
            alarms=[wrong, busy, untold],
        )
