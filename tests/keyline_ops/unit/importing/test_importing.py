"""What an import makes of a file's records, of an outage, and of its own journal."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from keyline.errors import KeylineError
from keyline.run import AlreadyExistsError, RequestRefusedError, ThrottledError, UnavailableError
from keyline_ops.cli import app
from keyline_ops.importing.journal import MAX_REFUSALS, Outcome, RefusedRecord, journal, key_of
from keyline_ops.importing.run import Import, ImportStoppedError, RecordCheck, dry_run
from keyline_ops.importing.source import CHUNK, MAX_RECORD, Record, digest, records
from reports.settings import Settings
from reports.tables import Report
from systems.reports.importing import Candidate, Converter

MOMENT = "2026-01-31T00:00:00.000000Z"
CHECK = RecordCheck(Converter("ann", MOMENT, 3), Settings())
DEEP = "[" * 100_000


def read(path: Path, text: str) -> list[Record]:
    path.write_text(text, encoding="utf-8")
    return list(records(path))


def made(value: Any, converter: Converter = CHECK.converter) -> Candidate:
    found = RecordCheck(converter, Settings())(Record(1, 1, value))
    assert isinstance(found, Candidate), found
    return found


def refused(value: Any) -> tuple[str, str]:
    found = CHECK(Record(1, 1, value))
    assert isinstance(found, RefusedRecord), found
    return found.path, found.message


# --- the file -----------------------------------------------------------------------------


@pytest.mark.requirement("K-68")
def test_lines_and_lists_are_the_same_records(tmp_path: Path) -> None:
    values = [{"title": f'a ] , [ "{n}\n'} for n in range(3)]
    lines = "\n" + "\n\n".join(json.dumps(value) for value in values)
    assert [r.value for r in read(tmp_path / "a", lines)] == values
    assert [r.line for r in read(tmp_path / "a", lines)] == [2, 4, 6]
    listed = read(tmp_path / "b", " " + json.dumps(values, indent=1))
    assert [r.value for r in listed] == values
    assert [(r.number, r.line) for r in listed] == [(1, 2), (2, 5), (3, 8)]
    assert read(tmp_path / "c", "[]") == read(tmp_path / "d", "") == []
    assert [r.value for r in read(tmp_path / "e", "\ufeff[1, 23]")] == [1, 23]


@pytest.mark.requirement("K-68")
def test_a_list_is_read_across_the_ends_of_chunks(tmp_path: Path) -> None:
    values: list[Any] = [n * 1_234_567 for n in range(CHUNK // 4)]
    values += ["x" * CHUNK * 3, {"last": True}]
    assert [r.value for r in read(tmp_path / "a", json.dumps(values))] == values


def test_a_broken_line_is_a_fault_of_its_own(tmp_path: Path) -> None:
    long = '"' + "x" * (2 * MAX_RECORD) + '"'
    deep = f'{{"a": {DEEP}'
    found = read(
        tmp_path / "a", f'{{"a": 1}}\n{{broken\n{long}\n{{"a": NaN}}\n{deep}\n{{"a": 2}}\n'
    )
    assert [bool(r.fault) for r in found] == [False, True, True, True, True, False]
    assert [r.line for r in found] == [1, 2, 3, 4, 5, 6]
    assert "is longer than" in found[2].fault
    assert "too deeply" in found[4].fault


@pytest.mark.parametrize(
    "text",
    ['[{"a": 1} {"a": 2}]', '[{"a": 1},\n{broken]', '[{"a": 1}', '[{"a": 1}] x', "[1,]", DEEP],
    ids=["comma", "broken", "end", "more", "element", "deep"],
)
def test_a_broken_list_is_an_error_by_its_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(KeylineError, match=r"a, line \d: the list is broken"):
        read(tmp_path / "a", text)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(KeylineError, match="cannot be read: No such file"):
        digest(tmp_path / "none")


@pytest.mark.parametrize("form", ["{}\n{}\n{}\n", "[{},\n{},\n{}]"], ids=["lines", "list"])
def test_what_is_no_utf_8_is_a_fault_of_its_own(tmp_path: Path, form: str) -> None:
    texts = ['{"a": "é"}', '{"a": "\udce9"}', '{"a": "è"}']
    (tmp_path / "a").write_bytes(form.format(*texts).encode("utf-8", "surrogateescape"))
    found = list(records(tmp_path / "a"))
    assert [(r.line, r.value) for r in found] == [(1, {"a": "é"}), (2, None), (3, {"a": "è"})]
    assert "is no UTF-8" in found[1].fault


# --- a record -----------------------------------------------------------------------------


@pytest.mark.requirement("K-68")
def test_an_identifier_is_made_of_owner_and_content(tmp_path: Path) -> None:
    first = made({"title": "a", "favorites": ["x", "y"]})
    again = made({"favorites": ["y", "x"], "title": "a", "author": None})
    assert first.report.id == again.report.id
    others = [
        made({"title": "b", "favorites": ["x", "y"]}),
        made({"title": "a", "favorites": ["x"]}),
        made({"title": "a", "favorites": ["x", "y"], "user_id": "bob"}),
        made({"title": "a", "favorites": ["x", "y"], "created_at": "2026-01-01T00:00:00Z"}),
    ]
    assert len({first.report.id, *(other.report.id for other in others)}) == 5
    assert made({"title": "a", "id": "given"}).report.id == "given"


@pytest.mark.requirement("K-68")
def test_what_a_record_leaves_out_is_made_up() -> None:
    assert made({"title": "a"}).report == Report(
        id=made({"title": "a"}).report.id,
        user_id="ann",
        title="a",
        created_at=MOMENT,
        updated_at=MOMENT,
    )
    dated = made({"title": "a", "created_at": "2025-12-31T23:00:00-01:00"}).report
    assert dated.created_at == dated.updated_at == "2026-01-01T00:00:00.000000Z"


@pytest.mark.requirement("K-68")
def test_a_stored_report_is_compared_in_what_the_record_says() -> None:
    candidate = made({"title": "a", "id": "r"})
    stored = candidate.report
    later = msgspec.structs.replace(stored, created_at="x", updated_at="y", version=1)
    assert candidate.equals(later)
    for change in ({"title": "b"}, {"author": "c"}, {"favorites": {"z"}}, {"user_id": "bob"}):
        assert not candidate.equals(msgspec.structs.replace(stored, **change))
    dated = made({"title": "a", "id": "r", "created_at": "2026-01-01T00:00:00Z"})
    assert not dated.equals(msgspec.structs.replace(dated.report, created_at="x"))
    assert dated.equals(msgspec.structs.replace(dated.report, updated_at="x"))


@pytest.mark.parametrize(
    ("value", "path", "message"),
    [
        ("text", "", "is no JSON object"),
        ({}, "title", "missing required field"),
        ({"title": ""}, "title", "length >= 1"),
        ({"title": 5}, "title", "expected `str`"),
        ({"title": "a", "titel": "b"}, "titel", "no attribute"),
        ({"title": "a", "version": 0}, "version", ">= 1"),
        ({"title": "a", "favorites": ["a", 7]}, "favorites[1]", "expected `str`"),
        ({"title": "a", "favorites": ["a", "b", "c", "d"]}, "favorites", "holds 4"),
        ({"title": "a", "created_at": "2026-01-01T00:00:00"}, "created_at", "time zone"),
        ({"title": "a", "updated_at": "yesterday"}, "updated_at", "no moment"),
        ({"title": "a", "created_at": "0001-01-01T00:00:00+05:00"}, "created_at", "no moment"),
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
    nobody = Converter(None, MOMENT, 3)
    found = RecordCheck(nobody, Settings())(Record(1, 9, {"title": "a"}))
    assert isinstance(found, RefusedRecord)
    assert (found.line, found.path) == (9, "user_id")
    assert "--user-id" in found.suggestion
    assert made({"title": "a", "user_id": "bob"}).report.user_id == "bob"


# --- the journal --------------------------------------------------------------------------


def test_a_journal_goes_on_where_it_was_cut_off(tmp_path: Path) -> None:
    refusal = RefusedRecord(3, "title", "is bad.", "")
    with journal(tmp_path, "key", MOMENT) as kept:
        kept.begin(250)
        kept.finish(250, Outcome(248, 1, (refusal,)))
        kept.begin(500)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes() + b'{"type":"done","upt')
    for _ in range(2):
        with journal(tmp_path, "key", "another moment") as kept:
            progress = kept.progress
            assert progress.moment == MOMENT
            assert (progress.done, progress.begun) == (250, 500)
            assert (progress.imported, progress.existing, progress.refused) == (248, 1, 1)
            assert progress.refusals == [refusal]


def test_two_imports_of_one_file_at_once_are_refused(tmp_path: Path) -> None:
    with (
        journal(tmp_path, "key", MOMENT),
        pytest.raises(KeylineError, match="is running already"),
        journal(tmp_path, "key", MOMENT),
    ):
        pass


def test_a_file_that_is_no_journal_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "key.jsonl").write_text("something else\n")
    with (
        pytest.raises(KeylineError, match="is no journal"),
        journal(tmp_path, "key", MOMENT),
    ):
        pass


def test_another_file_table_or_owner_is_another_import() -> None:
    keys = {key_of("d", "dev", "t", None), key_of("d", "dev", "t", "ann"), key_of("d", "dev", "u")}
    assert len(keys) == 3


# --- outages ------------------------------------------------------------------------------


class Reports:
    """A repository whose calls fail as they are told to."""

    def __init__(self, failures: Iterable[KeylineError] = ()) -> None:
        self.stored: dict[str, Report] = {}
        self.failures = list(failures)

    def create_report(self, report: Report) -> Report:
        if self.failures:
            raise self.failures.pop(0)
        if report.id in self.stored:
            raise AlreadyExistsError("report-create", "is there.", current=self.stored[report.id])
        self.stored[report.id] = report
        return report


def lines(count: int) -> list[Record]:
    return [Record(n, n, {"title": f"Report {n}"}) for n in range(1, count + 1)]


def importing(repository: Reports, kept: Any, waits: list[int]) -> Import:
    return Import(
        repository,  # type: ignore[arg-type] # as much of one as is used
        CHECK,
        kept,
        batch=5,
        concurrency=1,
        attempts=3,
        wait=waits.append,
    )


def test_a_throttled_write_is_tried_again_with_growing_pauses(tmp_path: Path) -> None:
    waits: list[int] = []
    repository = Reports(
        [ThrottledError("report-create"), UnavailableError("report-create", "no answer.")]
    )
    with journal(tmp_path, "key", MOMENT) as kept:
        progress = importing(repository, kept, waits).run(lines(12))
    assert waits == [1, 2]
    assert (progress.imported, progress.refused, len(repository.stored)) == (12, 0, 12)


@pytest.mark.requirement("K-68")
@pytest.mark.parametrize(
    "failure",
    [ThrottledError("report-create"), RequestRefusedError("report-create", "AccessDenied", "no")],
    ids=["throttled", "denied"],
)
def test_what_does_not_pass_stops_the_import_and_keeps_what_is_done(
    tmp_path: Path, failure: KeylineError
) -> None:
    repository = Reports()
    with (
        journal(tmp_path, "key", MOMENT) as kept,
        pytest.raises(ImportStoppedError, match=r"line 6 and following: .*5 records are done"),
    ):
        work = importing(repository, kept, [])

        def fail_later() -> Iterable[Record]:
            for record in lines(12):
                if record.number == 8:
                    repository.failures = [failure] * 20
                yield record

        work.run(fail_later())
    repository.failures = []
    with journal(tmp_path, "key", MOMENT) as kept:
        assert (kept.progress.done, kept.progress.begun) == (5, 10)
        progress = importing(repository, kept, []).run(lines(12))
    assert (progress.imported, progress.existing) == (12, 0)


@pytest.mark.requirement("K-68")
def test_of_one_identifier_the_first_record_counts(tmp_path: Path) -> None:
    same = [
        Record(1, 1, {"id": "r", "title": "first"}),
        Record(2, 2, {"id": "r", "title": "second"}),
        Record(3, 3, {"id": "r", "title": "first"}),
    ]
    repository = Reports()
    with journal(tmp_path, "key", MOMENT) as kept:
        progress = importing(repository, kept, []).run(same)
    assert (progress.imported, progress.existing, progress.refused) == (1, 1, 1)
    assert progress.refusals[0].line == 2
    assert repository.stored["r"].title == "first"


def test_refused_lines_are_told_up_to_a_number_and_all_counted() -> None:
    bad = [Record(n, n, {}) for n in range(1, MAX_REFUSALS + 50)]
    progress = dry_run(bad, CHECK, MOMENT)
    assert (progress.refused, len(progress.refusals)) == (MAX_REFUSALS + 49, MAX_REFUSALS)


# --- the command --------------------------------------------------------------------------


@pytest.mark.requirement("X-17")
def test_a_dry_run_needs_no_table_and_names_each_line(tmp_path: Path) -> None:
    file = tmp_path / "reports.json"
    file.write_text(json.dumps([{"title": "a"}, {"title": "b", "user_id": "bob"}], indent=1))
    run = CliRunner().invoke(app, ["import", str(file), "--dry-run", "--environment", "prod"])
    assert run.exit_code == 1
    assert "user_id" in run.output and "1 report could be imported, 1 line refused" in run.output
    run = CliRunner().invoke(app, ["import", str(file), "--dry-run", "--user-id", "a", "--json"])
    assert run.exit_code == 0, run.output
    document = json.loads(run.stdout)
    assert (document["valid"], document["refused"], document["refusals"]) == (2, 0, [])
    run = CliRunner().invoke(app, ["import", str(tmp_path / "none"), "--dry-run"])
    assert isinstance(run.exception, KeylineError)


@pytest.mark.parametrize("user_id", ["", "u" * 129, "\udcff"])
def test_an_owner_that_no_record_could_name_is_refused(tmp_path: Path, user_id: str) -> None:
    file = tmp_path / "reports.jsonl"
    file.write_text('{"title": "a"}')
    run = CliRunner().invoke(app, ["import", str(file), "--dry-run", "--user-id", user_id])
    assert isinstance(run.exception, KeylineError)
    assert run.exception.path == "--user-id"


@pytest.mark.parametrize("listed", [False, True], ids=["lines", "list"])
def test_a_large_file_is_never_held_whole(tmp_path: Path, listed: bool) -> None:
    lines = [json.dumps({"title": "x" * 20_000})] * 500  # 10 MB
    path = tmp_path / "large"
    path.write_text("[" + ",\n".join(lines) + "]" if listed else "\n".join(lines))
    tracemalloc.start()
    try:
        found = sum(1 for _ in records(path))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found == 500
    assert peak < 1_000_000
