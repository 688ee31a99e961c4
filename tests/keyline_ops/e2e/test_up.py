"""`keyline up` in the background and in the foreground, as processes of their own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from keyline_local import issuer_url
from keyline_local.testing import is_taken
from keyline_ops.run_record import Stage, running
from tests.support.processes import runs_a_function
from tests.support.recording_proxy import recording_proxy

KEYLINE = (sys.executable, "-m", "keyline_ops.cli")
SECONDS = 120.0
"""What a process that runs a function is called by."""

pytestmark = pytest.mark.xdist_group("up")


def keyline(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = [*KEYLINE, *arguments, "--state", str(state)]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)


def until(reached: Callable[[], Any], of: subprocess.Popen[str]) -> None:
    end = time.monotonic() + SECONDS
    while not reached():
        assert of.poll() is None, "the platform has ended"
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


def answers(state: Path) -> None:
    """Call an operation without parameters of the first API that has one, with a token."""
    token = keyline(state, "token").stdout.strip()
    status = json.loads(keyline(state, "status", "--json").stdout)
    with httpx.Client(trust_env=False, timeout=60) as http:
        for url in status["apis"].values():
            paths = http.get(f"{url}/_keyline/openapi.json").json()["paths"]
            for path, operations in paths.items():
                if "{" not in path and not operations.get("get", {"parameters": 1}).get(
                    "parameters"
                ):
                    found = http.get(f"{url}{path}", headers={"Authorization": f"Bearer {token}"})
                    assert found.status_code == 200, found.text
                    return
    raise AssertionError("no API has an operation without parameters")


def pages_of_the_console(state: Path) -> dict[str, str]:
    """Open the parts of the console, and what each of them lists; of patterns a few."""
    parts = ("/", "/patterns", "/tables", "/streams", "/functions", "/alarms", "/logs")
    with httpx.Client(trust_env=False, timeout=60, base_url=issuer_url(state)) as http:
        found = {part: http.get(part) for part in parts}
        links = {
            link
            for part in ("/tables", "/streams", "/functions")
            for link in re.findall(rf'href="({part}/[^"]+)"', found[part].text)
        }
        links |= set(re.findall(r'href="(/patterns/[^"]+)"', found["/patterns"].text)[::10])
        assert len(links) > 20
        found |= {link: http.get(link) for link in sorted(links)}
    assert {link: page.status_code for link, page in found.items() if not page.is_success} == {}
    return {link: page.text for link, page in found.items()}


@pytest.fixture(autouse=True)
def no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Name a proxy to every command; none may ask it for what is on this machine."""
    with recording_proxy() as proxy:
        for name, value in proxy.variables.items():
            monkeypatch.setenv(name, value)
        yield
        assert proxy.asked == []


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "state"
    yield folder
    keyline(folder, "down")


def test_a_platform_in_the_background_is_started_asked_and_stopped(state: Path) -> None:
    # Given no platform, stopping it is not an error, and makes no folder
    nothing = keyline(state, "down")
    assert (nothing.returncode, "No local platform runs" in nothing.stdout) == (0, True)
    assert not state.exists()

    # When one is started in the background
    started = keyline(state, "up", "--wait", "--no-load", "--free-ports")
    assert started.returncode == 0, started.stdout + started.stderr
    run = running(state)
    assert run is not None
    assert f"process {run.pid}" in started.stdout
    assert f"`keyline down --state {state}` stops it." in started.stdout

    # Then it answers, tells its status in both forms, and has logs
    answers(state)
    status = json.loads(keyline(state, "status", "--json").stdout)
    assert (status["stage"], status["pid"]) == (Stage.SERVING, run.pid)
    table = keyline(state, "status").stdout
    for name, url in status["apis"].items():
        assert f"{name}: {url}" in started.stdout
        assert url in table
    logs = keyline(state, "logs").stdout
    assert ".access" in logs

    # And the console shows all of it
    shown = pages_of_the_console(state)
    for name in (*status["apis"], *status["tables"], *status["functions"]):
        assert name in shown["/"]
    assert "GET" in shown["/logs"]
    assert "Goes off: " in shown["/alarms"]

    # And each system answers the canary
    tried = keyline(state, "smoke", "--claim", "cognito:groups=staff")
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert len(tried.stdout.splitlines()) == len(status["apis"])

    # And each command that asks the engine is answered
    for command in (["tables"], ["count", status["tables"][0]], ["sweep"], ["migrate"], ["backup"]):
        asked = keyline(state, *command)
        assert asked.returncode == 0, asked.stdout + asked.stderr

    # And a second start finds it
    again = keyline(state, "up", "--wait", "--no-load", "--free-ports")
    assert again.returncode == 0
    assert running(state) == run

    # When it is stopped, Then its process has ended
    assert keyline(state, "down").stdout == "Stopped.\n"
    assert running(state) is None


def interrupt_the_command(platform: subprocess.Popen[str]) -> None:
    """Interrupt the process alone: all that it started ends because it says so."""
    platform.send_signal(signal.SIGINT)


def interrupt_all(platform: subprocess.Popen[str]) -> None:
    """Interrupt the process and all that it started, as a terminal does."""
    os.killpg(platform.pid, signal.SIGINT)


def started_by(platform: subprocess.Popen[str]) -> tuple[list[psutil.Process], list[int]]:
    """Return the processes that a command has started, and the ports on which they listen."""
    command = psutil.Process(platform.pid)
    children: list[psutil.Process] = command.children(recursive=True)
    connections = [c for p in (command, *children) for c in p.net_connections(kind="inet")]
    return children, sorted({c.laddr.port for c in connections if c.status == psutil.CONN_LISTEN})


def test_requests_are_answered_while_samples_are_loaded_and_ctrl_c_ends_it(state: Path) -> None:
    command = [*KEYLINE, "up", "--free-ports", "--state", str(state)]

    def stage() -> Stage | None:
        run = running(state)
        return run.stage if run else None

    for start, interrupt in {
        "the first": interrupt_the_command,
        "the next, which goes on": interrupt_all,
    }.items():
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as platform:
            # Given a platform that loads
            until(lambda: stage() is Stage.LOADING, platform)
            # When it is called, Then it answers
            answers(state)
            assert stage() is Stage.LOADING, start
            children, ports = started_by(platform)
            assert any(map(runs_a_function, children))
            assert len(ports) >= 6
            # When it is interrupted, Then it ends in order
            interrupt(platform)
            output, _ = platform.communicate(timeout=SECONDS)
        assert platform.returncode == 0, output
        assert "Traceback" not in output
        assert output.endswith("Stopping.\n")
        assert running(state) is None
        # And so has all that it started
        _, alive = psutil.wait_procs(children, timeout=5)
        assert alive == []
        assert [port for port in ports if is_taken(port)] == []


def test_a_start_that_fails_says_why(state: Path, tmp_path: Path) -> None:
    state.mkdir()
    (state / "secrets.json").write_text("{broken")
    failed = keyline(state, "up", "--wait", "--no-load", "--free-ports")
    assert failed.returncode == 2
    assert "ended with exit code 2 before it was ready" in failed.stderr
    assert "secrets.json" in failed.stderr
    assert running(state) is None
