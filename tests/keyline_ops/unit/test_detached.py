"""A platform in the background: what its starter is told, and how it is stopped."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from keyline.errors import KeylineError
from keyline_ops import detached
from keyline_ops.detached import LOG, start, stop
from keyline_ops.run_record import Stage, running

STAND_IN = """
import signal, sys
from pathlib import Path
from keyline_ops.run_record import Stage, recorded
print("what the platform prints", flush=True)
if sys.argv[2] == "fails":
    sys.exit(2)
with recorded(Path(sys.argv[1])) as record:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    record.enter(Stage(sys.argv[2]))
    signal.pause()
"""
"""What stands in for a platform: it is at a stage, or fails, until SIGTERM."""


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[bytes]]]:
    children: list[subprocess.Popen[bytes]] = []

    def launch(state: Path, options: list[str]) -> subprocess.Popen[bytes]:
        state.mkdir(exist_ok=True)
        with (state / LOG).open("wb") as log:
            command = [sys.executable, "-c", STAND_IN, str(state), *options]
            children.append(subprocess.Popen(command, stdout=log, stderr=log))
        return children[-1]

    monkeypatch.setattr(detached, "_launch", launch)
    yield children
    for child in children:
        child.kill()
        child.wait()


@contextmanager
def reaping(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """Elsewhere the child is not the child of who stops it, and does not stay as a zombie."""
    yield
    child.wait(10)


@pytest.mark.parametrize("stage", [Stage.SERVING, Stage.INCOMPLETE])
def test_it_is_started_and_stopped(
    tmp_path: Path, launched: list[subprocess.Popen[bytes]], stage: Stage
) -> None:
    run = start(tmp_path, [stage], timeout=30)
    assert (run.pid, run.stage) == (launched[0].pid, stage)
    with reaping(launched[0]):
        assert stop(tmp_path) is True
    assert launched[0].returncode == 0
    assert stop(tmp_path) is False


def test_one_that_runs_already_is_waited_for(
    tmp_path: Path, launched: list[subprocess.Popen[bytes]]
) -> None:
    first = start(tmp_path, [Stage.SERVING], timeout=30)
    assert start(tmp_path, [Stage.SERVING], timeout=30) == first
    assert len(launched) == 1


def test_one_that_ends_is_told_with_what_it_printed(
    tmp_path: Path, launched: list[subprocess.Popen[bytes]]
) -> None:
    with pytest.raises(KeylineError, match="exit code 2 before it was ready") as told:
        start(tmp_path, ["fails"], timeout=30)
    assert told.value.path == str(tmp_path / LOG)
    assert "what the platform prints" in told.value.message


def test_one_that_takes_too_long_is_left_running(
    tmp_path: Path, launched: list[subprocess.Popen[bytes]]
) -> None:
    with pytest.raises(KeylineError, match=r"not ready after 0\.1 s") as told:
        start(tmp_path, [Stage.LOADING], timeout=0.1)
    assert "--wait-timeout" in told.value.suggestion
    assert f"keyline down --state {tmp_path}" in told.value.suggestion
    assert launched[0].poll() is None


def test_nothing_is_stopped_that_holds_no_lock(
    tmp_path: Path, launched: list[subprocess.Popen[bytes]]
) -> None:
    # Given the record of a process that ended, with the number of one that lives
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        (tmp_path / "run.json").write_text(f'{{"pid":{other.pid},"stage":"serving"}}')
        # When the platform is stopped, Then nothing was, and the other lives
        assert stop(tmp_path) is False
        assert other.poll() is None
    assert running(tmp_path) is None
