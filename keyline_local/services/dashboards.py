"""The dashboards of the deployed templates, with the values that the platform has measured."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyline_deploy.alarms import Metric, MetricQuery
from keyline_deploy.alarms.statistic import statistic_of
from keyline_deploy.alarms.templates import literal
from keyline_deploy.synthesized import Template
from keyline_local.services.metric_store import MINUTE, MetricStore

SHOWN_MINUTES = 60
"""How far back a graph reaches at most."""


@dataclass(frozen=True)
class Line:
    """The values of a metric by the minute, None where nothing was measured."""

    label: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class Graph:
    """A graph of a dashboard."""

    title: str
    lines: Sequence[Line]


@dataclass(frozen=True)
class Dashboard:
    """A dashboard of a template."""

    name: str
    graphs: Sequence[Graph]


def dashboards_of(
    templates: Mapping[str, Template], store: MetricStore, now: int
) -> list[Dashboard]:
    """Return the dashboards of templates by the names of their stacks.

    Parameters
    ----------
    now
        The minute since the epoch that the graphs end at; it is not shown, since it is not over.

    Notes
    -----
    Each line has a value by the minute, whatever period the template says. A line that is the
    result of an expression is left out.
    """
    first = max(store.began, now - SHOWN_MINUTES)
    return [
        Dashboard(
            str(literal(properties["DashboardName"])),
            list(_graphs(properties["DashboardBody"], names, store, range(first, now))),
        )
        for _, template in sorted(templates.items())
        for names in [_api_names(template)]
        for resource in template.get("Resources", {}).values()
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


def _graphs(
    body: Any, names: Mapping[str, str], store: MetricStore, minutes: range
) -> Iterator[Graph]:
    for widget in json.loads(literal(body))["widgets"]:
        if widget["type"] == "metric":
            given = widget["properties"]
            rows = [_query(row, names) for row in given.get("metrics", [])]
            lines = [Line(row[0], _values(row[1], store, minutes)) for row in rows if row]
            yield Graph(str(given.get("title", "")), lines)


def _query(row: Sequence[Any], names: Mapping[str, str]) -> tuple[str, MetricQuery] | None:
    """Read a row: namespace, name, names and values of dimensions in turn, then options."""
    texts = [each for each in row if isinstance(each, str)]
    options: Mapping[str, Any] = row[-1] if isinstance(row[-1], Mapping) else {}
    if len(texts) < 2:
        return None
    namespace, name, *named = texts
    dimensions = dict(zip(named[::2], named[1::2], strict=True))
    statistic = statistic_of(str(options.get("stat", "Average")))
    of = [names.get(value, value) for value in list(dimensions.values())[-2:]]
    about = " ".join([*of, name, statistic.name])
    metric = Metric(namespace, name, frozenset(dimensions.items()))
    return str(options.get("label") or about), MetricQuery("m", metric, statistic)


def _values(query: MetricQuery, store: MetricStore, minutes: range) -> list[float | None]:
    points = (store.point(query, MINUTE, minute) for minute in minutes)
    return [None if point is None else point.value for point in points]
