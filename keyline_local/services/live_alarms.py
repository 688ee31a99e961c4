"""The states of the alarms of the deployed templates, from what the platform has measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from keyline_deploy.alarms import CompositeAlarm, Evaluation, Samples, Series, State, replay
from keyline_deploy.alarms.series import AlarmState
from keyline_deploy.alarms.templates import TemplateAlarm, alarms_of
from keyline_deploy.synthesized import Template
from keyline_local.services.metric_store import KEPT_SECONDS, MetricStore

MEASURED = frozenset({"AWS/Lambda", "AWS/ApiGateway", "Keyline"})
"""The namespaces that the platform measures something of."""


@dataclass(frozen=True)
class LiveAlarm:
    """An alarm and its state.

    Attributes
    ----------
    since
        When it came into this state, None if it was never in another.
    """

    stack: str
    name: str
    state: State
    since: datetime | None
    runbook: str


class LiveAlarms:
    """The alarms of synthesized templates.

    An alarm on what the platform does not measure (capacity, queues) is left out.

    Parameters
    ----------
    templates
        By the names of their stacks.
    """

    def __init__(self, templates: Mapping[str, Template], store: MetricStore) -> None:
        self._store = store
        self._stacks = [alarms_of(stack, found) for stack, found in sorted(templates.items())]

    def states(self) -> list[LiveAlarm]:
        """Return the alarms with their states, evaluated for each minute of the last hour."""
        now = self._store.at()
        start = max(self._store.began, now - timedelta(seconds=KEPT_SECONDS))
        samples = Samples(self._store.samples())
        found: list[LiveAlarm] = []
        for stack in self._stacks:
            evaluated = {
                alarm.logical_id: replay(alarm.alarm, Series(start, now, samples))
                for alarm in stack
                if _is_measured(alarm)
            }
            for alarm in stack:
                if isinstance(alarm.alarm, CompositeAlarm):
                    states = _as_states(evaluated)
                    over = Series(start, now, samples, states=states)
                    evaluated[alarm.logical_id] = replay(alarm.alarm, over)
                if alarm.logical_id in evaluated:
                    found.append(_live(alarm, evaluated[alarm.logical_id]))
        return found


def _is_measured(alarm: TemplateAlarm) -> bool:
    watched = alarm.alarm
    return not isinstance(watched, CompositeAlarm) and all(
        query.metric.namespace in MEASURED for query in watched.queries
    )


def _as_states(evaluated: Mapping[str, Sequence[Evaluation]]) -> list[AlarmState]:
    return [
        AlarmState(name, each.time, each.state)
        for name, evaluations in evaluated.items()
        for each in evaluations
    ]


def _live(alarm: TemplateAlarm, evaluations: Sequence[Evaluation]) -> LiveAlarm:
    state = evaluations[-1].state if evaluations else State.INSUFFICIENT_DATA
    since = None
    for before, after in pairwise(evaluations):
        if before.state is not after.state:
            since = after.time
    return LiveAlarm(alarm.stack, alarm.name, state, since, alarm.runbook)
