"""The alarms of an environment: what each watches and means, and how it was proven."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console

from keyline_deploy.alarms import CompositeAlarm, Metric, MetricAlarm
from keyline_deploy.alarms.rule import named_alarms
from keyline_deploy.alarms.templates import TemplateAlarm, alarms_of
from keyline_deploy.metric_catalogue import MetricCatalogue
from keyline_deploy.metric_sources import MetricSources
from keyline_deploy.synthesized import Template
from keyline_ops.alarms.proof import Proof, Prover, is_proven
from keyline_ops.printing import print_whole, table
from keyline_ops.words import count_of

_SHOWN = 10
"""Metrics or alarms of one alarm that a table shows; JSON has all."""


@dataclass(frozen=True)
class Listed:
    """An alarm of an environment.

    Attributes
    ----------
    watches
        The metrics of the alarm; for a composite alarm, the alarms that it joins.
    when
        When it goes off: `> 0 in 5 of 7 periods of 60 s`.
    proven
        How it was proven; empty if it is not.
    tells
        Whether it tells the topic; otherwise a composite alarm tells of it.
    """

    stack: str
    name: str
    watches: Sequence[str]
    when: str
    meaning: str
    runbook: str
    proven: str
    tells: bool


def listed(
    templates: Mapping[str, Template], catalogue: MetricCatalogue, sources: MetricSources
) -> list[Listed]:
    """Return the alarms of templates by the names of their stacks, each of them proven.

    Raises
    ------
    KeylineError
        If an alarm cannot be evaluated.
    """
    prover = Prover(catalogue)
    found = []
    for stack, template in sorted(templates.items()):
        of_stack = alarms_of(stack, template)
        beside = [each.logical_id for each in of_stack]
        for each in of_stack:
            alarm = each.alarm
            if isinstance(alarm, MetricAlarm):
                proof = prover.of(alarm, sources.a_month(alarm, template))
                found.append(_of_metrics(each, alarm, proof))
            else:
                found.append(_of_alarms(each, alarm, beside))
    return found


def unproven(found: Iterable[Listed]) -> list[Listed]:
    """Return the alarms that are not proven."""
    return [each for each in found if not each.proven]


def as_json(found: Iterable[Listed]) -> list[dict[str, Any]]:
    """Return the alarms as JSON has them."""
    return [asdict(each) for each in found]


def show(found: Sequence[Listed], console: Console) -> None:
    """Print the alarms, a table for each stack, and how many there are."""
    for stack in dict.fromkeys(each.stack for each in found):
        rows = table(stack, ("alarm", "watches", "goes off", "proven", "what to do"))
        for each in found:
            if each.stack == stack:
                watches = "\n".join(each.watches[:_SHOWN])
                proven = each.proven or "NOT PROVEN"
                rows.add_row(each.name, watches, each.when, proven, each.runbook)
        print_whole(rows, console)
    print(f"{count_of(len(found), 'alarm')}, {len(unproven(found))} of them not proven.")


def _of_metrics(found: TemplateAlarm, alarm: MetricAlarm, proof: Proof) -> Listed:
    watches = [_metric(query.metric, query.statistic.name) for query in alarm.queries]
    return _listed(found, watches, found.when, _proven(proof))


def _of_alarms(found: TemplateAlarm, alarm: CompositeAlarm, beside: Collection[str]) -> Listed:
    proven = is_proven(alarm.rule, beside)
    when = found.when if proven else "?"
    told = "by each of them alone" if proven else ""
    return _listed(found, sorted(named_alarms(alarm.rule)), when, told)


def _listed(found: TemplateAlarm, watches: Sequence[str], when: str, proven: str) -> Listed:
    return Listed(
        found.stack, found.name, watches, when, found.meaning, found.runbook, proven, found.tells
    )


def _metric(metric: Metric, statistic: str) -> str:
    named = ", ".join(f"{name}={value}" for name, value in sorted(metric.dimensions))
    return f"{statistic} of {metric.namespace} {metric.name} ({named or 'no dimension'})"


def _proven(proof: Proof) -> str:
    if not proof.holds or proof.fires_after is None or proof.ends_after is None:
        return ""
    return f"ALARM after {_told(proof.fires_after)}, OK {_told(proof.ends_after)} later"


def _told(seconds: int) -> str:
    minutes = seconds // 60
    return f"{minutes} min" if minutes < 24 * 60 else count_of(minutes // (24 * 60), "day")
