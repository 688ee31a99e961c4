"""The rate limiter while DynamoDB may fail."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest

from interactions.migration_rate_limit import MemoryRateLimiter, MigratingRateLimiter
from interactions.rate_limit import LimitReachedError, Usage
from interactions.settings import Settings
from interactions.system import SYSTEM
from keyline.metrics import Metrics, MetricUnit
from keyline.migration import Breaker, Mode, Phase
from keyline.run import ThrottledError, UnavailableError

NOW = 1_800_000_000.0
SETTINGS = Settings(rate_limit=5, rate_window_seconds=60)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class Failing(MemoryRateLimiter):
    """The shared limiter, which can be made to fail."""

    error: Exception | None = None
    answered: Callable[[], object] = staticmethod(lambda: None)

    def admit(self, client: str) -> Usage:
        if self.error:
            raise self.error
        try:
            return super().admit(client)
        finally:
            self.answered()

    def usage(self, client: str) -> Usage:
        if self.error:
            raise self.error
        return super().usage(client)


class Counted(Metrics, frozen=True):
    counted: ClassVar[list[str]] = []

    def put(self, name: str, value: float, unit: MetricUnit, **dimensions: str) -> None:
        super().put(name, value, unit, **dimensions)
        self.counted.append(name)


class Rig:
    def __init__(self, mode: Mode) -> None:
        self.clock = Clock()
        self.shared = Failing(SETTINGS, now=self.clock)
        self.metrics = Counted("test", SYSTEM)
        Counted.counted = []
        self.mode = mode
        self.limiter = MigratingRateLimiter(
            MemoryRateLimiter(SETTINGS, now=self.clock),
            self.shared,
            lambda: Phase(self.mode),
            self.metrics,
            Breaker(self.clock),
        )


def test_memory_admits_exactly_as_many_as_the_limit_and_anew_in_the_next_window() -> None:
    clock = Clock()
    limiter = MemoryRateLimiter(SETTINGS, now=clock)

    def admitted(_: int) -> int:
        try:
            limiter.admit("one")
        except LimitReachedError:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(admitted, range(50))) == 5
    assert limiter.usage("one").remaining == 0
    assert limiter.admit("other").count == 1
    clock.now += 60
    assert limiter.usage("one").count == 0
    assert limiter.admit("one").count == 1


def test_memory_holds_so_many_clients() -> None:
    limiter = MemoryRateLimiter(SETTINGS, clients=2, now=Clock())
    for client in ("a", "b", "c"):
        limiter.admit(client)
    assert [limiter.usage(client).count for client in "abc"] == [0, 1, 1]


@pytest.mark.requirement("M-36")
@pytest.mark.parametrize("mode", [Mode.PARALLEL, Mode.READ_NEW])
def test_where_dynamodb_fails_the_process_goes_on_from_what_it_knew(mode: Mode) -> None:
    rig = Rig(mode)
    for _ in range(3):
        rig.limiter.admit("one")
    rig.shared.error = ThrottledError("rate-limit-count")
    assert [rig.limiter.admit("one").count for _ in range(2)] == [4, 5]
    assert rig.limiter.usage("one").count == 5
    with pytest.raises(LimitReachedError):
        rig.limiter.admit("one")
    assert Counted.counted == ["RateLimitFallbacks"] * 4
    rig.shared.error = None
    assert rig.limiter.admit("one").count == 4  # DynamoDB is not told what was counted


def test_a_full_window_is_remembered_while_dynamodb_fails() -> None:
    rig = Rig(Mode.PARALLEL)
    for _ in range(5):
        rig.shared.admit("one")  # by other processes
    with pytest.raises(LimitReachedError):
        rig.limiter.admit("one")
    rig.shared.error = UnavailableError("rate-limit-count", "is away")
    with pytest.raises(LimitReachedError):
        rig.limiter.admit("one")


@pytest.mark.parametrize("admitted", [4, 5])
def test_what_a_window_counted_is_not_the_next_one_s(admitted: int) -> None:
    rig = Rig(Mode.PARALLEL)
    for _ in range(admitted):
        rig.shared.admit("one")  # by other processes
    rig.shared.answered = lambda: setattr(rig.clock, "now", NOW + 60)
    with contextlib.suppress(LimitReachedError):
        rig.limiter.admit("one")  # counted at the window's end, and answered after it
    rig.shared.error = ThrottledError("rate-limit-count")
    assert rig.limiter.admit("one").count == 1


@pytest.mark.requirement("M-41")
def test_in_phase_3_a_failure_is_the_requests() -> None:
    rig = Rig(Mode.TARGET)
    rig.shared.error = UnavailableError("rate-limit-count", "is away")
    with pytest.raises(UnavailableError):
        rig.limiter.admit("one")
    with pytest.raises(UnavailableError):
        rig.limiter.usage("one")
    assert Counted.counted == []
