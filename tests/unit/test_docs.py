"""The data-model pages say what the declarations do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ops import docs
from stacks.systems import SYSTEMS
from tests.support import library

CORRECTED = {
    "chat": {
        *("T-15", "T-17", "T-19", "T-20", "T-24", "T-30", "T-33", "T-41", "T-44", "T-45"),
        *("T-48", "T-57", "T-61", "T-62", "T-66", "T-68", "T-72", "T-75", "T-80", "T-83"),
    },
    "interactions": {"M-11", "M-19", "M-23", "M-34", "M-45", "M-51"},
    "reports": {
        *("K-26", "K-31", "K-34", "K-35", "K-43", "K-44", "K-49", "K-51", "K-58", "K-65", "K-66"),
    },
}
"""The lines of each specification that are technically false, but for sums of costs."""


@pytest.mark.requirement("X-19")
def test_the_pages_in_the_repository_are_those_of_the_declarations() -> None:
    assert docs.stale(SYSTEMS) == [], "run `make docs`"


@pytest.mark.requirement("X-19")
def test_every_pattern_index_and_function_has_its_row() -> None:
    for system in SYSTEMS:
        text = docs.page(system)
        for name in (
            *(p.name for p in system.patterns),
            *(i.name for t in system.tables for i in t.indexes),
            *(f.name for f in system.functions),
            *(f"{r.method} {r.path}" for f in system.functions for r in f.routes),
        ):
            assert name in text


@pytest.mark.requirement("X-19")
@pytest.mark.parametrize("system", CORRECTED)
def test_every_correction_of_a_specification_stands_on_the_page_of_its_system(
    root: Path, system: str
) -> None:
    page = (root / "docs/systems" / f"{system}.md").read_text(encoding="utf-8")
    assert "\n## What is asked, and what answers it\n" in page
    _, _, section = page.partition("\n## Where the specification is wrong, and what was built\n")
    table = section.partition("\n#")[0]
    lines = {
        line for cell in re.findall(r"^\| ([A-Z]-.*?) \|", table, re.M) for line in cell.split(", ")
    }
    assert CORRECTED[system] <= lines


def test_the_kinds_of_a_single_table_are_shown_with_their_keys() -> None:
    text = docs.page(library.SYSTEM)
    assert "* Told apart by: `EntityType`" in text
    assert "| item | tag | PK | SK | GSI1PK | GSI1SK | day |" in text
    assert "| `Member` | `MEMBER` | `MEMBER#{memberId}` | `PROFILE` |  |  |  |" in text
    assert "| `Visits` | `VISITS` | `VISITS#{branch}` | `DAY#{day}` |  |  | `{day}` |" in text
    assert "| Query of `Member`, `Loan`, `Hold` | KeylineLibrary | PK = |" in text


def test_a_page_that_was_edited_is_stale_and_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docs, "FOLDER", tmp_path)
    assert docs.write(SYSTEMS) == [tmp_path / f"{system.name}.md" for system in SYSTEMS]
    assert docs.stale(SYSTEMS) == []
    edited = tmp_path / f"{SYSTEMS[0].name}.md"
    edited.write_text(edited.read_text() + "more")
    assert docs.stale(SYSTEMS) == [edited]
    assert docs.write(SYSTEMS) == [edited]
    assert docs.write(SYSTEMS) == []
