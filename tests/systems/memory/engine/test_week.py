"""A week of what the code of memory sends costs what the forecast says."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory.system import SYSTEM
from tests.support.weeks import assert_within, metered
from tests.systems.memory.engine.test_grants import USES
from tests.systems.memory.on_engine import MakeMemory

SHORT = {
    *("session-turns", "user-turns", "day-turns"),  # of turns of a line
    *("codes-all", "directory-create", "directory-change", "directory-delete"),  # of few groups
}


@pytest.mark.requirement("X-15")
def test_a_week_is_within_five_percent_of_the_forecast(
    make_memory: MakeMemory, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    calls = metered(monkeypatch, SYSTEM)
    for name in ("write", "read", "recall"):
        memory = make_memory(embeddings="offline")
        USES[name](memory)
    assert_within(SYSTEM, memory.settings, calls, root, other_sizes=SHORT)
