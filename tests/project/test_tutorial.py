"""The tutorial's steps, as a reader types them: in a copy of the project, on other ports.

`make test` makes all changes of files, and runs each command that neither installs, synthesizes nor
serves. `make tutorial`, a part of `make check`, runs them all.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from keyline.variables import PORT_OFFSET
from tests.support.inner_pytest import outer_environment
from tests.support.project_copy import ProjectCopy, project_copy, remove_system
from tests.support.tutorial import PAGE, Command, Edit, Reader, port_of, steps

TEXT = PAGE.read_text(encoding="utf-8")
STEPS = steps(TEXT)
NEW = ".venv/bin/keyline new bookmarks"
LINKED = ("git clone", "cd keyline", "make setup")
"""What a copy with linked tools has behind it."""
QUICK = (NEW, ".venv/bin/python -m bookmarks.system", ".venv/bin/ruff")
"""How the commands begin that take a second."""
UNIT = ".venv/bin/python -m pytest -n 0 tests/systems/bookmarks/unit"


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> ProjectCopy:
    """The project; a reader who has followed the page already has the system there."""
    return project_copy(root, tmp_path / "project", without="bookmarks")


@pytest.fixture
def reader(copy: ProjectCopy) -> Iterator[Reader]:
    offset = random.randrange(500, 9_500, 10)
    told = copy.keyline("new", "bookmarks", "--dry-run", "--json")
    port = json.loads(told.stdout)["port"]
    environment = {**copy.environment, PORT_OFFSET: str(offset)}
    make = "make -o setup -o setup-tests NO_LOAD=1"  # no answer on the page is of the samples
    with Reader(copy.root, environment, port_of(TEXT), port, offset, make) as reader:
        yield reader


def test_the_page_has_steps_of_each_kind() -> None:
    typed = [step.text for step in STEPS if isinstance(step, Command)]
    assert typed[: len(LINKED)] == ["git clone https://github.com/your-team/keyline", *LINKED[1:]]
    assert len(typed) > 20
    assert len([step for step in STEPS if isinstance(step, Edit)]) > 15


def test_what_a_command_prints_does_not_depend_on_a_build_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CI", "true")
    environment = outer_environment()
    assert "CI" not in environment
    assert environment["COLUMNS"] == "80"


def test_the_changes_of_files_and_the_quick_commands_do_what_the_page_says(
    reader: Reader, copy: ProjectCopy
) -> None:
    for step in STEPS:
        if isinstance(step, Edit):
            reader.follow(step)
        elif step.text == NEW:
            reader.follow(step.without_deriving())
        elif step.text.startswith(QUICK):
            reader.follow(step)
    reader.follow(Command("", UNIT, "...100%..."))


@pytest.mark.tutorial
@pytest.mark.timeout(900)  # a copy of the project is set up, typed and tested as a whole
def test_all_commands_do_what_the_page_says_and_the_system_can_be_removed(
    reader: Reader, copy: ProjectCopy
) -> None:
    before = copy.committed()

    # When a reader follows the page
    for step in STEPS:
        if not (isinstance(step, Command) and step.text.startswith(LINKED)):
            reader.follow(step)

    # Then the new system is whole: the tests that the page does not run pass too
    assert copy.run(".venv/bin/mypy", "lambda_src/bookmarks", "systems/bookmarks").returncode == 0
    tests = copy.run(".venv/bin/python", "-m", "pytest", "tests/systems/bookmarks/e2e")
    assert tests.returncode == 0, tests.stdout

    # And when the system is deleted, nothing of it is left
    remove_system(copy.root, "bookmarks")
    assert copy.differs_from(before) == []
