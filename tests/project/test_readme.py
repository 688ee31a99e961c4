"""The README is short, and what it shows is what its commands print.

`make test` compares the report that it shows with the declarations, and runs the commands that
take a second. `make tutorial`, a part of `make check`, runs them all.
"""

from __future__ import annotations

import io
import random
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from rich.console import Console

from keyline.variables import PORT_OFFSET
from keyline_deploy.systems import systems
from keyline_ops.demo import report
from tests.support.project_copy import ProjectCopy, project_copy
from tests.support.tutorial import Command, Measured, Reader, port_of, steps

WORDS = 900
UP = "make up"
CHECK = ".venv/bin/keyline check"
NEW = ".venv/bin/keyline new bookmarks"


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    return (root / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def commands(text: str) -> list[Command]:
    """The commands that the README shows with their output; figures differ from run to run."""
    found = [step for step in steps(text) if isinstance(step, Command)]
    return [Measured(*(getattr(each, part.name) for part in fields(each))) for each in found]


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> ProjectCopy:
    """The project; a reader who has followed the page already has the system there."""
    return project_copy(root, tmp_path / "project", without="bookmarks")


@pytest.fixture
def reader(copy: ProjectCopy, commands: list[Command]) -> Iterator[Reader]:
    offset = random.randrange(500, 9_500, 10)
    port = port_of("\n".join(command.text for command in commands))
    environment = {**copy.environment, PORT_OFFSET: str(offset)}
    with Reader(copy.root, environment, port, port, offset, "make -o setup") as reader:
        yield reader


def cells(line: str) -> list[str]:
    return re.split(r" {2,}", line.strip())


def test_it_is_short(text: str) -> None:
    assert 500 < len(text.split()) < WORDS


def test_it_shows_commands_with_their_output(commands: list[Command]) -> None:
    assert [command.text for command in commands if command.text in (UP, CHECK, NEW)] == [
        *(UP, CHECK, NEW)
    ]
    assert all(command.shown for command in commands if not command.text.startswith("TOKEN="))


def test_the_report_that_it_shows_is_of_patterns_that_are_declared(commands: list[Command]) -> None:
    (up,) = (command for command in commands if command.text == UP)
    printed = io.StringIO()
    rows = report.collect(systems(), [])
    report.show(rows, Console(file=printed))
    head = next(line for line in printed.getvalue().splitlines() if "p50 ms" in line)
    declared = [[row.system, row.pattern, row.operation, row.target] for row in rows]

    lines = up.shown.splitlines()
    (at,) = (number for number, line in enumerate(lines) if "p50 ms" in line)
    assert cells(lines[at]) == cells(head)
    shown = [cells(line) for line in lines[at + 1 :] if line != "..."]
    assert len(shown) > 1
    assert [row for row in shown if row[:4] not in declared] == []


def test_what_takes_a_second_prints_what_it_shows(reader: Reader, commands: list[Command]) -> None:
    for command in commands:
        if command.text == CHECK:
            reader.follow(command)
        elif command.text == NEW:
            reader.follow(command.without_deriving())


@pytest.mark.tutorial
@pytest.mark.timeout(900)
def test_every_command_prints_what_it_shows(reader: Reader, commands: list[Command]) -> None:
    for command in commands:
        reader.follow(command)


def test_figures_may_differ_and_words_may_not() -> None:
    command = Measured("", "report", "...\n chat   put   1,862   9.6 ms\n...")
    assert command.shows("head\n chat   put     12     0.25 ms  \nend")
    assert not command.shows("head\n chat   get     12     0.25 ms\nend")
    assert not command.shows("head\n chat   put     12\nend")
