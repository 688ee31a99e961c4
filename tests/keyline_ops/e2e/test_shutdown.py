"""Ctrl-C on the command ends all that the command started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from keyline import variables
from keyline_local.testing import is_taken

pytestmark = pytest.mark.xdist_group("up")

BOOTSTRAP = "bootstrap.py"
"""What a process that runs a function is called by."""


@pytest.fixture
def command(root: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """`keyline up`, on free ports."""
    environment = {**os.environ}
    environment.pop(variables.DYNAMODB_ENDPOINT, None)
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "keyline_ops.cli",
            "up",
            "--free-ports",
            "--state",
            tmp_path / "state",
        ],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield process
    process.kill()
    process.wait()


def test_ctrl_c_while_it_loads_leaves_nothing_running(command: subprocess.Popen[str]) -> None:
    # Given the system, while conversations are loaded into it
    children = _once_functions_run(command)
    ports = _listening([psutil.Process(command.pid), *children])
    assert len(ports) >= 6

    # When the terminal sends Ctrl-C
    command.send_signal(signal.SIGINT)
    output, _ = command.communicate(timeout=30)

    # Then the command ends in order, and so has all that it started
    assert command.returncode == 0, output
    assert "Traceback" not in output
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []
    assert [port for port in ports if is_taken(port)] == []


def _once_functions_run(command: subprocess.Popen[str]) -> list[psutil.Process]:
    """The command's processes once some of them run functions."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        assert command.poll() is None, command.communicate()[0]
        children: list[psutil.Process] = psutil.Process(command.pid).children(recursive=True)
        if any(_runs_a_function(child) for child in children):
            return children
        time.sleep(0.1)
    raise AssertionError("no function ran")


def _runs_a_function(process: psutil.Process) -> bool:
    try:
        return any(BOOTSTRAP in part for part in process.cmdline())
    except psutil.Error:  # it ended meanwhile
        return False


def _listening(processes: list[psutil.Process]) -> list[int]:
    connections = [c for process in processes for c in process.net_connections(kind="inet")]
    return sorted({c.laddr.port for c in connections if c.status == psutil.CONN_LISTEN})
