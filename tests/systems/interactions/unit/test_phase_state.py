"""`keyline phase` speaks to the platform that was named, and to no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import assert_refused


@pytest.mark.parametrize("command", [["phase"], ["phase", "interactions", "2"]], ids=" ".join)
def test_a_state_folder_on_which_nothing_runs_is_refused(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert_refused(command, tmp_path, capsys)
