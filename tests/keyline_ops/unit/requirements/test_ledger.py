"""The form of the ledger's pages, what is written on them, and what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from keyline_ops.cli import app
from keyline_ops.requirements import pages
from keyline_ops.requirements.coverage import coverage, faults
from keyline_ops.requirements.ledger import ledgers
from keyline_ops.requirements.markers import proving_tests

PAGE = """# Orders, line by line

<!-- counts: written by make docs -->
<!-- end of counts -->

## Tables

### T-01

*Core. Built.* Orders are in
a table.

* **Code:** [a.py](a.py),
  [b.py](b.py)

### T-02

*Core. Corrected.* A second.

* **In fact:** it is false.
* **Code:** [a.py](a.py)

### T-O1

*Field fact. Not built.* Advice.

* **In fact:** it is not needed.

## Lines of all systems

<!-- lines of all systems: written by make docs -->
<!-- end of lines -->
"""
SHARED = "# All\n\n### X-01\n\n*Core. Built.* One app.\n\n* **Code:** [a](a.py)\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a system, its page, a page of all systems, and two tests."""
    for place, text in {
        "lambda_src/orders/system.py": "",
        "systems/orders/specification.md": PAGE,
        "docs/requirements.md": SHARED,
        "tests/unit/test_a.py": marked("T-01", "X-01"),
        "tests/systems/orders/unit/test_b.py": marked("T-02", "X-01"),
    }.items():
        file = tmp_path / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


def marked(*lines: str) -> str:
    named = ", ".join(f'"{line}"' for line in lines)
    return f"import pytest\n\n@pytest.mark.requirement({named})\ndef test_it(): pass\n"


def change(project: Path, old: str, new: str) -> None:
    page = project / "systems/orders/specification.md"
    assert old in page.read_text()
    page.write_text(page.read_text().replace(old, new))


def write(project: Path) -> dict[Path, str]:
    changed = pages.stale(project)
    for path, text in changed.items():
        path.write_text(text)
    return changed


def wrong(project: Path) -> list[str]:
    found = faults(ledgers(project), proving_tests(project))
    return [f"{path} {message}" for path, message, _ in found]


def test_the_tests_of_each_line_are_written_and_nothing_else_changes(project: Path) -> None:
    assert len(write(project)) == 2
    text = (project / "systems/orders/specification.md").read_text()
    assert "[b.py](b.py)\n* **Tests:** [test_it](../../tests/unit/test_a.py)\n\n### T-02" in text
    assert "| Core | 2 | 2 | 0 |\n| Field fact | 1 | 0 | 1 |" in text
    mine = "[test_it](../../tests/systems/orders/unit/test_b.py)"
    assert f"| [X-01](../../docs/requirements.md#x-01) | {mine} |" in text
    kept = [line for line in text.splitlines() if line in PAGE.splitlines()]
    assert kept == PAGE.splitlines()
    assert write(project) == {}


def test_the_page_of_all_systems_names_no_test_of_a_system(project: Path) -> None:
    write(project)
    text = (project / "docs/requirements.md").read_text()
    assert text == f"{SHARED}* **Tests:** [test_it](../tests/unit/test_a.py)\n"


def test_a_test_that_is_gone_makes_the_page_stale(project: Path) -> None:
    write(project)
    (project / "tests/unit/test_a.py").write_text("")
    assert len(write(project)) == 2
    assert "unit/test_a.py" not in (project / "systems/orders/specification.md").read_text()


def test_a_line_needs_a_test_or_a_reason_and_not_both(project: Path) -> None:
    assert wrong(project) == []
    (project / "tests/unit/test_a.py").write_text("")
    assert wrong(project) == ["specification.md of orders, T-01 has no test."]
    change(project, "  [b.py](b.py)\n", "  [b.py](b.py)\n* **No test:** nothing to see.\n")
    assert wrong(project) == []
    (project / "tests/unit/test_a.py").write_text(marked("T-01"))
    assert wrong(project) == [
        "specification.md of orders, T-01 says why it has no test, and test_it proves it."
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("*Core. Built.*", "Core:", "#t-01 does not begin with its class"),
        ("*Core. Built.*", "*Core. Done.*", "#t-01 does not begin with its class"),
        ("* **In fact:** it is false.\n", "", "#t-02 is corrected and does not say what is wrong"),
        ("* **In fact:** it is not needed.\n", "", "#t-o1 is 'not built' and does not say why"),
        ("* **Code:** [a.py](a.py)\n\n###", "\n###", "#t-02 does not say where it is built"),
        ("**In fact:** it is false", "**Really:** no", "#t-02 has a part 'Really'"),
        ("### T-O1", "### T-02", "#t-02 stands on the page twice"),
        ("### T-01", "### T-03", "test_a.py:4 names T-01, which specification.md of orders"),
    ],
)
def test_what_does_not_have_the_form_is_told(
    project: Path, old: str, new: str, message: str
) -> None:
    change(project, old, new)
    assert any(message in fault for fault in wrong(project)), wrong(project)


def test_a_line_of_a_system_that_was_deleted_is_nobody_s_fault(project: Path) -> None:
    (project / "systems/orders/specification.md").unlink()
    assert wrong(project) == []


def test_coverage_counts_tests_and_reasons(project: Path) -> None:
    change(project, "### T-O1", "* **No test:** it is so.\n\n### T-O1")
    (project / "tests/systems/orders/unit/test_b.py").write_text("")
    rows = coverage(ledgers(project), proving_tests(project))
    assert [(row.title, row.kind, row.tested, row.excused, row.open) for row in rows] == [
        ("orders", "Core", 1, 1, ()),
        ("orders", "Field fact", 0, 0, ("T-O1",)),
        ("all systems", "Core", 1, 0, ()),
    ]


def test_the_command_counts_and_shows_lines(tmp_path: Path) -> None:
    counted = CliRunner().invoke(app, ["requirements", "--json"])
    rows = json.loads(counted.stdout)
    assert counted.exit_code == 0, counted.output
    assert all(row["open"] == [] for row in rows if row["kind"] in ("Core", "Operation"))
    shown = CliRunner().invoke(app, ["requirements", "X-05", "--json"])
    (line,) = json.loads(shown.stdout)
    assert (line["line"], line["class"]) == ("X-05", "Core")
    test = next(iter(line["tests"]))
    results = tmp_path / "requirements.json"
    results.write_text(json.dumps({"X-05": [{"test": f"{test}[1]", "outcome": "passed"}]}))
    known = CliRunner().invoke(app, ["requirements", "X-05", "--results", str(results)])
    assert f"passed: {test}" in known.output


def test_the_command_says_which_lines_are_open() -> None:
    said = CliRunner().invoke(app, ["requirements", "--open", "--json"])
    assert {"X-20"} <= {line["line"] for line in json.loads(said.stdout)}
