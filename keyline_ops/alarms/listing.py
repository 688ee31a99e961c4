"""The alarms of an environment: what each watches and means, and how it was proven."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from keyline_deploy.alarms import Metric, MetricAlarm
from keyline_deploy.alarms.templates import TemplateAlarm, alarms_of
from keyline_deploy.metric_catalogue import MetricCatalogue
from keyline_ops.alarms.proof import Proof, Prover
from keyline_ops.printing import print_whole, table
from keyline_ops.words import count_of

_COMPARED = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": ">=",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "<=",
}


@dataclass(frozen=True)
class Listed:
    """An alarm of an environment.

    Attributes
    ----------
    watches
        Its metrics.
    when
        When it goes off: `> 0 in 5 of 7 periods of 60 s`.
    proven
        How it was proven; empty if it is not.
    """

    stack: str
    name: str
    watches: Sequence[str]
    when: str
    meaning: str
    runbook: str
    proven: str


def listed(templates: Mapping[str, Mapping[str, Any]], catalogue: MetricCatalogue) -> list[Listed]:
    """Return the alarms of templates by the names of their stacks, each of them proven.

    Raises
    ------
    KeylineError
        If an alarm cannot be evaluated.
    """
    prover = Prover(catalogue)
    return [
        _listed(alarm, prover)
        for stack, template in sorted(templates.items())
        for alarm in alarms_of(stack, template)
    ]


def read_templates(assembly: Path) -> dict[str, Mapping[str, Any]]:
    """Return the templates of a cloud assembly by the names of their stacks."""
    return {
        file.name.partition(".")[0]: json.loads(file.read_text(encoding="utf-8"))
        for file in sorted(assembly.glob("*.template.json"))
    }


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
                watches = "\n".join(each.watches)
                proven = each.proven or "NOT PROVEN"
                rows.add_row(each.name, watches, each.when, proven, each.runbook)
        print_whole(rows, console)
    print(f"{count_of(len(found), 'alarm')}, {len(unproven(found))} of them not proven.")


def _listed(found: TemplateAlarm, prover: Prover) -> Listed:
    alarm = found.alarm
    if not isinstance(alarm, MetricAlarm):
        return Listed(
            found.stack,
            found.name,
            [],
            str(found.properties["AlarmRule"]),
            found.meaning,
            found.runbook,
            "",
        )
    return Listed(
        stack=found.stack,
        name=found.name,
        watches=[_metric(query.metric, query.statistic.name) for query in alarm.queries],
        when=_when(alarm, found.properties),
        meaning=found.meaning,
        runbook=found.runbook,
        proven=_proven(prover.of(alarm)),
    )


def _metric(metric: Metric, statistic: str) -> str:
    named = ", ".join(f"{name}={value}" for name, value in sorted(metric.dimensions))
    return f"{statistic} of {metric.namespace} {metric.name} ({named or 'no dimension'})"


def _when(alarm: MetricAlarm, properties: Mapping[str, Any]) -> str:
    compared = _COMPARED[properties["ComparisonOperator"]]
    needed, of = alarm.datapoints_to_alarm, alarm.evaluation_periods
    return f"{compared} {alarm.threshold:g} in {needed} of {of} periods of {alarm.period} s"


def _proven(proof: Proof) -> str:
    if not proof.holds or proof.fires_after is None or proof.ends_after is None:
        return ""
    return f"ALARM after {_told(proof.fires_after)}, OK {_told(proof.ends_after)} later"


def _told(seconds: int) -> str:
    minutes = seconds // 60
    return f"{minutes} min" if minutes < 24 * 60 else count_of(minutes // (24 * 60), "day")
