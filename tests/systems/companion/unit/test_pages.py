"""Test that the page of the system has the computed costs, and each correction."""

from __future__ import annotations

import pytest

from keyline_ops.costs.figures import markdown
from keyline_ops.costs.prices import CURRENT
from systems.companion import figures
from tests.support.verdicts import corrected, page_of

PAGE = page_of("companion", "cost")

CORRECTED = {
    *("B-06", "B-08", "B-15", "B-23", "B-24", "B-25", "B-26", "B-27", "B-28", "B-30", "B-49"),
    *("B-51", "B-57", "B-59", "B-62", "B-66", "B-67", "B-72", "B-73", "B-74"),
    *("B-O2", "B-O4", "B-O5", "B-O6", "B-O7"),
}
"""The lines of the specification that are technically false."""


@pytest.mark.requirement("X-19")
def test_every_correction_of_the_specification_stands_on_the_page() -> None:
    assert "\n## What is asked, and what answers it\n" in page_of("companion", "README")
    assert corrected("companion") >= CORRECTED


@pytest.mark.requirement("B-53", "B-67", "B-68", "B-69", "B-73", "B-74", "X-15")
def test_the_page_shows_what_is_computed() -> None:
    assert markdown(figures.FIGURES) in PAGE, "Put the output of `keyline figures companion` there."
    assert figures.break_even(CURRENT) == pytest.approx(0.2889, abs=1e-4)
    assert figures.calls_usd(CURRENT) < 1
    lines = {"B-53", "B-67", "B-68", "B-69", "B-73", "B-74"}
    assert {each.line for each in figures.FIGURES} == lines
