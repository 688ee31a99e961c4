"""A week of what the code of reports sends costs what the forecast says."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.system import SYSTEM
from tests.support.weeks import assert_within, metered
from tests.systems.reports.engine.test_capacity import use_every_pattern
from tests.systems.reports.on_engine import Reports


@pytest.mark.requirement("X-15")
def test_a_week_is_within_five_percent_of_the_forecast(
    reports: Reports, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    calls = metered(monkeypatch, SYSTEM)
    use_every_pattern(reports)
    assert_within(SYSTEM, reports.settings, calls, root)
