"""A week of what the code of interactions sends costs what the forecast says."""

from __future__ import annotations

from pathlib import Path

import pytest

from interactions.system import SYSTEM
from tests.support.weeks import assert_within, metered
from tests.systems.interactions.engine.test_capacity import use_every_pattern
from tests.systems.interactions.on_engine import Mediphant

LENGTH = 250
"""Of the names of medicines, so that a check is as large as it is declared."""


@pytest.mark.requirement("X-15")
def test_a_week_is_within_five_percent_of_the_forecast(
    mediphant: Mediphant, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    calls = metered(monkeypatch, SYSTEM)
    use_every_pattern(mediphant, length=LENGTH)
    assert_within(SYSTEM, mediphant.settings, calls, root)
