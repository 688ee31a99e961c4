"""Scheduled rules of EventBridge, and schedules of EventBridge Scheduler.

A schedule sends to its targets when due, or on demand. Sources: "Tutorial: Create a scheduled
rule" (EventBridge user guide), and "Schedule types" and "Context attributes" (EventBridge Scheduler
user guide).
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from keyline.model import schedule_expression
from keyline.moments import iso_of
from keyline_local.events import event_input, schedule_times
from keyline_local.host.errors import LocalPlatformError
from keyline_local.host.part import Part
from keyline_local.host.tasks import begin, end
from keyline_local.resources import Schedule, Target
from keyline_local.services.metric_store import MetricStore
from keyline_local.triggers.event_source import Result
from keyline_local.triggers.targets import Targets

_EVENTS = "AWS/Events"
_LONGEST_NAP = 30.0  # seconds; after a suspend the clock has jumped, so it is asked often


def _now() -> datetime:
    return datetime.now(UTC)


def _expression(schedule: Schedule) -> schedule_expression.Expression:
    try:
        if schedule.is_scheduler:
            return schedule_times.parse(schedule.expression, schedule.timezone)
        return schedule_expression.parse(schedule.expression)
    except ValueError as error:
        raise LocalPlatformError(
            f"{schedule.logical_id}.ScheduleExpression",
            f"{schedule.expression}: {error}",
            schedule_expression.SUGGESTION,
        ) from error


class Schedules(Part):
    """The enabled schedules of a deployment.

    Runs that fall into a time when the platform is down are not made up, as little as a
    disabled rule's are.

    Parameters
    ----------
    schedules
        Disabled ones run on `trigger` only.
    account, region
        What the standard event shows.
    targets
        Reaches what the schedules send to.
    metrics
        Is told of each run.
    is_paused
        Says of a schedule whether it does not run.
    now, sleep
        The clock.

    Raises
    ------
    LocalPlatformError
        EventBridge would refuse an expression.
    """

    def __init__(
        self,
        schedules: Iterable[Schedule],
        *,
        account: str,
        region: str,
        targets: Targets,
        metrics: MetricStore | None = None,
        is_paused: Callable[[str], bool] = lambda _: False,
        now: Callable[[], datetime] = _now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._schedules = {schedule.name: schedule for schedule in schedules}
        self._expressions = {
            name: _expression(schedule) for name, schedule in self._schedules.items()
        }
        self._account = account
        self._region = region
        self._targets = targets
        self._metrics = metrics or MetricStore()
        self._is_paused = is_paused
        self._now = now
        self._sleep = sleep
        self._due: dict[str, datetime | None] = {}
        self._watch: asyncio.Task[None] | None = None
        self._runs: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to wait for the rules' times."""
        self._due = dict(self.next_runs())
        self._watch = asyncio.create_task(self._wait_for_runs(), name="schedules")

    async def stop(self) -> None:
        """Stop waiting; invocations that are under way are given up."""
        await end({*self._runs, *([self._watch] if self._watch else [])})
        self._watch, self._runs = None, set()

    def begin_due(self) -> None:
        """Begin the runs that are due. A rule that is due several times runs once."""
        now = self._now()
        for name, due in self._due.items():
            if due is None:
                continue
            if due > now:
                self._due[name] = self._not_later(name, due, now)
                continue
            if not self._is_paused(name):
                self._fire(self._schedules[name], due)
            expression = self._expressions[name]
            following = expression.next_after(due)
            if following and following <= now:  # after a suspend missed runs are not made up
                following = expression.next_after(now)
            self._due[name] = following

    def _not_later(self, name: str, due: datetime, now: datetime) -> datetime:
        """Return when a rule is due, also if the machine's clock has gone back since."""
        following = self._expressions[name].next_after(now)
        return min(due, following) if following else due

    async def settle(self) -> None:
        """Wait until the runs that have begun are over."""
        while self._runs:
            await asyncio.gather(*self._runs, return_exceptions=True)

    async def trigger(self, name: str) -> Sequence[Result]:
        """Run a rule's targets now, each once, and return what came of them.

        Parameters
        ----------
        name
            The rule's name or logical id.

        Raises
        ------
        LocalPlatformError
            There is no such rule.
        """
        schedule = self._find(name)
        at = self._now()
        return [
            await self._targets.once(target, self._payload(schedule, target, at))
            for target in schedule.targets
        ]

    def next_runs(self) -> Mapping[str, datetime | None]:
        """Return when each enabled rule is due next, by name; None if never again."""
        return {
            name: self._expressions[name].next_after(self._now())
            for name, schedule in self._schedules.items()
            if schedule.enabled
        }

    def _find(self, name: str) -> Schedule:
        for schedule in self._schedules.values():
            if name in (schedule.name, schedule.logical_id):
                return schedule
        raise LocalPlatformError(
            name, "no such rule", f"there are {', '.join(sorted(self._schedules)) or 'none'}"
        )

    async def _wait_for_runs(self) -> None:
        while any(self._due.values()):
            self.begin_due()
            due = min((due for due in self._due.values() if due), default=None)
            if due is not None:
                left = (due - self._now()).total_seconds()
                await self._sleep(min(max(left, 0.0), _LONGEST_NAP))

    def _fire(self, schedule: Schedule, due: datetime) -> None:
        # The rule does not wait for its targets: EventBridge invokes asynchronously.
        self._measure(_EVENTS, "TriggeredRules", RuleName=schedule.name)
        for target in schedule.targets:
            run = self._send(schedule, target, self._payload(schedule, target, due))
            begin(self._runs, run, f"scheduled {target.address}")

    async def _send(self, schedule: Schedule, target: Target, payload: str) -> None:
        self._measure(_EVENTS, "Invocations", RuleName=schedule.name)
        await self._targets.until_done(schedule.name, target, payload)

    def _measure(self, namespace: str, name: str, **dimensions: str) -> None:
        self._metrics.add(namespace, name, 1, **dimensions)

    def _payload(self, schedule: Schedule, target: Target, at: datetime) -> str:
        """Return a target's own input, or the standard event (eb-run-lambda-schedule)."""
        kind = "scheduler" if schedule.is_scheduler else "events"
        event: dict[str, Any] = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": f"aws.{kind}",
            "account": self._account,
            "time": iso_of(at, "seconds"),
            "region": self._region,
            "resources": [schedule.arn],
            "detail": "{}" if schedule.is_scheduler else {},
        }
        told = {"rule_arn": schedule.arn, "rule_name": schedule.name}
        text = event_input.payload_of(target.input, event, **told)
        return _in_context(text, schedule, event) if schedule.is_scheduler else text


def _in_context(text: str, schedule: Schedule, event: Mapping[str, Any]) -> str:
    """Return an input of Scheduler with its context attributes filled in."""
    values = {
        "schedule-arn": schedule.arn,
        "scheduled-time": event["time"],
        "execution-id": event["id"],
        "attempt-number": "1",
    }
    for name, value in values.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text
