"""Costs of the system, worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chat.system import SYSTEM
from keyline_deploy.environment import load
from keyline_ops.costs.estimate import Estimate
from keyline_ops.costs.prices import CURRENT
from keyline_ops.costs.usage import Usage
from tests.support.claims import claims


@pytest.mark.requirement("T-21")
def test_an_index_of_a_million_messages() -> None:
    # One index of a million messages of 2,048 B a month.
    # storage: 1,000,000 x (2,048 + 100) B = 2.148 GB; x $0.25 = $0.537
    # writes: 2,048 B are 2 units; 2,000,000 x $0.625 / 1,000,000 = $1.25, before $2.50
    # reads: 100,000 queries of ten: 20,480 B / 4,096 B = 5, half of it is 2.5 units;
    #        250,000 x $0.125 / 1,000,000 = $0.03125, before $0.0625
    # together 0.537 + 1.25 + 0.03125 = $1.81825; before 0.537 + 2.5 + 0.0625 = $3.0995
    index = claims()["chat", "T-21", "module index in all"]
    found = (index["specification"], index["computed"], index["before"])
    assert found == ("$3.00", "$1.82", "$3.10")


def test_messages_are_stored_for_as_long_as_the_environment_says() -> None:
    kept = Estimate(
        system=SYSTEM, environment=load("prod"), prices=CURRENT, usage=Usage.declared(SYSTEM)
    )
    stored = [
        kept.forecast(replace(kept.usage, months=months)).table("ChatMessages").items.most
        for months in (6, 12, 24, 36)
    ]
    # a million a month, for 365 days of months of 30 days at most
    assert stored == pytest.approx([6e6, 12e6, 1e6 * 365 / 30, 1e6 * 365 / 30])
