"""Test what the command says of an error, what it refuses, and the commands that systems bring."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from keyline.errors import KeylineError
from keyline_ops.cli import _tell, app
from keyline_ops.commands import of_systems
from keyline_ops.openapi import files
from keyline_ops.run_record import recorded

own = typer.Typer()


@own.command()
def hello(name: str) -> None:
    """Greet."""
    print(f"hello {name}")


def test_brackets_in_an_error_are_said_as_they_are() -> None:
    out = io.StringIO()
    error = KeylineError("T.indexes[dim]", "failed at [/a/path].", "Look at [warning at /T].")
    _tell(error, Console(file=out, width=40))
    assert out.getvalue() == ("T.indexes[dim]: failed at [/a/path].\nLook at [warning at /T].\n")


def test_a_system_s_commands_are_imported_only_when_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given systems, one of which has commands, and one of which is named as a command is
    imported: list[str] = []

    def part(system: str, name: str) -> SimpleNamespace | None:
        assert name == "commands"
        imported.append(system)
        return SimpleNamespace(app=own) if system == "declared" else None

    monkeypatch.setattr(of_systems, "names", lambda: ("bare", "cost", "declared"))
    monkeypatch.setattr(of_systems, "part", part)

    # Then any other command imports none of them
    assert CliRunner().invoke(app, ["cost", "--help"]).exit_code == 0
    assert imported == []

    # And they run by the system's name
    run = CliRunner().invoke(app, ["declared", "hello", "you"])
    assert (run.exit_code, run.output) == (0, "hello you\n")
    assert imported == ["declared"]

    # And the help names the systems that have some; another is not a command
    assert "declared" in CliRunner().invoke(app, ["--help"]).output
    assert CliRunner().invoke(app, ["bare"]).exit_code == 2
    assert CliRunner().invoke(app, ["other"]).exit_code == 2


@pytest.mark.parametrize("months", ["inf", "nan", "-1", "0", "1201"])
def test_months_that_are_no_length_of_time_are_refused(months: str) -> None:
    done = CliRunner().invoke(app, ["cost", "--json", "--months", months])
    assert done.exit_code == 2
    assert "--months" in done.output


def test_a_document_is_written_into_a_folder_that_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "local_deployment", lambda: None)
    monkeypatch.setattr(files, "document_of", lambda *_: {"openapi": "3.1.0"})
    output = tmp_path / "new" / "api.json"
    done = CliRunner().invoke(app, ["openapi", "notes", "--output", str(output)])
    assert done.exit_code == 0, done.output
    assert "3.1.0" in output.read_text()


@pytest.mark.parametrize("command", [("openapi", "notes", "--output"), ("demo", "--report")])
def test_a_folder_is_not_written_to_as_a_file(command: tuple[str, ...], tmp_path: Path) -> None:
    done = CliRunner().invoke(app, [*command, str(tmp_path)], env={"COLUMNS": "300"})
    assert done.exit_code == 2
    assert "is a directory" in done.output


def test_an_output_that_cannot_be_written_is_told() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        command = [sys.executable, "-m", "keyline_ops.cli", "--help"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr == (
        "the output: cannot be written: No space left on device.\n"
        "Make space, or write to another place.\n"
    )


def test_the_data_of_a_running_platform_is_not_forgotten(tmp_path: Path) -> None:
    with recorded(tmp_path):
        done = CliRunner().invoke(app, ["up", "--wait", "--fresh", "--state", str(tmp_path)])
    assert isinstance(done.exception, KeylineError)
    assert f"keyline down --state {tmp_path}" in done.exception.suggestion


def test_a_platform_that_starts_has_no_status_yet(tmp_path: Path) -> None:
    with recorded(tmp_path):
        done = CliRunner().invoke(app, ["status", "--state", str(tmp_path)])
    assert isinstance(done.exception, KeylineError)
    assert "is starting" in done.exception.message
