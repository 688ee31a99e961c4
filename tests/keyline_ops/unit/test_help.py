"""Test that the help of each command shows how the command is called."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from typer.core import TyperGroup

from keyline_ops.cli import app


def commands(command: Any, *path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(command, TyperGroup):
        for name in command.list_commands(None):  # type: ignore[arg-type]
            found = command.get_command(None, name)  # type: ignore[arg-type]
            yield from commands(found, *path, name)
    else:
        yield " ".join(path), command


COMMANDS = dict(commands(typer.main.get_group(app)))


def shown(command: Any) -> list[str]:
    """Return the lines of the examples in the help of a command."""
    help = f"{command.help or ''}\n{command.epilog or ''}"
    text = re.sub(r" \\\n +", " ", help.partition("Examples:")[2])  # a line that goes on
    return re.findall(r"^ +(keyline .+?)(?: {2,}.*)?$", text, re.M)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_has_examples_that_the_command_takes(name: str) -> None:
    command = COMMANDS[name]
    lines = shown(command)
    assert lines, f"keyline {name} --help shows no example"
    known = {text for each in command.params for text in (*each.opts, *each.secondary_opts)}
    for line in lines:
        words = shlex.split(line)[1:]
        called = name.split()
        assert words[: len(called)] == called or words[0] in {n.split()[0] for n in COMMANDS}, line
        if words[: len(called)] == called:
            own = words[len(called) :]
            own = own[: own.index("--")] if "--" in own else own
            assert {word for word in own if word.startswith("-")} <= known, line
