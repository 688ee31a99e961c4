"""Each minute ends once, whether somebody waits for it or moves time."""

from __future__ import annotations

import asyncio

import pytest

from keyline_local.host.clock import Clock
from keyline_local.services.minutes import Minutes

BEGAN = 1_767_225_630.0  # half a minute past
MINUTE = int(BEGAN // 60)


def test_each_minute_on_the_way_ends_and_what_is_due_in_the_next_begins() -> None:
    clock = Clock(lambda: BEGAN)
    seen: list[str] = []

    async def ended(minute: int) -> None:
        seen.append(f"{minute - MINUTE} ended at {int(clock.now() - BEGAN)}")

    async def began() -> None:
        seen.append("began")

    async def scenario() -> None:
        minutes = Minutes(clock, ended=ended, began=began)
        await minutes.advance(20)
        assert seen == []
        await minutes.advance(130)

    asyncio.run(scenario())
    assert seen == [
        *("0 ended at 30", "began"),
        *("1 ended at 90", "began"),
        *("2 ended at 150", "began"),
    ]
    assert clock.ahead == 150


def test_minutes_go_on_where_the_clock_of_the_machine_goes_back() -> None:
    machine = [BEGAN]
    clock = Clock(lambda: machine[0])
    seen: list[int] = []

    async def ended(minute: int) -> None:
        seen.append(minute - MINUTE)

    async def nothing() -> None:
        """Do nothing: nothing is due."""

    async def scenario() -> None:
        minutes = Minutes(clock, ended=ended, began=nothing)
        machine[0] -= 24 * 3600
        for _ in range(3):
            await minutes.advance(60)

    asyncio.run(scenario())
    assert seen == [-24 * 60, -24 * 60 + 1, -24 * 60 + 2]


def test_nobody_waits_longer_than_a_minute_for_a_clock_that_has_gone_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = [BEGAN]
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        machine[0] -= 24 * 3600
        if len(naps) == 3:
            raise asyncio.CancelledError

    async def nothing(*_: int) -> None:
        machine[0] -= 3600  # also while a minute ends

    async def scenario() -> None:
        minutes = Minutes(Clock(lambda: machine[0]), ended=nothing, began=nothing)
        monkeypatch.setattr("keyline_local.services.minutes.asyncio.sleep", nap)
        machine[0] -= 3600
        with pytest.raises(asyncio.CancelledError):
            await minutes._run()

    asyncio.run(scenario())
    assert max(naps) <= 60


def test_a_minute_that_passes_by_itself_ends_too_and_a_fault_in_it_ends_nothing() -> None:
    machine = [BEGAN]
    clock = Clock(lambda: machine[0])
    seen: list[int] = []

    async def scenario() -> None:
        over = asyncio.Event()

        async def ended(minute: int) -> None:
            seen.append(minute - MINUTE)
            if len(seen) == 1:
                raise RuntimeError("a queue did not answer")
            if len(seen) == 3:
                over.set()

        async def nothing() -> None:
            """Do nothing: nothing is due."""

        async with Minutes(clock, ended=ended, began=nothing):
            machine[0] += 3 * 60
            clock.move_to(clock.now())
            await asyncio.wait_for(over.wait(), 10)

    machine[0] = MINUTE * 60 + 59.99
    asyncio.run(scenario())
    assert seen == [0, 1, 2]
