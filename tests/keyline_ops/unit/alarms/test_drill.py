"""The drill: what is asked of the platform, and what is told of what was seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from keyline.errors import KeylineError
from keyline_ops.alarms.drill import Drill, Scene
from keyline_ops.alarms.drilled import Drilled, as_markdown
from keyline_ops.alarms.scenes import choose
from tests.support.sample.shop import LARGE

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


class Platform:
    """Has one alarm, which goes off so many minutes after a fault, and ends after its repair."""

    def __init__(self, *, fires: int, ends: int = 2, tells: bool = True) -> None:
        self.now = BEGAN
        self.fault: datetime | None = None
        self.repaired: datetime | None = None
        self.fires, self.ends, self.tells = timedelta(minutes=fires), timedelta(minutes=ends), tells
        self.state, self.since = "OK", BEGAN
        self.steps = 0

    def begin(self) -> None:
        self.fault = self.now

    def repair(self) -> None:
        self.repaired = self.now

    def each(self) -> None:
        self.steps += 1

    def __call__(self, method: str, path: str, params: Any = None) -> Any:
        if path == "/time":
            self._move(float(params["seconds"]))
        if path == "/status":
            return {"time": self.now.isoformat()}
        told = self.since.isoformat() if self.tells and self.state == "ALARM" else None
        return [
            {
                "stack": "Notes",
                "name": "Errors",
                "state": self.state,
                "since": self.since.isoformat(),
                "runbook": "docs/runbooks/alarms.md#a-function-fails",
                "told": told,
            }
        ]

    def _move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        if self.state == "OK" and self.fault and not self.repaired:
            self._become("ALARM", self.fault + self.fires)
        if self.state == "ALARM" and self.repaired:
            self._become("OK", self.repaired + self.ends)

    def _become(self, state: str, at: datetime) -> None:
        if self.now >= at:
            self.state, self.since = state, at


def scene(platform: Platform, **changes: Any) -> Scene:
    return Scene(
        cause="a function dies",
        stack="Notes",
        alarm="Errors",
        begin=platform.begin,
        each=platform.each,
        repair=platform.repair,
        repaired_by="keyline local resume notes",
        **changes,
    )


def seen(platform: Platform, **changes: Any) -> Drilled:
    (found,) = Drill(platform).play([scene(platform, **changes)])
    return found


def test_it_says_after_how_many_minutes_an_alarm_goes_off_and_ends() -> None:
    platform = Platform(fires=3, ends=5)
    found = seen(platform)
    assert (found.fires_after, found.ends_after, found.told_by) == (3, 5, "Notes/Errors")
    assert found.holds
    assert platform.steps == 3


def test_a_step_of_hours_tells_the_minute_too() -> None:
    found = seen(Platform(fires=600), step=6 * 3_600, within=4 * 86_400)
    assert found.fires_after == 600


def test_an_alarm_that_never_goes_off_is_told_and_mended() -> None:
    platform = Platform(fires=10_000)
    found = seen(platform)
    assert (found.fires_after, found.ends_after, found.holds) == (None, None, False)
    assert platform.repaired


def test_an_alarm_that_tells_nobody_does_not_hold() -> None:
    assert not seen(Platform(fires=3, tells=False)).holds


def test_an_alarm_that_does_not_end_does_not_hold() -> None:
    found = seen(Platform(fires=3, ends=10_000))
    assert (found.ends_after, found.holds) == (None, False)


def test_a_drill_that_is_interrupted_mends() -> None:
    class Interrupted(Platform):
        def each(self) -> None:
            raise KeyboardInterrupt

    platform = Interrupted(fires=3)
    with pytest.raises(KeyboardInterrupt):
        seen(platform)
    assert platform.repaired


def test_an_alarm_that_is_on_already_is_refused() -> None:
    platform = Platform(fires=0)
    platform.state = "ALARM"
    with pytest.raises(KeylineError, match="is on already"):
        seen(platform)
    assert platform.fault is None


def test_an_alarm_that_there_is_not_is_refused() -> None:
    platform = Platform(fires=1)
    other = Scene("c", "Notes", "Other", platform.begin, platform.repair, "m")
    with pytest.raises(KeylineError, match="the platform has no such alarm"):
        list(Drill(platform).play([other]))


def test_a_system_without_what_it_needs_is_refused() -> None:
    for systems, name in (([], None), ([LARGE], "other")):
        with pytest.raises(KeylineError, match="all of which the drill needs"):
            choose(systems, name)


def test_the_table_of_the_document_links_the_page() -> None:
    row = as_markdown([seen(Platform(fires=3, ends=1_500))]).splitlines()[2]
    assert row == (
        "| a function dies | `Notes/Errors` | 3 min | `Notes/Errors` | "
        "[a-function-fails](alarms.md#a-function-fails) | `keyline local resume notes` | NEVER |"
    )
