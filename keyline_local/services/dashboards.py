"""The dashboards of the deployed templates, with the values that the platform has measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from keyline_deploy.alarms import MetricQuery
from keyline_deploy.dashboards import dashboards_of
from keyline_deploy.synthesized import Template
from keyline_local.services.metric_store import MINUTE, MetricStore

SHOWN_MINUTES = 60
"""How far back a graph reaches at most."""


def measured_dashboards(
    templates: Mapping[str, Template], store: MetricStore, now: int
) -> Iterator[Mapping[str, Any]]:
    """Yield the dashboards of templates by the names of their stacks, as the control answers them.

    Parameters
    ----------
    now
        The minute since the epoch that the graphs end at; it is not shown, since it is not over.

    Notes
    -----
    Each line has a value by the minute, whatever period the template says.
    """
    minutes = range(max(store.began, now - SHOWN_MINUTES), now)

    def points(query: MetricQuery) -> list[float | None]:
        found = (store.point(query, MINUTE, minute) for minute in minutes)
        return [None if point is None else point.value for point in found]

    for dashboard in dashboards_of(templates):
        yield dashboard.drawn(points)
