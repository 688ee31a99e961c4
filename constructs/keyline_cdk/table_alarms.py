"""The alarms of a table: throttling, consumption, faults, latency, growth.

The periods are those of "Recommended alarms" for DynamoDB in the CloudWatch user guide, unless a
table is called more rarely; the thresholds come from the environment.
"""

from __future__ import annotations

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from constructs import Construct

from keyline.model import System, Table, deployment
from keyline.moments import DAY_SECONDS
from keyline_cdk.alarm import add_alarm, add_filled_alarm
from keyline_cdk.metrics import TableMetrics, storage_growth
from keyline_deploy import rates
from keyline_deploy.data_points import DataPoints, judged
from keyline_deploy.environment import Environment
from keyline_deploy.names import pascal

_NEARLY_PERCENT = 80
"""Of the most that provisioned capacity scales to."""


class TableAlarms(Construct):
    """The alarms of one table and of each of its indexes.

    Parameters
    ----------
    system
        Whose table it is: its patterns say which operations are used, and its functions
        whether somebody measures the table's growth.
    topic
        Who is told of consumption and growth.

    Attributes
    ----------
    trouble
        The alarms that one cause sets off together. These alarms tell nobody by themselves.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        system: System,
        table: Table,
        environment: Environment,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, id)
        self._system = system
        self._table = table
        self._environment = environment
        self._topic = topic
        self.trouble: list[cloudwatch.Alarm] = []
        self._name = environment.table_name(system.name, table)
        self._metrics = TableMetrics(self._name)
        for index in (None, *(index.name for index in table.indexes)):
            self._throttling(index)
            self._consumption(index)
        operations = deployment.steady_operations_on(system, table)
        self._system_errors(operations)
        for operation in deployment.TIMED_OPERATIONS:
            if operation in operations:
                self._latency(operation)
        if deployment.conflicts_on(system, table):
            self._conflicts()
        if any(described is table for f in system.functions for described in f.describes):
            self._growth(system)

    def _throttling(self, index: str | None) -> None:
        reads = rates.reads_of(self._system, self._table, index)
        writes = rates.writes_of(self._system, self._table)
        for kind, metric, calls in (
            ("Read", self._metrics.read_throttles(index), reads),
            ("Write", self._metrics.write_throttles(index), writes),
        ):
            points = judged(DataPoints(5, 5), calls)
            self._add_trouble(
                f"{pascal(index or '')}{kind}Throttles",
                metric=metric,
                above=0,
                points=points,
                runbook="throttled-requests",
                why=f"{kind} requests to {self._named(index)} have been throttled {points}."
                " Look for a hot partition key: ThrottlingReasons in the log, Contributor Insights."
                + (" A throttled index rejects writes of the whole table." if index else ""),
            )

    def _consumption(self, index: str | None) -> None:
        reads, writes = self._limits()
        for kind, metric, limit in (
            ("Read", self._metrics.read_units(index), reads),
            ("Write", self._metrics.write_units(index), writes),
        ):
            add_filled_alarm(
                self,
                f"{pascal(index or '')}{kind}Units",
                metric=metric,
                above=limit,
                runbook="high-consumption",
                why=f"More than {limit:,} {kind.lower()} units of {self._named(index)} were"
                " consumed in a minute. Which pattern: the saved query about units.",
                topic=self._topic,
            )

    def _limits(self) -> tuple[int, int]:
        """Return the read and write units of a minute from which on somebody is told.

        Of provisioned capacity, no more than 80 % of what it scales to: little is left then.
        """
        alarms = self._environment.alarms
        limits = (alarms.read_units_per_minute, alarms.write_units_per_minute)
        capacity = self._environment.provisioned_of(self._table.name)
        if capacity is None:
            return limits
        most = (capacity.max_read, capacity.max_write)
        reads, writes = (
            min(limit, _NEARLY_PERCENT * each * 60 // 100)
            for limit, each in zip(limits, most, strict=True)
        )
        return reads, writes

    def _system_errors(self, operations: tuple[str, ...]) -> None:
        calls = rates.calls_on(self._system, self._table, operations)
        points = judged(DataPoints(15, 15), calls)
        for number, metric in enumerate(self._metrics.system_errors(operations), 1):
            self._add_trouble(
                f"SystemErrors{number if number > 1 else ''}",
                metric=metric,
                above=0,
                points=points,
                runbook="errors-of-dynamodb",
                why=f"DynamoDB has failed requests to {self._named(None)} {points}. Clients retry;"
                " look at the AWS Health Dashboard.",
            )

    def _conflicts(self) -> None:
        limit = self._environment.alarms.transaction_conflicts_per_minute
        calls = rates.reads_of(self._system, self._table, None)
        calls += rates.writes_of(self._system, self._table)
        points = judged(DataPoints(5, 5), calls)
        self._add_trouble(
            "TransactionConflicts",
            metric=self._metrics.conflicts(),
            above=limit,
            points=points,
            runbook="transactions-conflict",
            why=f"More than {limit} requests a minute of {self._named(None)} have met a transaction"
            f" on the same item {points}.",
        )

    def _latency(self, operation: str) -> None:
        limit = self._environment.alarms.latency_p99_ms
        calls = rates.calls_on(self._system, self._table, [operation])
        points = judged(DataPoints(10, 10), calls, rarely=DAY_SECONDS)
        self._add_trouble(
            f"{operation}Latency",
            metric=self._metrics.latency(operation),
            above=limit,
            points=points,
            runbook="slow-queries",
            why=f"{operation} of {self._named(None)} has taken more than {limit:g} ms within"
            f" DynamoDB on average {points}: items or pages are large, or DynamoDB is slow.",
        )

    def _growth(self, system: System) -> None:
        limit = self._environment.alarms.growth_percent
        add_alarm(
            self,
            "StorageGrowth",
            metric=storage_growth(self._environment.name, system.name, self._table.name),
            above=limit,
            runbook="a-table-grows",
            why=f"The {self._named(None)} grew by more than {limit:g} % in 30 days. Check that"
            " items expire, and what the forecast says.",
            topic=self._topic,
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
    ) -> None:
        self.trouble.append(
            add_filled_alarm(
                self,
                id,
                metric=metric,
                above=above,
                points=points,
                runbook=runbook,
                why=why,
                topic=None,
            )
        )

    def _named(self, index: str | None) -> str:
        return f"index {index} of {self._name}" if index else f"table {self._name}"
