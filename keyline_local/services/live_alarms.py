"""The states of the alarms of the deployed templates, evaluated at the end of each minute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from keyline_deploy.alarms import CompositeAlarm, Metric, MetricAlarm, State, Treatment
from keyline_deploy.alarms.evaluation import evaluate
from keyline_deploy.alarms.replay import MORE_POINTS
from keyline_deploy.alarms.rule import named_alarms
from keyline_deploy.alarms.templates import TemplateAlarm, alarms_of
from keyline_deploy.synthesized import Template
from keyline_local.services.metric_store import MINUTE, MetricStore


@dataclass(frozen=True)
class LiveAlarm:
    """An alarm and its state.

    Attributes
    ----------
    since
        When it came into this state, None if it was never in another.
    told
        When it last told its topic that it went off or was over; None if it never did.
    joins
        Whether it joins other alarms.
    when
        When it goes off: `> 0 in 5 of 7 periods of 60 s`.
    meaning
        What it means.
    reason
        What it was judged by last: the newest value, or the alarms that are on of those it joins.
    """

    stack: str
    name: str
    state: State
    since: datetime | None
    runbook: str
    told: datetime | None = None
    joins: bool = False
    when: str = ""
    meaning: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Notice:
    """The notice of an alarm that goes off or is over.

    Attributes
    ----------
    topics
        The ARNs or logical ids of the topics that are told.
    """

    time: datetime
    stack: str
    name: str
    state: State
    meaning: str
    runbook: str
    topics: Sequence[str]


class _Watched:
    """An alarm, with what is known of it."""

    def __init__(self, found: TemplateAlarm) -> None:
        self.found = found
        self.state = State.INSUFFICIENT_DATA
        self.since: int | None = None
        self.left_alarm: int | None = None
        self.told = State.OK
        self.told_in: int | None = None
        self.is_settled = False
        self.reason = ""

    def goes_to(self, state: State, minute: int) -> bool:
        """Take note of a state; return True if it has gone off or is over."""
        before, self.state = self.state, state
        if before is state:
            return False
        self.since = minute
        if before is State.ALARM:
            self.left_alarm = minute
        return State.ALARM in (before, state)

    def live(self) -> LiveAlarm:
        found = self.found
        since, told = _time(self.since), _time(self.told_in)
        joins = isinstance(found.alarm, CompositeAlarm)
        return LiveAlarm(
            stack=found.stack,
            name=found.name,
            state=self.state,
            since=since,
            runbook=found.runbook,
            told=told,
            joins=joins,
            when=found.when,
            meaning=found.meaning,
            reason=self.reason,
        )


class LiveAlarms:
    """The alarms of synthesized templates.

    An alarm for which silence is the failure is evaluated once the platform has run for as long
    as the alarm looks back: what nobody was there to measure is not silence.

    Parameters
    ----------
    templates
        By the names of their stacks.
    """

    def __init__(self, templates: Mapping[str, Template], store: MetricStore) -> None:
        self._store = store
        self._watched = [
            _Watched(alarm)
            for stack, template in sorted(templates.items())
            for alarm in alarms_of(stack, template)
        ]
        self._telling = [each for each in self._watched if each.found.tells]
        self._metric_alarms: list[tuple[_Watched, MetricAlarm]] = []
        self._composites: list[tuple[_Watched, CompositeAlarm, Sequence[str]]] = []
        self._beside: dict[str, dict[str, _Watched]] = defaultdict(dict)
        self._on: dict[Metric, list[_Watched]] = defaultdict(list)
        self._named: dict[str, _Watched] = {}
        for each in self._watched:
            self._add(each)

    def states(self) -> list[LiveAlarm]:
        """Return the alarms with their states."""
        return [each.live() for each in self._watched]

    def evaluate(self, minute: int) -> tuple[list[LiveAlarm], list[Notice]]:
        """Evaluate the alarms at the beginning of a minute since the epoch.

        Returns
        -------
        tuple
            The alarms that have gone off or are over, and what is told.
        """
        for metric in self._store.take_touched():
            for each in self._on.get(metric, ()):
                each.is_settled = False
        changed = [
            each
            for each, alarm in self._metric_alarms
            if not each.is_settled and self._evaluate(each, alarm, minute)
        ]
        composites = self._composites  # after all that they are about
        changed += [each for each, alarm, of in composites if self._joined(each, alarm, of, minute)]
        return [each.live() for each in changed], list(self._notices(minute))

    def _add(self, each: _Watched) -> None:
        alarm = each.found.alarm
        self._beside[each.found.stack][each.found.logical_id] = each
        if name := each.found.properties.get("AlarmName"):
            self._named[name] = each
        if isinstance(alarm, CompositeAlarm):
            self._composites.append((each, alarm, sorted(named_alarms(alarm.rule))))
            return
        self._metric_alarms.append((each, alarm))
        for query in alarm.queries:
            self._on[query.metric].append(each)
            periods = alarm.evaluation_periods + MORE_POINTS + 1
            self._store.keep(query.metric, periods * alarm.period // MINUTE)

    def _joined(
        self, each: _Watched, alarm: CompositeAlarm, named: Sequence[str], minute: int
    ) -> bool:
        beside = self._beside[each.found.stack]
        holds = alarm.rule.holds(
            lambda name: beside[name].state if name in beside else State.INSUFFICIENT_DATA
        )
        asked = [beside[name] for name in named if name in beside]
        on = [joined.found.name for joined in asked if joined.state is State.ALARM]
        each.reason = f"in ALARM: {', '.join(on)}" if on else "none of them is in ALARM"
        return each.goes_to(State.ALARM if holds else State.OK, minute)

    def _evaluate(self, each: _Watched, alarm: MetricAlarm, minute: int) -> bool:
        """Evaluate an alarm; once all it looks at is silence, it stays as it is until a value."""
        minutes = alarm.period // MINUTE
        if minute % minutes:
            return False
        looks_back = alarm.evaluation_periods * minutes
        if alarm.treatment is Treatment.BREACHING and minute - looks_back < self._store.began:
            return False
        size = alarm.evaluation_periods + MORE_POINTS
        found = (self._store.newest(query.metric) for query in alarm.queries)
        newest = max((at for at in found if at is not None), default=None)
        each.is_settled = newest is None or newest < minute - size * minutes
        outcome = evaluate(alarm, self._store, minute // minutes, size, each.state)
        value = outcome.value
        each.reason = "no newest value" if value is None else f"the newest value is {value:g}"
        return each.goes_to(outcome.state, minute)

    def _notices(self, minute: int) -> Iterator[Notice]:
        for each in self._telling:
            state = each.state
            if state in (each.told, State.INSUFFICIENT_DATA) or self._is_held_back(each, minute):
                continue
            each.told, each.told_in = state, minute
            found = each.found
            action = "AlarmActions" if state is State.ALARM else "OKActions"
            yield Notice(
                time=datetime.fromtimestamp(minute * MINUTE, UTC),
                stack=found.stack,
                name=found.name,
                state=state,
                meaning=found.meaning,
                runbook=found.runbook,
                topics=found.properties.get(action, []),
            )

    def _is_held_back(self, each: _Watched, minute: int) -> bool:
        """Return True while another alarm explains this one, or still may.

        CloudWatch API reference, PutCompositeAlarm: `ActionsSuppressor` with its periods.
        """
        given = each.found.properties
        cause = self._named.get(str(given.get("ActionsSuppressor", "")).rpartition(":")[2])
        if cause is None:
            return False
        if cause.state is State.ALARM:
            return True
        extension = given["ActionsSuppressorExtensionPeriod"] // MINUTE
        if cause.left_alarm is not None and minute - cause.left_alarm < extension:
            return True
        wait = given["ActionsSuppressorWaitPeriod"] // MINUTE
        return each.state is State.ALARM and minute - (each.since or minute) < wait


def _time(minute: int | None) -> datetime | None:
    return None if minute is None else datetime.fromtimestamp(minute * MINUTE, UTC)


def alarm_line(alarm: LiveAlarm) -> str:
    """Return the line of the log that says that an alarm has gone off, or is over."""
    line = f"{alarm.stack}/{alarm.name} is {alarm.state}"
    if alarm.state is State.ALARM:
        return f"[ERROR] {line}: read {alarm.runbook}"
    return f"[INFO] {line}"
