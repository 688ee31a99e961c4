"""A week's traffic of each system costs on the engine what the forecast says of it."""

from __future__ import annotations

import pytest

from benchmarks.traffic import BUDGET, off, week
from keyline.model import System
from keyline_deploy.systems import systems
from keyline_ops.costs.units import Bounds

SCALE = 1_000_000
LONGEST = 200
"""Items of a call: calls of more are left to the benchmark."""


@pytest.mark.requirement("X-15")
@pytest.mark.parametrize("system", systems(), ids=lambda system: system.name)
def test_a_week_is_within_five_percent_and_each_pattern_within_its_range(
    system: System, endpoint: str
) -> None:
    for row in week(system, endpoint, SCALE, longest=LONGEST):
        assert row["calls"] >= 12
        assert row["off"] <= BUDGET, row
        assert row["unequal"] == [], row


def test_what_is_outside_of_a_range_is_off_by_its_share_of_the_nearer_end() -> None:
    assert off(5.0, Bounds(5.0, 6.0)) == 0.0
    assert off(4.0, Bounds(5.0, 6.0)) == pytest.approx(0.2)
    assert off(9.0, Bounds(5.0, 6.0)) == pytest.approx(0.5)
    assert off(1.0, Bounds(0.0, 0.0)) == float("inf")
