"""`keyline import` speaks to the platform that was named, and to no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import assert_refused


def test_a_state_folder_on_which_nothing_runs_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "reports.jsonl"
    file.write_text('{"title": "a", "user_id": "b"}\n')
    assert_refused(["import", "reports", str(file)], tmp_path, capsys)
