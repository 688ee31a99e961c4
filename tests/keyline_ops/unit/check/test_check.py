"""Every fault of a project is told at once, without synthesis."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyline.errors import Fault
from keyline_ops.check.run import CheckFailedError, check

SYSTEM = """
import msgspec
from keyline.model import Function, Get, Index, Key, Query, Route, StreamView, System, Table

class Settings(msgspec.Struct, frozen=True):
    pages: int = 10

class Note(msgspec.Struct):
    noteId: str
    owner: str
    topic: str

NOTES = Table(
    "NotesOfUsers", "Key design: a note by its id.", key=Key("noteId"), entities=[Note],
    indexes=[Index(name="ByOwner", key=Key("owner", "noteId"), why="The notes of an owner.")],
    stream=StreamView.NEW_IMAGE,
)
GET = Get(name="note-get", why="Show.", table=NOTES, shape=Note, item_bytes=100, per_month=1)
OF_OWNER = Query(
    name="notes-of-owner", why="List.", table=NOTES, index="ByOwner", shape=Note,
    item_bytes=100, per_month=1, page=10,
)
READ = Function(
    name="read", handler="notes.handlers.read.handler", why="Shows notes.",
    patterns=(GET, OF_OWNER),
    routes=(Route("GET", "/notes/{noteId}"), Route("GET", "/notes")),
)
SYSTEM = System(
    name="notes", title="Notes", tables=(NOTES,), functions=(READ,), settings=Settings
)
"""
HANDLER = """
import os
from keyline.http import App
from notes.system import SYSTEM

app = App(SYSTEM)
os.environ["ONLY_A_DEPLOYMENT_HAS_THIS"]
ALL = "/notes"

@app.get("/notes/{noteId}")
def show(noteId: str) -> None: ...

@app.get(ALL)
def list_all() -> None: ...

handler = app.handler
"""
ENVIRONMENT = """
name = "dev"
account = "111111111111"
region = "us-east-1"
auth = {issuer = "https://example.org", audience = "notes"}
alarms.email = "oncall@example.org"
systems.notes.pages = 20
"""


class Project:
    """A small project in which one thing after the other can be wrong."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.system = root / "lambda_src/notes/system.py"
        self.handler = root / "lambda_src/notes/handlers/read.py"
        self.environment = root / "environments/dev.toml"
        for path, text in (
            (self.system, SYSTEM),
            (self.handler, HANDLER),
            (self.environment, ENVIRONMENT),
            (root / "lambda_src/notes/__init__.py", ""),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def faults(self, system: str | None = None) -> list[Fault]:
        return check(system, self.root)

    def found(self) -> list[tuple[str, str]]:
        return [(path, message) for path, message, _ in self.faults()]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_project_without_faults_has_none(project: Project) -> None:
    assert project.faults() == []
    assert project.faults("notes") == []


def test_this_project_has_none() -> None:
    assert check() == []


def test_an_unknown_system_is_told_with_those_there_are(project: Project) -> None:
    assert project.faults("note") == [
        ("SYSTEM", "there is no system 'note'.", "Did you mean 'notes'?")
    ]


def test_all_faults_of_a_declaration_are_told_at_once(project: Project) -> None:
    # Given faults of a table, of a pattern and of the system
    change(project.system, '"Key design: a note by its id."', '"A note by its id."')
    change(project.system, 'why="List."', 'why=""')
    change(project.system, 'name="read"', 'name="Read!"')
    # When it is checked, Then all three are there, each with something to do
    faults = project.faults()
    paths = [path for path, _, _ in faults]
    assert paths[0] == "NotesOfUsers.doc"
    assert any(path.startswith("notes-of-owner") for path in paths)
    assert any(path.startswith("notes.functions") for path in paths)
    assert all(suggestion for _, _, suggestion in faults)


@pytest.mark.parametrize(
    ("broken", "path", "message"),
    [
        ("import nothing_of_this_name\n", "lambda_src/notes/system.py:1", "ModuleNotFoundError"),
        ("SYSTEM = (\n", "lambda_src/notes/system.py:1", "SyntaxError"),
        ("SYSTEM = 1\n", "lambda_src/notes/system.py", "declares no SYSTEM."),
    ],
)
def test_a_declaration_that_cannot_be_imported_is_told_with_its_place(
    project: Project, broken: str, path: str, message: str
) -> None:
    project.system.write_text(broken)
    found = project.found()
    assert found[0][0] == path
    assert message in found[0][1]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("import sys; sys.exit()", r"a declaration ended the process \(exit code 0\)"),
        ("import os; os._exit(3)", "failed"),
        ("import time; time.sleep(600)", "did not end within 2 s"),
    ],
)
def test_a_declaration_that_does_not_come_to_its_end_is_told(
    project: Project, statement: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyline_ops.check.run._SECONDS", 2.0)
    change(project.system, "import msgspec", f"{statement}\nimport msgspec")
    with pytest.raises(CheckFailedError, match=message):
        project.faults()


def test_a_handler_that_is_missing_is_told(project: Project) -> None:
    project.handler.unlink()
    assert project.found() == [
        ("notes.functions[read].handler", "there is no lambda_src/notes/handlers/read.py.")
    ]


def test_a_handler_that_is_not_python_is_told_with_its_line(project: Project) -> None:
    change(project.handler, "app = App(SYSTEM)", "app = App(")
    ((path, message),) = project.found()
    assert path.startswith("lambda_src/notes/handlers/read.py:")
    assert message.startswith("is not Python")


def test_a_module_without_the_handlers_name_is_told(project: Project) -> None:
    change(project.handler, "handler = app.handler", "main = app.handler")
    assert project.found() == [
        ("notes.functions[read].handler", "lambda_src/notes/handlers/read.py has no 'handler'.")
    ]


def test_routes_and_handlers_are_compared_both_ways(project: Project) -> None:
    change(project.handler, '@app.get("/notes/{noteId}")', '@app.get("/note/{noteId}")')
    assert project.faults() == [
        (
            "lambda_src/notes/handlers/read.py:10",
            "no function declares GET /note/{noteId}.",
            "Did you mean 'GET /notes/{noteId}'?",
        ),
        (
            "notes.functions[read].routes[GET /notes/{noteId}]",
            "has no handler in lambda_src/notes/handlers/read.py.",
            "Register one, or drop the route.",
        ),
    ]


def test_a_route_with_two_handlers_is_told(project: Project) -> None:
    change(project.handler, '@app.get("/notes/{noteId}")', '@app.get("/notes")')
    assert ("lambda_src/notes/handlers/read.py", "GET /notes has two handlers.") in project.found()


def test_a_path_that_cannot_be_read_hides_no_route(project: Project) -> None:
    change(project.handler, "@app.get(ALL)", '@app.get("/no" + "tes")')
    assert project.faults() == []


def test_each_environment_is_checked_with_the_settings_of_each_system(project: Project) -> None:
    change(project.environment, "pages = 20", 'pages = "many"')
    (project.environment.parent / "prod.toml").write_text('name = "prod"\n')
    (project.environment.parent / "test.toml").write_text("name =\n")
    other = ENVIRONMENT.replace('"dev"', '"beta"').replace("systems.notes", "systems.note")
    (project.environment.parent / "beta.toml").write_text(
        f'{other}user_pools.other = "us-east-1_AbC"\n'
    )
    assert [path for path, _ in project.found()] == [
        "beta.toml: systems.note",
        "beta.toml: user_pools.other",
        "dev.toml: systems.notes.pages",
        "prod.toml: region",
        "test.toml",
    ]


def test_the_local_platforms_limits_are_told(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a streamed table of a short local name, and an index key of two attributes
    change(project.system, '"NotesOfUsers"', '"Memo"')
    change(project.system, 'Key("owner", "noteId")', 'Key("owner", ("topic", "noteId"))')
    # When it is checked, Then both are told
    faults = project.faults()
    assert [path for path, _, _ in faults] == [
        "notes.tables[Memo]",
        "notes.tables[Memo].indexes[ByOwner]",
    ]
    assert "deployed locally as 'Memo-local'" in faults[0][1]
    assert "key of several attributes" in faults[1][1]
    # and not where another engine is used
    monkeypatch.setenv("KEYLINE_DYNAMODB_ENDPOINT", "http://127.0.0.1:8000")
    assert project.faults() == []
