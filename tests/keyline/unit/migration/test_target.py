"""Writes that DynamoDB does not take are pending, in their order; failed reads fall back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyline.migration.breaker import SLOW_SECONDS, Breaker
from keyline.migration.metrics import Counters
from keyline.migration.target import SETTLED_AT_ONCE, PendingWrites, Target
from keyline.run import (
    AlreadyExistsError,
    ItemUnreadableError,
    NotFoundError,
    ThrottledError,
    UnavailableError,
)
from tests.keyline.unit.migration.counted import Counted
from tests.support.sample.shop import MOVING

NOW = 1_800_000_000.0
GONE = NotFoundError("note", "is gone.")
AWAY = UnavailableError("x", "is away.")


class Rig:
    """A target that keeps the writes it takes, and raises an error while it has one."""

    def __init__(self, share: float = 0.0) -> None:
        self.taken: list[int] = []
        self.error: Exception | None = None
        self.clock = 0.0
        self.seconds = 0.0
        self.counted = Counted("test", MOVING)
        self.breaker = Breaker(lambda: self.clock)
        self.pending = PendingWrites()
        self.target = Target(self.breaker, Counters(self.counted), share, lambda: NOW)

    def number(self, number: int) -> Callable[[], None]:
        """Return a write of a number."""

        def write() -> None:
            self.clock += self.seconds
            if self.error:
                raise self.error
            self.taken.append(number)

        return write

    def read(self) -> list[int]:
        """Read what was taken."""
        if self.error:
            raise self.error
        return self.taken

    def ask(self) -> list[int] | None:
        """Ask the target."""
        return self.target.ask(self.pending, self.read, gone=NotFoundError)


def test_a_write_that_is_taken_is_not_pending() -> None:
    rig = Rig()
    rig.target.write(rig.pending, rig.number(1))
    assert (rig.taken, len(rig.pending), rig.pending.replicated) == ([1], 0, NOW)
    assert rig.counted.names == []


def test_a_write_that_fails_is_pending_and_so_are_all_that_follow() -> None:
    rig = Rig()
    rig.error = ThrottledError("x")
    rig.target.write(rig.pending, rig.number(1))
    rig.error = None
    rig.target.write(rig.pending, rig.number(2))
    assert (rig.taken, len(rig.pending), rig.pending.replicated) == ([], 2, 0)
    assert rig.counted.names == ["MigrationWriteFailures"]
    assert rig.target.settle(rig.pending, gone=NotFoundError) is None
    assert (rig.taken, len(rig.pending), rig.pending.replicated) == ([1, 2], 0, NOW)
    assert rig.counted.names[1:] == ["MigrationSettled"] * 2


def test_an_answer_to_a_write_is_raised_and_leaves_nothing_pending() -> None:
    rig = Rig()
    rig.error = AlreadyExistsError("x", "is there.", current=None)
    with pytest.raises(AlreadyExistsError):
        rig.target.write(rig.pending, rig.number(1))
    assert not rig.pending
    assert rig.counted.names == []


def test_a_repetition_that_fails_says_why_and_leaves_the_rest() -> None:
    rig = Rig()
    rig.pending.extend(rig.number(n) for n in (1, 2))
    rig.error = AWAY
    assert rig.target.settle(rig.pending, gone=NotFoundError) is AWAY
    assert len(rig.pending) == 2
    assert rig.counted.names == ["MigrationWriteFailures"]


def test_that_an_item_is_gone_is_raised_and_not_counted() -> None:
    rig = Rig()
    rig.pending.append(rig.number(1))
    rig.error = GONE
    with pytest.raises(NotFoundError):
        rig.target.settle(rig.pending, gone=NotFoundError)
    assert rig.counted.names == []


def test_so_many_are_repeated_at_once() -> None:
    rig = Rig()
    rig.pending.extend(rig.number(n) for n in range(SETTLED_AT_ONCE + 1))
    failure = rig.target.settle(rig.pending, gone=NotFoundError)
    assert failure is not None and "more writes are pending" in failure.message
    assert len(rig.pending) == 1
    assert rig.target.settle(rig.pending, gone=NotFoundError) is None
    rig.pending.extend(rig.number(n) for n in range(SETTLED_AT_ONCE))
    assert rig.target.settle(rig.pending, gone=NotFoundError) is None


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=30))
def test_whatever_fails_each_write_is_taken_once_and_in_order(
    steps: list[tuple[bool, bool]],
) -> None:
    rig = Rig()
    for number, (fails, settles) in enumerate(steps):
        rig.error = AWAY if fails else None
        if settles:
            rig.target.settle(rig.pending, gone=NotFoundError)
        rig.target.write(rig.pending, rig.number(number))
    rig.error = None
    while rig.target.settle(rig.pending, gone=NotFoundError):
        pass
    assert rig.taken == list(range(len(steps)))
    assert rig.counted.names.count("MigrationSettled") <= len(steps)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (AWAY, ["MigrationReadFailures", "MigrationFallbacks"]),
        (ItemUnreadableError("x", "is odd."), ["MigrationReadFailures", "MigrationFallbacks"]),
        (GONE, ["MigrationMismatches", "MigrationMisses"]),
    ],
)
def test_a_read_without_an_answer_is_counted_and_left_to_the_source(
    error: Exception, told: list[str]
) -> None:
    rig = Rig()
    rig.error = error
    assert rig.ask() is None
    assert rig.counted.names == told


def test_a_read_is_not_made_while_writes_are_pending() -> None:
    rig = Rig()
    assert rig.ask() == []
    rig.pending.append(rig.number(1))
    assert rig.ask() is None
    assert rig.counted.names == ["MigrationFallbacks"]


def test_an_error_of_ours_in_a_read_is_raised() -> None:
    rig = Rig()
    rig.error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        rig.ask()


def test_a_share_of_the_reads_is_compared_unless_the_target_cannot_answer_right() -> None:
    assert not Rig(share=0).target.is_compared(PendingWrites())
    rig = Rig(share=1)
    assert rig.target.is_compared(rig.pending)
    rig.error, rig.seconds = AWAY, SLOW_SECONDS
    rig.target.write(rig.pending, rig.number(1))
    assert not rig.target.is_compared(rig.pending)  # a write is pending
    assert not rig.target.is_compared(PendingWrites())  # the breaker is open
