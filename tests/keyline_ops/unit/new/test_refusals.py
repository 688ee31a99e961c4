"""Names that a new system cannot have: refused with exit code 2, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyline.errors import KeylineError
from keyline_ops.new.make import planned
from keyline_ops.new.refusals import NameTakenError, check
from keyline_ops.new.words import BadNameError, words_of
from tests.support.commands import keyline
from tests.support.sample.shop import LARGE


def refusal(project: Path, system: str, item: str | None = None) -> str:
    with pytest.raises(BadNameError) as refused:
        planned(system, item, None, project, stream=False, derive=False)
    assert refused.value.suggestion
    return f"{refused.value.path}: {refused.value.message}"


@pytest.mark.parametrize(
    ("system", "says"),
    [
        ("json", "is a module of Python itself."),
        ("boto3", "is an installed package."),
        ("yaml", "is an installed package."),
        ("keyline", "is a package of this project, lambda_src/keyline."),
        ("systems", "is a package of this project."),
        ("tests", "is a package of this project."),
        ("notes", "is the example examples/notes."),
        ("class", "is a keyword of Python."),
    ],
)
def test_a_name_that_python_knows_is_refused(root: Path, system: str, says: str) -> None:
    assert refusal(root, system) == f"SYSTEM: {system!r} {says}"


def test_the_name_of_another_system_is_refused(project: Path) -> None:
    other = project / "lambda_src" / "sample_orders"
    other.mkdir(parents=True)
    (other / "system.py").write_text("SYSTEM = None\n")
    assert refusal(project, "sample_orders").endswith(
        "is a system of this project, lambda_src/sample_orders."
    )
    (other / "system.py").rename(other / "__init__.py")
    assert refusal(project, "sample_orders").endswith(
        "is a package of this project, lambda_src/sample_orders."
    )


def test_a_file_where_a_folder_has_to_be_is_refused_before_anything_is_written(
    project: Path,
) -> None:
    file = project / "systems" / "sample_shelf"
    file.parent.mkdir(exist_ok=True)
    file.write_text("mine")
    with pytest.raises(KeylineError, match="needs a folder of that name") as refused:
        planned("sample_shelf", None, None, project, stream=False, derive=False)
    assert refused.value.path == "systems/sample_shelf"


@pytest.mark.parametrize(
    ("system", "item", "path"),
    [
        ("api", None, "SYSTEM"),
        ("text", None, "SYSTEM"),
        ("sample_shelf", "page", "--item"),
        ("sample_shelf", "store", "--item"),
        ("sample_shelf", "id", "--item"),
        ("sample_shelf", "for", "--item"),
    ],
)
def test_a_name_that_would_hide_another_is_refused(
    project: Path, system: str, item: str | None, path: str
) -> None:
    assert refusal(project, system, item).startswith(f"{path}: {item or system!r}")


def test_the_name_of_another_system_s_table_is_refused(project: Path) -> None:
    (table,) = {table.name for table in LARGE.tables} & {"LendingLibrary"}
    words = words_of("lending_library", None, None, stream=False)
    assert words.table == table
    with pytest.raises(NameTakenError, match=f"the table {table}, which {LARGE.name} has"):
        check(words, project, [LARGE])


def test_a_stream_consumer_is_not_added_to_a_system_that_is_there(project: Path) -> None:
    planned("pushpins", None, None, project, stream=False, derive=False).write(project)
    with pytest.raises(NameTakenError, match="without a stream consumer") as refused:
        planned("pushpins", None, None, project, stream=True, derive=False)
    assert refused.value.path == "--stream"


@pytest.mark.parametrize(
    "arguments",
    [
        ["my-orders"],
        ["json"],
        ["sample_shelf", "--item", "sample_shelf"],
        ["sample_shelf", "--title", "a|b"],
    ],
)
def test_a_refusal_ends_with_2_and_writes_nothing(
    arguments: list[str],
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("keyline_ops.commands.new.ROOT", project)
    before = sorted(project.rglob("*"))
    assert keyline("new", *arguments, "--no-derive") == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 2
    assert sorted(project.rglob("*")) == before
