"""A week of what the code of chat sends costs what the forecast says."""

from __future__ import annotations

from pathlib import Path

import pytest

from chat.system import SYSTEM
from tests.support.weeks import assert_within, metered
from tests.systems.chat.engine.test_capacity import use_every_pattern
from tests.systems.chat.on_engine import Chat


@pytest.mark.requirement("X-15")
def test_a_week_is_within_five_percent_of_the_forecast(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    calls = metered(monkeypatch, SYSTEM)
    use_every_pattern(chat, length=1_700)  # messages of the 2 KB that are declared
    assert_within(SYSTEM, chat.settings, calls, root)
