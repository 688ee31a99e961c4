"""The ledger in the repository: each line that must work has a test or a reason, none is stale."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyline_ops.requirements import pages
from keyline_ops.requirements.coverage import faults
from keyline_ops.requirements.ledger import ledgers
from keyline_ops.requirements.markers import proving_tests


def test_every_line_that_must_work_has_a_test_or_says_why_not(root: Path) -> None:
    known = ledgers(root)
    assert len(known) > 1
    assert faults(known, proving_tests(root)) == []


@pytest.mark.requirement("X-19")
def test_the_pages_name_the_tests_as_they_are(root: Path) -> None:
    assert list(pages.stale(root)) == [], "run `make docs`"
