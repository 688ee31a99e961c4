"""The stack that can be deployed again: functions, their triggers, the HTTP API."""

from __future__ import annotations

from collections.abc import Callable

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from constructs import Construct

from keyline.model import Function, Migration, Query, System, Table
from keyline.moments import DAY_SECONDS
from keyline_cdk.alarm import add_alarm
from keyline_cdk.alarm_topic import alarm_topic
from keyline_cdk.canary_traffic import CanaryTraffic
from keyline_cdk.expired_archive import ArchiveWriter
from keyline_cdk.handler_function import HandlerFunction
from keyline_cdk.http_api import HttpApi
from keyline_cdk.metrics import (
    client_latency,
    failed_notifications,
    function_duration,
    function_errors,
    function_throttles,
)
from keyline_cdk.migration_phase import add_migration_alarms, add_phase, migration_graphs
from keyline_cdk.saved_queries import saved_queries
from keyline_cdk.schedule import Schedule
from keyline_cdk.stream_consumer import StreamConsumer
from keyline_cdk.system_dashboard import SystemDashboard
from keyline_cdk.trouble_alarm import TroubleAlarm
from keyline_cdk.user_pool import UserPoolClient
from keyline_deploy.archive_writer import writer_of
from keyline_deploy.bundling import Bundle
from keyline_deploy.data_points import DataPoints, judged
from keyline_deploy.environment import Auth, Environment
from keyline_deploy.names import api_name, dashboard_name, pascal, trouble_alarm_name
from keyline_deploy.rates import calls_of, runs_of
from stacks.base import KeylineStack
from stacks.data_stack import DataStack

Bundler = Callable[[System, Function], Bundle]
"""Puts a function's code together; functions that ask for the same get the same bundle."""

_STEADY = DataPoints(3, 5)
"""What is judged of functions and calls that come steadily: one bad minute is not yet trouble."""

_NEAR_TIMEOUT = 800  # ms of each second of a timeout: what comes near it will reach it too


class ServiceStack(KeylineStack):
    """The replaceable part of a system.

    The stack knows the tables by name. Only a stream's ARN, whose label DynamoDB gives out, is a
    reference to the data stack. A system that has more to it than functions, triggers and an API
    has a stack of its own, which overrides `extend`.
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
        super().__init__(
            scope,
            owner=system.name,
            part="service",
            environment=environment,
            why=f"Functions and API of {system.name}.",
        )
        self.add_stack_dependency(
            data, "Functions are granted tables and the cursor secret by name."
        )
        self._system = system
        self._environment = environment
        self._topic = alarm_topic(self, environment)
        self._trouble: list[cloudwatch.Alarm] = []
        self.functions = {
            function.name: HandlerFunction(
                self,
                pascal(function.name),
                system=system,
                function=function,
                environment=environment,
                bundle=bundler(system, function),
            )
            for function in system.functions
        }
        for handler in self.functions.values():
            self._build_triggers(handler, data)
            self._build_function_alarms(handler)
        for name in environment.archive.get(system.name, ()):
            self._build_archive(system.table(name), data, bundler)
        has_api = any(function.routes for function in system.functions)
        api = self._build_api() if has_api else None
        self._trouble += api.trouble if api else []
        self._dashboard = SystemDashboard(
            self,
            "Dashboard",
            system=system,
            environment=environment,
            api_id=api.resource.api_id if api else None,
        )
        if any(isinstance(pattern, Query) for pattern in system.called):
            self._build_latency_alarm()
        if self._trouble:
            self._build_trouble_alarm()
        if system.migration:
            self._build_migration(system.migration)
        if self.functions:
            saved_queries(
                self,
                prefix=dashboard_name(system.name, environment.name),
                groups=[handler.log_group for handler in self.functions.values()],
            )
        self.extend()
        self._watch_topics()

    def extend(self) -> None:
        """Add what the declaration does not say: a system's own stack overrides it."""

    def _watch_topics(self) -> None:
        """Tell when a message of a topic of the system reached no subscriber."""
        for topic in self.node.find_all():
            if isinstance(topic, sns.CfnTopic) and topic.topic_name:
                add_alarm(
                    topic,
                    "NotDelivered",
                    metric=failed_notifications(topic.topic_name),
                    above=0,
                    runbook="a-message-reached-nobody",
                    why=f"A message of {topic.topic_name} was sent, and a subscriber of the topic"
                    " did not receive it.",
                    topic=self._topic,
                )

    def _build_migration(self, migration: Migration) -> None:
        readers = [self.functions[name] for name in migration.functions]
        add_phase(
            self,
            system=self._system,
            migration=migration,
            environment=self._environment,
            functions=readers,
        )
        self._dashboard.add_row(*migration_graphs(self._environment.name, self._system.name))
        add_migration_alarms(
            self,
            system=self._system,
            migration=migration,
            environment=self._environment,
            topic=self._topic,
        )

    def _build_triggers(self, handler: HandlerFunction, data: DataStack) -> None:
        declared = handler.declared
        if declared.source:
            StreamConsumer(
                self,
                f"{pascal(declared.name)}Stream",
                system=self._system,
                function=handler,
                source=declared.source,
                stream_arn=data.tables[declared.source.table.name].stream_arn,
                environment=self._environment,
                topic=self._topic,
            )
        if declared.schedule:
            Schedule(
                self,
                f"{pascal(declared.name)}Schedule",
                function=handler,
                expression=declared.schedule,
                topic=self._topic,
            )

    def _build_archive(self, table: Table, data: DataStack, bundler: Bundler) -> None:
        writer = ArchiveWriter(
            self,
            f"{pascal(table.name)}Archive",
            system=self._system,
            table=table,
            environment=self._environment,
            bundle=bundler(self._system, writer_of(table)),
            stream_arn=data.tables[table.name].stream_arn,
            topic=self._topic,
        )
        self._build_function_alarms(writer.handler)

    def _build_function_alarms(self, handler: HandlerFunction) -> None:
        declared = handler.declared
        points = judged(_STEADY, runs_of(self._system, declared))
        if not declared.schedule:  # whose alarm does not wait for a second failure
            failing = self._add_trouble(
                f"{pascal(declared.name)}Errors",
                metric=function_errors(handler.name),
                above=0,
                runbook="a-function-fails",
                points=points,
                why=f"{handler.name} has crashed or timed out {points}. What a handler refuses or"
                " cannot do is answered and does not count as an error; its log tells why.",
            )
            self._build_canary(handler, failing)
        self._add_trouble(
            f"{pascal(declared.name)}Throttles",
            metric=function_throttles(handler.name),
            above=0,
            runbook="a-function-is-throttled",
            points=points,
            why=f"Lambda has refused invocations of {handler.name} {points}: the concurrency of the"
            " function or of the account is used up.",
        )
        limit = _NEAR_TIMEOUT * declared.timeout
        self._add_trouble(
            f"{pascal(declared.name)}Duration",
            metric=function_duration(handler.name),
            above=limit,
            runbook="a-function-is-slow",
            points=points,
            why=f"One invocation in a hundred of {handler.name} has taken more than {limit:,.0f} ms"
            f" {points}; it is ended after {declared.timeout} s.",
        )

    def _build_canary(self, handler: HandlerFunction, failing: cloudwatch.Alarm) -> None:
        """Let requests come to a function by an alias, if the environment moves them slowly."""
        canary = self._environment.functions.canary
        if canary is not None and handler.declared.routes:
            handler.entry = CanaryTraffic(
                handler,
                "Canary",
                function=handler.resource,
                canary=canary,
                environment=self._environment,
                alarms=[failing],
            ).alias

    def _allow_model(self, model_id: str, *functions: Function) -> None:
        """Let functions call a model of Bedrock."""
        model = self.format_arn(
            service="bedrock",
            account="",
            resource="foundation-model",
            resource_name=model_id,
        )
        for function in functions:
            self.functions[function.name].allow(["bedrock:InvokeModel"], model)

    def _build_api(self) -> HttpApi:
        api = HttpApi(
            self,
            "Http",
            system=self._system,
            functions=self.functions.values(),
            environment=self._environment,
            topic=self._topic,
            auth=self._user_pool_auth(),
        )
        cdk.CfnOutput(self, "ApiUrl", value=api.url, description="Where the routes' paths begin.")
        return api

    def _user_pool_auth(self) -> Auth | None:
        """Make a client for the API's callers in the system's user pool, if it has one."""
        pool = self._environment.user_pools.get(self._system.name)
        if pool is None:
            return None
        name = api_name(self._system.name, self._environment.name)
        auth = UserPoolClient(self, "PoolClient", pool=pool, name=name).auth
        cdk.CfnOutput(
            self, "UserPoolClientId", value=auth.audience, description="What users sign in with."
        )
        return auth

    def _build_latency_alarm(self) -> None:
        limit = self._environment.alarms.latency_p99_ms
        queries = [pattern for pattern in self._system.called if isinstance(pattern, Query)]
        points = judged(_STEADY, calls_of(queries), rarely=DAY_SECONDS)
        self._add_trouble(
            "QueryLatencyP99",
            metric=client_latency(self._environment.name, self._system.name, "Query"),
            above=limit,
            runbook="slow-queries",
            points=points,
            why=f"One query in a hundred of {self._system.name} has taken its handler more than"
            f" {limit:g} ms {points}. By pattern: the saved query about calls;"
            " within DynamoDB: the tables' QueryLatency alarms.",
        )

    def _add_trouble(
        self,
        id: str,
        *,
        metric: cloudwatch.IMetric,
        above: float,
        points: DataPoints,
        runbook: str,
        why: str,
    ) -> cloudwatch.Alarm:
        """Add an alarm that tells nobody by itself."""
        alarm = add_alarm(
            self,
            id,
            metric=metric,
            above=above,
            points=points,
            runbook=runbook,
            why=why,
            topic=None,
        )
        self._trouble.append(alarm)
        return alarm

    def _build_trouble_alarm(self) -> None:
        names = (self._system.name, self._environment.name)
        TroubleAlarm(
            self,
            "Trouble",
            name=trouble_alarm_name(*names, "service"),
            alarms=self._trouble,
            why=f"Functions or the API of {self._system.name} fail, are slow, or are refused. While"
            " its tables are in trouble, their alarm tells instead.",
            topic=self._topic,
            unless=trouble_alarm_name(*names, "tables"),
        )
