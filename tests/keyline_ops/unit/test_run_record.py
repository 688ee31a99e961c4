"""The record of a run is believed while its process lives, and no longer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from keyline.errors import KeylineError
from keyline_ops.run_record import Run, Stage, recorded, running

HOLD = """
import sys
from pathlib import Path
from keyline_ops.run_record import Stage, recorded
with recorded(Path(sys.argv[1])) as record:
    record.enter(Stage.LOADING)
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_run_is_told_while_it_lasts(tmp_path: Path) -> None:
    assert running(tmp_path) is None
    with recorded(tmp_path) as record:
        assert running(tmp_path) == Run(os.getpid(), Stage.STARTING)
        record.enter(Stage.SERVING)
        assert running(tmp_path) == Run(os.getpid(), Stage.SERVING)
    assert running(tmp_path) is None


def test_what_a_killed_process_left_is_not_believed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert running(tmp_path) == Run(holder.pid, Stage.LOADING)
        holder.kill()
    assert running(tmp_path) is None
    with recorded(tmp_path):
        assert running(tmp_path) == Run(os.getpid(), Stage.STARTING)


def test_a_second_run_on_the_folder_is_refused(tmp_path: Path) -> None:
    with (
        recorded(tmp_path),
        pytest.raises(KeylineError, match="another local platform runs") as told,
        recorded(tmp_path),
    ):
        pass
    assert f"keyline down --state {tmp_path}" in told.value.suggestion


def test_a_file_is_not_a_state_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(KeylineError, match="it is not a folder"), recorded(file):
        pass
    assert running(file) is None


def test_asking_makes_no_folder(tmp_path: Path) -> None:
    assert running(tmp_path / "missing") is None
    assert not (tmp_path / "missing").exists()
