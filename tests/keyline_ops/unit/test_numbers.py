"""Numbers of the command line: each option has both bounds, and says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from keyline_ops.cli import app

Numeric = tuple[tuple[str, ...], Any]
"""The words of a command, and one of its parameters."""


def numeric(command: Any, words: tuple[str, ...] = ()) -> Iterator[Numeric]:
    """Yield each parameter of a command, and of the commands in it, that is a number."""
    if hasattr(command, "list_commands"):
        for name in command.list_commands(None):
            yield from numeric(command.get_command(None, name), (*words, name))
    for parameter in command.params:
        if parameter.type_descriptor.annotation in (int, float) and not read_as_words(parameter):
            yield words, parameter


def read_as_words(parameter: Any) -> bool:
    """Return whether a function of ours reads the parameter: a duration such as `5m`."""
    return parameter.type_descriptor.parameter_info.parser is not None


NUMBERS = [*numeric(typer.main.get_command(app))]


def test_every_number_of_a_command_has_both_bounds() -> None:
    assert {parameter.name for _, parameter in NUMBERS} >= {"months", "expires", "to"}
    for words, parameter in NUMBERS:
        assert None not in (parameter.min, parameter.max), f"{words}: {parameter.name}"


@pytest.mark.parametrize("text", ["inf", "-inf", "nan", "1e300", "-1e300", "9" * 5_000])
def test_what_is_beyond_them_is_refused(text: str) -> None:
    for words, parameter in NUMBERS:
        assert None not in (parameter.min, parameter.max)  # or the command would run
        name = parameter.opts[0]
        # the one number that is not an option follows the name of a system
        given = [f"{name}={text}"] if name.startswith("--") else ["--", "x", text]
        said = CliRunner().invoke(app, [*words, *given])
        assert said.exit_code == 2, (words, said.output)
        assert f"Invalid value for '{name}'" in said.output.replace("[", "").replace("]", "")
