"""Costs of watching an environment for a month: its own metrics, alarms, dashboards.

Logs are billed by their volume, which depends on the traffic: they are not in here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console

from keyline.model import CALL_METRICS, Function, Metric, System
from keyline_deploy.rates import due_in_a_month
from keyline_ops.costs.prices import CURRENT, MONTH_HOURS, Prices
from keyline_ops.printing import print_whole, table

VALUES_OF_A_DIMENSION = 4
"""How many values a dimension is taken to have whose values only the traffic knows."""


@dataclass(frozen=True)
class Observability:
    """The parts of CloudWatch that are billed by the piece.

    Attributes
    ----------
    metrics
        Metrics that the functions publish, one for each set of dimension values.
    metric_months
        The same in whole months. AWS bills a metric for the hours in which it is published: one
        of a scheduled function for as many as the function runs, any other for every hour.
    alarm_metrics
        Metrics of all alarms: an alarm on a sum of seven costs as seven.
    """

    metrics: int
    metric_months: float
    alarms: int
    alarm_metrics: int
    composites: int
    dashboards: int
    prices: Prices = CURRENT

    @property
    def metrics_usd(self) -> float:
        """A month of the metrics."""
        return self.metric_months * self.prices.metric

    @property
    def alarms_usd(self) -> float:
        """A month of the alarms."""
        return self.alarm_metrics * self.prices.alarm + self.composites * self.prices.composite

    @property
    def dashboards_usd(self) -> float:
        """A month of the dashboards.

        Three of an account are free if each shows no more than 50 metrics. Those of a system show
        more, and no free tier is taken off.
        """
        return self.dashboards * self.prices.dashboard

    @property
    def usd(self) -> float:
        """A month of all."""
        return self.metrics_usd + self.alarms_usd + self.dashboards_usd


def observability(
    systems: Iterable[System],
    templates: Iterable[Mapping[str, Any]],
    prices: Prices = CURRENT,
) -> Observability:
    """Count what is billed of the templates of an environment and of its systems."""
    published = [metrics_of(system) for system in systems]
    resources = [each for template in templates for each in template["Resources"].values()]
    alarms = [each for each in resources if each["Type"] == "AWS::CloudWatch::Alarm"]
    return Observability(
        metrics=sum(each.number for each in published),
        metric_months=sum(each.months for each in published),
        alarms=len(alarms),
        alarm_metrics=sum(_metrics_of_alarm(alarm["Properties"]) for alarm in alarms),
        composites=sum(each["Type"] == "AWS::CloudWatch::CompositeAlarm" for each in resources),
        dashboards=sum(each["Type"] == "AWS::CloudWatch::Dashboard" for each in resources),
        prices=prices,
    )


@dataclass(frozen=True)
class Published:
    """The metrics that the functions of a system publish at most.

    Attributes
    ----------
    months
        What is billed of them in a month: 1 for a metric that is published in every hour.
    """

    number: int
    months: float


def metrics_of(system: System) -> Published:
    """Count the metrics that the functions of a system publish at most."""
    operations = {pattern.operation for pattern in system.called}
    hourly = len(CALL_METRICS) * len(operations) + sum(map(_values, system.published))
    sizes = {function.name: _sizes(function) for function in system.functions}
    shares = (sizes[f.name] * _share(f) for f in system.functions)
    return Published(hourly + sum(sizes.values()), hourly + sum(shares))


def _sizes(function: Function) -> int:
    """Count the metrics of the tables that a function measures: size, growth, each index."""
    return sum(2 + len(table.indexes) for table in function.describes)


def _share(function: Function) -> float:
    """Return the share of a month's hours in which a function publishes."""
    if function.schedule is None:
        return 1.0
    return min(due_in_a_month(function.schedule) / MONTH_HOURS, 1.0)


def _values(metric: Metric) -> int:
    return int(VALUES_OF_A_DIMENSION ** len(metric.dimensions))


def _metrics_of_alarm(properties: Mapping[str, Any]) -> int:
    return sum("MetricStat" in query for query in properties.get("Metrics", [])) or 1


def as_json(found: Observability) -> dict[str, Any]:
    """Return the figures as JSON has them."""
    return {
        **{name: value for name, value in asdict(found).items() if name != "prices"},
        "metric_months": round(found.metric_months, 2),
        "metrics_usd": round(found.metrics_usd, 2),
        "alarms_usd": round(found.alarms_usd, 2),
        "dashboards_usd": round(found.dashboards_usd, 2),
        "usd": round(found.usd, 2),
    }


def show(environment: str, found: Observability, console: Console) -> None:
    """Print the figures."""
    numbers = ("number", "USD")
    rows = table(f"{environment}: a month's observability", ("what", *numbers), numbers)
    rows.add_row("metrics of its own", str(found.metrics), f"{found.metrics_usd:.2f}")
    rows.add_row("metrics of alarms", str(found.alarm_metrics), f"{found.alarms_usd:.2f}")
    rows.add_row("dashboards", str(found.dashboards), f"{found.dashboards_usd:.2f}")
    rows.add_row("together", "", f"{found.usd:.2f}")
    print_whole(rows, console)
    written, kept = found.prices.log_written, found.prices.log_kept
    print(
        f"Not counted: logs (${written:.2f} per GB written, ${kept:.2f} per GB and month kept), "
        "their queries."
    )
