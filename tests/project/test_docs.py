"""The data-model pages say what the declarations do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from keyline.model import Pattern
from keyline_deploy.systems import systems
from keyline_ops import docs
from tests.support.sample.lending import GET_DUE, GET_LOAN, GET_MEMBER, LENDER, MEMBER_AND_LOAN
from tests.support.sample.shop import LARGE


@pytest.mark.requirement("X-19")
def test_the_pages_in_the_repository_are_those_of_the_declarations() -> None:
    assert docs.stale(systems()) == [], "run `make docs`"


@pytest.mark.requirement("X-19")
def test_every_pattern_index_and_function_has_its_row() -> None:
    for system in systems():
        text = docs.page(system)
        for name in (
            *(p.name for p in system.patterns),
            *(i.name for t in system.tables for i in t.indexes),
            *(f.name for f in system.functions),
            *(f"{r.method} {r.path}" for f in system.functions for r in f.routes),
        ):
            assert name in text


def test_the_kinds_of_a_single_table_are_shown_with_their_keys() -> None:
    text = docs.page(LARGE)
    assert "* Told apart by: `EntityType`" in text
    assert "| item | tag | PK | SK | GSI1PK | GSI1SK | day |" in text
    assert "| `Member` | `MEMBER` | `MEMBER#{memberId}` | `PROFILE` |  |  |  |" in text
    assert "| `Visits` | `VISITS` | `VISITS#{branch}` | `DAY#{day}` |  |  | `{day}` |" in text
    assert "| Query of `Member`, `Loan`, `Hold` | LendingLibrary | PK = |" in text


def test_a_pattern_without_a_rate_says_why() -> None:
    called, part = (replace(p, per_month=None) for p in (GET_DUE, GET_LOAN))
    instead: dict[object, list[Pattern[Any]]] = {
        GET_DUE: [called],
        GET_LOAN: [],
        MEMBER_AND_LOAN: [replace(MEMBER_AND_LOAN, parts=(GET_MEMBER, part))],
    }
    patterns = tuple(new for p in LENDER.patterns for new in instead.get(p, [p]))
    *others, lender = LARGE.functions
    assert lender is LENDER
    system = replace(LARGE, functions=(*others, replace(LENDER, patterns=patterns)))
    rows = {row.split("`")[1]: row for row in docs.page(system).splitlines() if "| `" in row}
    assert "| not declared |" in rows[called.name]
    assert "| in a transaction |" in rows[part.name]


def test_a_page_that_was_edited_is_stale_and_written_anew(tmp_path: Path) -> None:
    paths = [docs.path_of(system, tmp_path) for system in systems()]
    assert docs.write(systems(), tmp_path) == paths
    assert docs.stale(systems(), tmp_path) == []
    paths[0].write_text(paths[0].read_text() + "more")
    assert docs.stale(systems(), tmp_path) == [paths[0]]
    assert docs.write(systems(), tmp_path) == [paths[0]]
    assert docs.write(systems(), tmp_path) == []
