"""A fault on purpose ends by itself, or when somebody ends it."""

from __future__ import annotations

from keyline_local.host.clock import Clock
from keyline_local.services.faults import Faults, Kind


def faults() -> tuple[Faults, Clock]:
    clock = Clock(lambda: 1_000.0)
    return Faults(clock), clock


def test_a_fault_ends_when_its_time_is_over() -> None:
    found, clock = faults()
    found.begin(Kind.THROTTLE, "T", 60)
    clock.move_to(1_059)
    assert found.is_throttled("T", None)
    clock.move_to(1_060)
    assert not found.is_throttled("T", None)
    assert found.on() == []


def test_an_index_is_not_its_table_and_a_function_is_not_a_rule() -> None:
    found, _ = faults()
    found.begin(Kind.THROTTLE, "T/I", 60)
    found.begin(Kind.CRASH, "f", 60)
    assert (found.is_throttled("T", "I"), found.is_throttled("T", None)) == (True, False)
    assert (found.crashes("f"), found.is_paused("f")) == (True, False)


def test_faults_are_ended_by_name_or_all() -> None:
    found, _ = faults()
    found.begin(Kind.PAUSE, "daily", 60)
    found.begin(Kind.CRASH, "daily", 60)
    found.begin(Kind.CRASH, "f", 60)
    assert [fault.kind for fault in found.end("daily")] == [Kind.PAUSE, Kind.CRASH]
    assert [fault.name for fault in found.end()] == ["f"]
    assert found.end() == []
