"""One page of CloudWatch on which a system can be looked at: its API, functions and tables."""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from keyline.model import System, Table, deployment
from keyline_cdk.graph_row import Metrics, Row, graph_row
from keyline_cdk.metrics import (
    TableMetrics,
    client_errors,
    client_latency,
    function_duration,
    function_errors,
    function_invocations,
    request_latency,
    requests,
)
from keyline_deploy.environment import Environment
from keyline_deploy.names import dashboard_name, function_name

PERCENTILES = ("p50", "p90", "p99")


class SystemDashboard(Construct):
    """Consumption, throttling, latency and faults, of what was declared and nothing else.

    CloudWatch bills a dashboard by the month.

    Parameters
    ----------
    api_id
        The system's HTTP API, if it has one.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        system: System,
        environment: Environment,
        api_id: str | None,
    ) -> None:
        super().__init__(scope, id)
        self._system = system
        self._environment = environment.name
        self._names = {t.name: environment.table_name(system.name, t) for t in system.tables}
        self.resource = cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=dashboard_name(system.name, environment.name),
            widgets=[
                *([_api(api_id)] if api_id else []),
                self._functions(),
                self._operations(),
                *(row for table in system.tables for row in self._table(table)),
            ],
        )

    def add_row(self, *graphs: tuple[str, Metrics]) -> None:
        """Show below all else what only this system publishes: titles with their metrics."""
        self.resource.add_widgets(*graph_row(*graphs))

    def _functions(self) -> Row:
        names = [
            function_name(self._system.name, function.name, self._environment)
            for function in self._system.functions
        ]
        return graph_row(
            ("Invocations", [function_invocations(name) for name in names]),
            ("Function errors", [function_errors(name) for name in names]),
            ("Duration p99, ms", [function_duration(name) for name in names]),
        )

    def _operations(self) -> Row:
        """Return what DynamoDB looks like from the functions, network and retries included."""
        operations = sorted({p.operation for f in self._system.functions for p in f.patterns})
        where = (self._environment, self._system.name)
        return graph_row(
            (
                "Query latency in handlers, ms",
                [client_latency(*where, "Query", percentile) for percentile in PERCENTILES],
            ),
            ("Latency p99 in handlers, ms", [client_latency(*where, o) for o in operations]),
            ("Errors in handlers", [client_errors(*where, o) for o in operations]),
        )

    def _table(self, table: Table) -> Iterator[Row]:
        metrics = TableMetrics(self._names[table.name])
        parts = (None, *(index.name for index in table.indexes))
        operations = deployment.operations_on(self._system, table)
        yield graph_row(
            (f"{table.name}: read units", [metrics.read_units(part) for part in parts]),
            (f"{table.name}: write units", [metrics.write_units(part) for part in parts]),
            (
                f"{table.name}: throttled",
                [
                    metric
                    for part in parts
                    for metric in (metrics.read_throttles(part), metrics.write_throttles(part))
                ],
            ),
        )
        yield graph_row(
            (f"{table.name}: latency, ms", [metrics.latency(o) for o in operations]),
            (f"{table.name}: system errors", metrics.system_errors_each(operations)),
        )


def _api(api_id: str) -> Row:
    return graph_row(
        ("Requests", [requests(api_id, kind) for kind in ("Count", "4xx", "5xx")]),
        ("Request latency, ms", [request_latency(api_id, p) for p in PERCENTILES]),
    )
