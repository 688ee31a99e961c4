"""Test what the pages of the system say of its specification."""

from __future__ import annotations

import pytest

from tests.support.verdicts import corrected, page_of

CORRECTED = {
    *("T-15", "T-17", "T-19", "T-20", "T-24", "T-30", "T-33", "T-41", "T-44", "T-45"),
    *("T-48", "T-57", "T-61", "T-62", "T-66", "T-68", "T-72", "T-75", "T-80", "T-83"),
}
"""The lines of the specification that are technically false, but for sums of costs."""


@pytest.mark.requirement("X-19")
def test_every_correction_of_the_specification_stands_on_the_page() -> None:
    assert "\n## What is asked, and what answers it\n" in page_of("chat", "README")
    assert corrected("chat") >= CORRECTED
