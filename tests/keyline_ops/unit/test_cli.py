"""What the command says of an error, and the commands that systems bring."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from keyline.errors import KeylineError
from keyline_ops.cli import _tell, app
from keyline_ops.commands import of_systems

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

    # And the help names the systems that have some; another is no command
    assert "declared" in CliRunner().invoke(app, ["--help"]).output
    assert CliRunner().invoke(app, ["bare"]).exit_code == 2
    assert CliRunner().invoke(app, ["other"]).exit_code == 2
