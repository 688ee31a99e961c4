"""One page of CloudWatch on which all systems of an environment can be looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from keyline.model import System
from keyline_cdk.graph_row import WIDTH, Row, graph_row
from keyline_cdk.metrics import (
    TableMetrics,
    client_errors,
    client_latency,
    function_errors,
    function_invocations,
    function_throttles,
    greatest,
    sum_of,
)
from keyline_deploy.environment import Environment
from keyline_deploy.names import function_name, overview_name, trouble_alarm_name

_ALARMS_IN_A_ROW = 6


class OverviewDashboard(Construct):
    """The states of the composite alarms, and a row of key figures of each system.

    The dashboard names functions, tables and alarms by what they are called, so that its stack
    needs nothing of the systems' stacks. An HTTP API is known only by an id that AWS gives out:
    what its functions are invoked is shown instead.

    Parameters
    ----------
    alarms
        Alarms that concern the whole account.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        systems: Sequence[System],
        environment: Environment,
        alarms: Sequence[cloudwatch.IAlarm],
    ) -> None:
        super().__init__(scope, id)
        self._environment = environment
        states = [*alarms, *(alarm for system in systems for alarm in self._troubles(system))]
        self.resource = cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=overview_name(environment.name),
            widgets=[[_states(states)], *map(self._figures, systems)],
        )

    def _troubles(self, system: System) -> Iterator[cloudwatch.IAlarm]:
        for part in ("tables", "service") if system.functions else ("tables",):
            name = trouble_alarm_name(system.name, self._environment.name, part)
            yield cloudwatch.CompositeAlarm.from_composite_alarm_name(self, name, name)

    def _figures(self, system: System) -> Row:
        environment = self._environment.name
        functions = [
            function_name(system.name, each.name, environment) for each in system.functions
        ]
        operations = sorted({pattern.operation for pattern in system.called})
        tables = [
            (TableMetrics(self._environment.table_name(system.name, table)), index)
            for table in system.tables
            for index in (None, *(index.name for index in table.indexes))
        ]
        where = (environment, system.name)
        graphs = {
            "invocations": [
                *sum_of("invocations", map(function_invocations, functions)),
                *sum_of("errors", map(function_errors, functions)),
                *sum_of("refused", map(function_throttles, functions)),
            ],
            "latency p99 in handlers, ms": [
                *greatest("slowest operation", (client_latency(*where, o) for o in operations))
            ],
            "units": [
                *sum_of("read units", (of.read_units(index) for of, index in tables)),
                *sum_of("write units", (of.write_units(index) for of, index in tables)),
            ],
            "calls that fail": [
                *sum_of("errors in handlers", (client_errors(*where, o) for o in operations)),
                *sum_of("throttled reads", (each.read_throttles(index) for each, index in tables)),
                *sum_of(
                    "throttled writes", (each.write_throttles(index) for each, index in tables)
                ),
            ],
        }
        return graph_row(
            *((f"{system.name}: {title}", metrics) for title, metrics in graphs.items())
        )


def _states(alarms: Sequence[cloudwatch.IAlarm]) -> cloudwatch.IWidget:
    rows = -(-len(alarms) // _ALARMS_IN_A_ROW)
    return cloudwatch.AlarmStatusWidget(
        title="Alarms",
        alarms=[*alarms],
        width=WIDTH,
        height=1 + rows,
    )
