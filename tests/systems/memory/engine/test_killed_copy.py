"""The benchmark of the copy that is killed: it runs, and every item is there once."""

from __future__ import annotations

from systems.memory.benchmarks.killed_copy import measured


def test_a_copy_that_was_killed_is_whole() -> None:
    found = measured(items=1_500, kills=1, seed=1)
    assert found["every_item_once"]
    source, target = found["with_expiry"]
    assert source == target == 1_000
