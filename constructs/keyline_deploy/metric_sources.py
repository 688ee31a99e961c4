"""The sources of the metrics that alarms watch, and how often each emits a sample.

AWS's services publish a metric of a function, an API or a table only in a minute in which it is
called, and our functions publish theirs only when they run. So a source emits as often as the
declaration says that it is called (`keyline_deploy.rates`). Of a source that no system declares,
such as all functions of the account, nothing is known: it is taken to emit always.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from keyline.model import Function, System, Table, schedule_expression
from keyline_deploy import rates
from keyline_deploy.alarms import Metric, MetricAlarm
from keyline_deploy.archive_writer import writer_of
from keyline_deploy.environment import Environment
from keyline_deploy.names import api_name, function_name
from keyline_deploy.synthesized import Template

_EVERY_MINUTE = frozenset({"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"})
"""Metrics of a queue that SQS publishes each minute while a message is in it."""


class MetricSources:
    """The sources of the metrics of an app, by the names that dimensions have."""

    def __init__(self, systems: Iterable[System], environment: Environment) -> None:
        self._systems = {system.name: system for system in systems}
        self._runs: dict[str, float] = {}
        self._gaps: dict[str, float] = {}
        self._requests: dict[str, float] = {}
        self._tables: dict[str, tuple[System, Table]] = {}
        for system in self._systems.values():
            for function in _functions(system, environment):
                name = function_name(system.name, function.name, environment.name)
                self._runs[name] = rates.runs_of(system, function)
                if function.schedule:
                    expression = schedule_expression.parse(function.schedule)
                    self._gaps[name] = expression.longest_gap()
            served = (f for f in system.functions if f.routes)
            called = sum(rates.runs_of(system, function) for function in served)
            self._requests[api_name(system.name, environment.name)] = called
            for table in system.tables:
                for name in environment.table_names(system.name, table):
                    self._tables[name] = system, table

    def a_month(self, alarm: MetricAlarm, template: Template) -> float:
        """Return how often the sources of an alarm together emit a sample in a month.

        Parameters
        ----------
        template
            The template that has the alarm, and the API if the alarm is on one.
        """
        queries = {query.metric.dimensions: query.metric for query in alarm.queries}
        return sum(self._of(metric, template) for metric in queries.values())

    def longest_gap(self, alarm: MetricAlarm) -> float:
        """Return the most seconds between two samples of an alarm's sources while all is well.

        The gap is known of scheduled functions, and 0 for any other source.
        """
        dimensions = {dict(query.metric.dimensions).get("FunctionName") for query in alarm.queries}
        return max((self._gaps.get(name or "", 0.0) for name in dimensions), default=0.0)

    def _of(self, metric: Metric, template: Template) -> float:
        named = dict(metric.dimensions)
        match named:
            case {"FunctionName": name} | {"RuleName": name}:
                return self._runs.get(name, math.inf)
            case {"ApiId": id}:
                api = template["Resources"].get(id, {}).get("Properties", {})
                return self._requests.get(api.get("Name", ""), math.inf)
            case {"TableName": name} if name in self._tables:
                return self._of_table(metric.name, name, named)
            case {"System": name} if name in self._systems:
                return self._of_system(self._systems[name], named)
            case {"QueueName": _}:
                return math.inf if metric.name in _EVERY_MINUTE else 0.0
            case {"TopicName": _}:
                return 0.0
        return math.inf

    def _of_table(self, metric: str, name: str, named: Mapping[str, str]) -> float:
        system, table = self._tables[name]
        if "Operation" in named:
            return rates.calls_on(system, table, [named["Operation"]])
        reads = rates.reads_of(system, table, named.get("GlobalSecondaryIndexName"))
        writes = rates.writes_of(system, table)
        if "Read" in metric:
            return reads
        return writes if "Write" in metric else reads + writes

    def _of_system(self, system: System, named: Mapping[str, str]) -> float:
        if "Operation" in named:
            called = (p for p in system.called if p.operation == named["Operation"])
            return rates.calls_of(called)
        return sum(rates.runs_of(system, function) for function in system.functions)


def _functions(system: System, environment: Environment) -> Iterator[Function]:
    yield from system.functions
    for table in environment.archive.get(system.name, ()):
        yield writer_of(system.table(table))
