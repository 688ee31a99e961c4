"""Scheduled rules: what is invoked when, with what, and on demand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from keyline_local.host.errors import LocalPlatformError
from keyline_local.resources import RETRIES, Input, Schedule, Target, TargetKind
from keyline_local.triggers.schedule import Schedules
from keyline_local.triggers.stream_retry import Backoff
from keyline_local.triggers.targets import Targets

START = datetime(2024, 2, 27, 10, 15, 30, tzinfo=UTC)


@dataclass
class Clock:
    """Time that passes only by sleeping; the test's coroutine runs until `end`."""

    end: datetime
    time: datetime = START
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        if self.time + timedelta(seconds=seconds) > self.end:
            self.over.set()
            await asyncio.Event().wait()
        await asyncio.sleep(0)  # what is due runs before time passes
        self.time += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Result:
    function_error: str | None = None
    payload: bytes = b"{}"
    request_id: str = "r"


@dataclass
class Invoker:
    clock: Clock
    answer: Callable[[int], Result] = lambda count: Result()
    calls: list[tuple[str, bytes, datetime]] = field(default_factory=list)

    async def invoke(self, name: str, payload: bytes) -> Result:
        self.calls.append((name, payload, self.clock.now()))
        return self.answer(len(self.calls))


def rule(
    expression: str,
    targets: Sequence[tuple[str, str | None]] = (("growth", None),),
    *,
    enabled: bool = True,
) -> Schedule:
    return Schedule(
        logical_id="Growth",
        name="app-growth",
        arn="arn:aws:events:eu-west-1:111122223333:rule/app-growth",
        expression=expression,
        targets=[
            Target(kind=TargetKind.FUNCTION, address=name, input=Input(constant=given))
            for name, given in targets
        ],
        enabled=enabled,
    )


def run(
    schedule: Schedule, minutes: float, answer: Callable[[int], Result] = lambda count: Result()
) -> Invoker:
    async def scenario() -> Invoker:
        clock = Clock(START + timedelta(minutes=minutes))
        invoker = Invoker(clock, answer)
        schedules = Schedules(
            [schedule],
            account="111122223333",
            region="eu-west-1",
            targets=Targets(invoker, backoff=Backoff(jitter=lambda: 0.0), sleep=clock.sleep),
            now=clock.now,
            sleep=clock.sleep,
        )
        if not schedule.enabled:
            assert schedules.next_runs() == {}
            clock.over.set()
        async with schedules:
            await clock.over.wait()
        return invoker

    return asyncio.run(scenario())


def test_a_rate_invokes_once_per_period_with_the_standard_event() -> None:
    calls = run(rule("rate(5 minutes)"), minutes=16).calls
    times = [START + timedelta(minutes=minutes) for minutes in (5, 10, 15)]
    assert [at for _, _, at in calls] == times
    events = [json.loads(payload) for _, payload, _ in calls]
    assert len({event.pop("id") for event in events}) == 3
    assert events[0] == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "111122223333",
        "time": "2024-02-27T10:20:30Z",
        "region": "eu-west-1",
        "resources": ["arn:aws:events:eu-west-1:111122223333:rule/app-growth"],
        "detail": {},
    }


def test_a_cron_invokes_every_target_with_its_input() -> None:
    targets = [("growth", '{"days": 30}'), ("report", None)]
    calls = run(rule("cron(30 10 * * ? *)", targets), minutes=60).calls
    assert {name for name, _, _ in calls} == {"growth", "report"}
    assert {name: payload for name, payload, _ in calls}["growth"] == b'{"days": 30}'
    assert {at for _, _, at in calls} == {datetime(2024, 2, 27, 10, 30, tzinfo=UTC)}


@pytest.mark.parametrize("expression", ["rate(5 minutes)", "cron(0/5 * * * ? *)"])
@pytest.mark.parametrize("jump", [timedelta(days=-1), timedelta(minutes=-3), timedelta(days=1)])
def test_a_clock_that_jumps_keeps_no_rule_from_running(expression: str, jump: timedelta) -> None:
    async def scenario() -> list[datetime]:
        clock = Clock(START + timedelta(minutes=11))
        invoker = Invoker(clock)
        schedules = Schedules(
            [rule(expression)],
            account="111122223333",
            region="eu-west-1",
            targets=Targets(invoker, sleep=clock.sleep),
            now=clock.now,
            sleep=clock.sleep,
        )
        async with schedules:
            await clock.over.wait()
            clock.time, before = clock.time + jump, len(invoker.calls)
            assert before == 2
            schedules.begin_due()
            for _ in range(6):
                clock.time += timedelta(minutes=2)
                schedules.begin_due()
            await schedules.settle()
        return [at for _, _, at in invoker.calls[before:]]

    # Twice in the twelve minutes that pass afterwards; once more for what the jump left out
    assert len(asyncio.run(scenario())) in (2, 3)


def test_a_disabled_rule_does_not_run() -> None:
    assert run(rule("rate(1 minute)", enabled=False), minutes=5).calls == []


def test_a_failed_run_is_retried_twice_as_lambda_does() -> None:
    def fail(count: int) -> Result:
        return Result("Unhandled")

    assert len(run(rule("rate(5 minutes)"), 6, fail).calls) == 1 + RETRIES


def test_a_run_that_recovers_is_not_repeated() -> None:
    def fail_once(count: int) -> Result:
        return Result("Unhandled" if count == 1 else None)

    assert len(run(rule("rate(5 minutes)"), 6, fail_once).calls) == 2


def test_a_target_that_cannot_be_invoked_does_not_end_the_rule() -> None:
    def refuse_first_run(count: int) -> Result:
        if count <= 1 + RETRIES:
            raise ConnectionError("the function host is gone")
        return Result()

    calls = run(rule("rate(5 minutes)"), 11, refuse_first_run).calls
    assert len(calls) == 1 + RETRIES + 1


def test_a_rule_runs_on_demand_by_either_of_its_names_once() -> None:
    async def scenario() -> None:
        clock = Clock(START)
        invoker = Invoker(clock, lambda count: Result("Unhandled", b'{"errorMessage": "x"}'))
        schedules = Schedules(
            [rule("rate(1 day)", enabled=False)],
            account="111122223333",
            region="eu-west-1",
            targets=Targets(invoker, sleep=clock.sleep),
            now=clock.now,
            sleep=clock.sleep,
        )
        for name in ("app-growth", "Growth"):
            (result,) = await schedules.trigger(name)
            assert result.function_error == "Unhandled"
        assert len(invoker.calls) == 2
        with pytest.raises(LocalPlatformError, match="app-growth"):
            await schedules.trigger("nightly")

    asyncio.run(scenario())


def test_an_expression_eventbridge_would_refuse_is_refused_before_the_start() -> None:
    with pytest.raises(LocalPlatformError, match=r"Growth\.ScheduleExpression"):
        run(rule("rate(1 minutes)"), minutes=1)
