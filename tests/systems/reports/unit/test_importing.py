"""Test what an import makes of a record of a report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from keyline.errors import KeylineError
from keyline_ops.cli import app
from keyline_ops.importing.declaration import Candidate
from keyline_ops.importing.journal import RefusedRecord
from keyline_ops.importing.run import Ready, RecordCheck
from keyline_ops.importing.source import Record
from reports.settings import Settings
from reports.tables import Report
from systems.reports.importing import IMPORT, Options, converter

MOMENT = "2026-01-31T00:00:00.000000Z"
SETTINGS = Settings(max_favorites=3)


def check(options: Options) -> RecordCheck[Report]:
    return RecordCheck(IMPORT.pattern, converter(options, SETTINGS, MOMENT), SETTINGS)


CHECK = check(Options(user_id="ann"))


def made(value: Any) -> Candidate[Report]:
    found = CHECK(Record(1, 1, value))
    assert isinstance(found, Ready), found
    return found.candidate


def refused(value: Any) -> tuple[str, str]:
    found = CHECK(Record(1, 1, value))
    assert isinstance(found, RefusedRecord), found
    return found.path, found.message


@pytest.mark.requirement("K-68")
def test_an_identifier_is_made_of_owner_and_content(tmp_path: Path) -> None:
    first = made({"title": "a", "favorites": ["x", "y"]})
    again = made({"favorites": ["y", "x"], "title": "a", "author": None})
    assert first.item.id == again.item.id
    others = [
        made({"title": "b", "favorites": ["x", "y"]}),
        made({"title": "a", "favorites": ["x"]}),
        made({"title": "a", "favorites": ["x", "y"], "user_id": "bob"}),
        made({"title": "a", "favorites": ["x", "y"], "created_at": "2026-01-01T00:00:00Z"}),
    ]
    assert len({first.item.id, *(other.item.id for other in others)}) == 5
    assert made({"title": "a", "id": "given"}).item.id == "given"


@pytest.mark.requirement("K-68")
def test_what_a_record_leaves_out_is_made_up() -> None:
    assert made({"title": "a"}).item == Report(
        id=made({"title": "a"}).item.id,
        user_id="ann",
        title="a",
        created_at=MOMENT,
        updated_at=MOMENT,
    )
    dated = made({"title": "a", "created_at": "2025-12-31T23:00:00-01:00"}).item
    assert dated.created_at == dated.updated_at == "2026-01-01T00:00:00.000000Z"


@pytest.mark.requirement("K-68")
def test_a_stored_report_is_compared_in_what_the_record_says() -> None:
    candidate = made({"title": "a", "id": "r"})
    stored = candidate.item
    later = msgspec.structs.replace(stored, created_at="x", updated_at="y", version=1)
    assert candidate.equals(later)
    for change in ({"title": "b"}, {"author": "c"}, {"favorites": {"z"}}, {"user_id": "bob"}):
        assert not candidate.equals(msgspec.structs.replace(stored, **change))
    dated = made({"title": "a", "id": "r", "created_at": "2026-01-01T00:00:00Z"})
    assert not dated.equals(msgspec.structs.replace(dated.item, created_at="x"))
    assert dated.equals(msgspec.structs.replace(dated.item, updated_at="x"))


@pytest.mark.parametrize(
    ("value", "path", "message"),
    [
        ("text", "", "is not a JSON object"),
        ({}, "title", "is missing."),
        ({"title": ""}, "title", "must be text of 1 to 300 characters"),
        ({"title": 5}, "title", "must be text of 1 to 300 characters"),
        ({"title": "a", "titel": "b"}, "titel", "not an attribute"),
        ({"title": "a", "version": 0}, "version", "must be a whole number from 1"),
        ({"title": "a", "favorites": ["a", 7]}, "favorites[1]", "must be text"),
        ({"title": "   "}, "title", "not blank"),
        ({"title": "a\0"}, "title", "without control characters"),
        ({"title": "a", "id": "2026/01"}, "id", "without a slash"),
        ({"title": "a", "id": ".."}, "id", 'not "." or ".."'),
        ({"title": "a", "id": "a\0b"}, "id", "a control character"),
        ({"title": "a", "favorites": ["sku/1"]}, "favorites[0]", "without a slash"),
        ({"title": "a", "user_id": "a\0b"}, "user_id", "without control characters"),
        ({"title": "a", "date": "2026-02-30"}, "date", "must be a date that exists"),
        ({"title": "a", "date": "10000-01-01"}, "date", "must be a date that exists"),
        ({"title": "a", "date": "٢٠٢٦-01-31"}, "date", "must be a date that exists"),
        ({"title": "a", "favorites": ["a", "b", "c", "d"]}, "favorites", "holds 4"),
        ({"title": "a", "created_at": "2026-01-01T00:00:00"}, "created_at", "time zone"),
        ({"title": "a", "updated_at": "yesterday"}, "updated_at", "not a moment"),
        ({"title": "a", "created_at": "0001-01-01T00:00:00+05:00"}, "created_at", "not a moment"),
        ({"title": "\ud800"}, "", "surrogate"),
    ],
)
def test_what_is_no_report_is_refused_by_its_place(value: Any, path: str, message: str) -> None:
    said = refused(value)
    assert said[0] == path
    assert message in said[1]


def test_what_is_nested_too_deeply_is_refused() -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    assert refused({"title": value}) == ("", "is nested too deeply.")


@pytest.mark.requirement("K-68")
def test_an_owner_is_named_by_the_record_or_for_all() -> None:
    found = check(Options())(Record(1, 9, {"title": "a"}))
    assert isinstance(found, RefusedRecord)
    assert (found.line, found.path) == (9, "user_id")
    assert "--set user_id=" in found.suggestion
    assert made({"title": "a", "user_id": "bob"}).item.user_id == "bob"


def test_the_key_of_a_report_is_its_identifier() -> None:
    found = CHECK(Record(1, 1, {"title": "a", "id": "r"}))
    assert isinstance(found, Ready)
    assert found.key == (("id", "r"),)


@pytest.mark.requirement("X-17")
def test_a_dry_run_needs_no_table_and_names_each_line(tmp_path: Path) -> None:
    file = tmp_path / "reports.json"
    file.write_text(json.dumps([{"title": "a"}, {"title": "b", "user_id": "bob"}], indent=1))
    dry = ["import", "reports", str(file), "--dry-run"]
    run = CliRunner().invoke(app, [*dry, "--environment", "prod"])
    assert run.exit_code == 1
    assert "user_id" in run.output and "1 report could be imported, 1 line refused" in run.output
    run = CliRunner().invoke(app, [*dry, "--set", "user_id=a", "--json"])
    assert run.exit_code == 0, run.output
    document = json.loads(run.stdout)
    assert (document["valid"], document["refused"], document["refusals"]) == (2, 0, [])


@pytest.mark.parametrize("user_id", ["", "u" * 129, "\udcff"])
def test_an_owner_that_no_record_could_name_is_refused(tmp_path: Path, user_id: str) -> None:
    file = tmp_path / "reports.jsonl"
    file.write_text('{"title": "a"}')
    command = ["import", "reports", str(file), "--dry-run", "--set", f"user_id={user_id}"]
    run = CliRunner().invoke(app, command)
    assert isinstance(run.exception, KeylineError)
    assert run.exception.path == "--set user_id"
