"""Test what a turn costs, by hand: one read, and one transaction."""

from __future__ import annotations

from tests.systems.companion.on_engine import Companion


def test_a_warm_turn_costs_one_read_unit_and_six_write_units(companion: Companion) -> None:
    companion.patient()
    companion.say("hello")
    before = len(companion.meter.calls)
    companion.say("hello again")
    read, write = companion.meter.calls[before:]
    assert (read.pattern, read.read) == ("conversation-get", 1)
    # A transaction doubles what its items cost: a turn, a day and the latest turns, each below
    # 1 KB. The index of escalations has no copy of a turn of level 0.
    assert (write.pattern, write.write) == ("turn-log", 6)
