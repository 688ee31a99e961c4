"""A week of what the code of companion sends costs what the forecast says."""

from __future__ import annotations

from pathlib import Path

import pytest

from companion.system import SYSTEM
from tests.support.weeks import assert_within, metered
from tests.systems.companion.engine.test_grants import USES
from tests.systems.companion.on_engine import SKILL_ID, MakeCompanion

SHORT = {"patient-open", "patient-change", "patient-delete"}  # of profiles with little in them


@pytest.mark.requirement("X-15")
def test_a_week_is_within_five_percent_of_the_forecast(
    make_companion: MakeCompanion, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    calls = metered(monkeypatch, SYSTEM)
    for use in USES.values():
        companion = make_companion(skill_id=SKILL_ID, alerts="log")
        for _ in use(companion):
            pass
    assert_within(SYSTEM, companion.settings, calls, root, other_sizes=SHORT)
