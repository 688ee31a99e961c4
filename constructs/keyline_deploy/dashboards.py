"""The dashboards of synthesized templates: their graphs, and the metrics behind each line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keyline.errors import KeylineError
from keyline_deploy.alarms import Metric, MetricQuery
from keyline_deploy.alarms.expression import Expression, parse
from keyline_deploy.alarms.metric_math import MetricMath
from keyline_deploy.alarms.statistic import statistic_of
from keyline_deploy.alarms.templates import literal
from keyline_deploy.alarms.time_series import TimeSeries, Value
from keyline_deploy.synthesized import Template

MINUTE = 60

Points = Callable[[MetricQuery], Sequence[Value]]
"""Returns the values of a metric by the minute, None where there is none."""


@dataclass(frozen=True)
class Line:
    """The values of a line by the minute, None where nothing was measured."""

    label: str
    values: Sequence[Value]


@dataclass
class Graph:
    """A graph of a dashboard.

    Attributes
    ----------
    queries, expressions
        The metrics and the expressions of the graph by their ids.
    labels
        The labels of what is drawn, by id.
    """

    title: str
    queries: dict[str, MetricQuery] = field(default_factory=dict)
    expressions: dict[str, Expression] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)

    def lines(self, points: Points) -> list[Line]:
        """Return the lines; without those of expressions that are not evaluated here."""
        metrics = {id: TimeSeries(tuple(points(query))) for id, query in self.queries.items()}
        size = max((len(each.values) for each in metrics.values()), default=0)
        found = MetricMath(metrics, self.expressions, period=MINUTE, size=size)
        return [
            Line(label, values)
            for id, label in self.labels.items()
            if (values := _values(found, id)) is not None
        ]

    def add(self, row: Sequence[Any], names: Mapping[str, str]) -> None:
        """Add a row of a widget: namespace, name, dimensions in turn, then options."""
        options: Mapping[str, Any] = row[-1] if row and isinstance(row[-1], Mapping) else {}
        id = str(options.get("id") or f"line {len(self.queries) + len(self.expressions)}")
        if "expression" in options:
            label = self._add_expression(id, str(options["expression"]))
        else:
            label = self._add_metric(id, [e for e in row if isinstance(e, str)], options, names)
        if label is not None and options.get("visible", True):
            self.labels[id] = str(options.get("label") or label)

    def _add_expression(self, id: str, text: str) -> str | None:
        try:
            self.expressions[id] = parse(text)
        except KeylineError:
            return None
        return text

    def _add_metric(
        self, id: str, texts: Sequence[str], options: Mapping[str, Any], names: Mapping[str, str]
    ) -> str | None:
        if len(texts) < 2 or len(texts) % 2:
            return None
        namespace, name, *named = texts
        dimensions = dict(zip(named[::2], named[1::2], strict=True))
        try:
            statistic = statistic_of(str(options.get("stat", "Average")))
        except KeylineError:
            return None
        metric = Metric(namespace, name, frozenset(dimensions.items()))
        self.queries[id] = MetricQuery(id, metric, statistic)
        of = [names.get(value, value) for value in list(dimensions.values())[-2:]]
        return " ".join([*of, name, statistic.name])


@dataclass(frozen=True)
class Dashboard:
    """A dashboard of a template."""

    name: str
    graphs: Sequence[Graph]

    def drawn(self, points: Points) -> dict[str, Any]:
        """Return the dashboard with its values, as JSON has it."""
        return {
            "name": self.name,
            "graphs": [
                {
                    "title": graph.title,
                    "lines": [
                        {"label": line.label, "values": [*line.values]}
                        for line in graph.lines(points)
                    ],
                }
                for graph in self.graphs
            ],
        }


def dashboards_of(templates: Mapping[str, Template]) -> list[Dashboard]:
    """Return the dashboards of templates by the names of their stacks, sorted by stack."""
    return [
        Dashboard(
            str(literal(properties.get("DashboardName", logical_id))),
            list(_graphs(properties["DashboardBody"], _api_names(template))),
        )
        for _, template in sorted(templates.items())
        for logical_id, resource in template.get("Resources", {}).items()
        if resource["Type"] == "AWS::CloudWatch::Dashboard"
        for properties in [resource["Properties"]]
    ]


def _api_names(template: Template) -> dict[str, str]:
    """Return the names of the APIs of a template by logical id, which is what metrics have."""
    return {
        logical_id: str(literal(resource["Properties"]["Name"]))
        for logical_id, resource in template.get("Resources", {}).items()
        if resource["Type"] == "AWS::ApiGatewayV2::Api"
    }


def _graphs(body: Any, names: Mapping[str, str]) -> Iterator[Graph]:
    for widget in json.loads(literal(body)).get("widgets", []):
        if widget["type"] == "metric":
            given = widget["properties"]
            graph = Graph(str(given.get("title", "")))
            for row in given.get("metrics", []):
                graph.add(row, names)
            yield graph


def _values(found: MetricMath, id: str) -> Sequence[Value] | None:
    try:
        return found.series(id).values
    except KeylineError:
        return None
