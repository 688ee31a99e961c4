"""Test what an import makes of a file's records, of an outage, and of its own journal."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import msgspec
import pytest
from typer.testing import CliRunner, Result

from keyline.errors import KeylineError
from keyline.model import Put
from keyline.run import AlreadyExistsError, RequestRefusedError, ThrottledError, UnavailableError
from keyline_ops.cli import app
from keyline_ops.importing import declaration
from keyline_ops.importing.journal import (
    MAX_REFUSALS,
    Journal,
    Outcome,
    RefusedRecord,
    journal,
    key_of,
)
from keyline_ops.importing.options import described, options_of
from keyline_ops.importing.run import ImportStoppedError, Ready, RecordCheck, Run, dry_run
from keyline_ops.importing.source import CHUNK, MAX_RECORD, Record, digest, records
from tests.support.sample.account_import import IMPORT, Options, converter
from tests.support.sample.accounts import PUT_ACCOUNT, Account
from tests.support.sample.shop import Settings

ItemT = TypeVar("ItemT", bound=msgspec.Struct)

MOMENT = "2026-01-31T00:00:00.000000Z"
CHECK = RecordCheck(PUT_ACCOUNT, converter(Options(name="ann"), Settings(), MOMENT), Settings())
DEEP = "[" * 100_000


def read(path: Path, text: str) -> list[Record]:
    path.write_text(text, encoding="utf-8")
    return list(records(path))


def ready(value: Any) -> Ready[Account]:
    found = CHECK(Record(1, 1, value))
    assert isinstance(found, Ready), found
    return found


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
    assert "is not UTF-8" in found[1].fault


# --- a record -----------------------------------------------------------------------------


def test_a_stored_item_is_compared_in_what_the_record_says() -> None:
    candidate = ready({"accountId": 1, "name": "a"}).candidate
    stored = candidate.item
    assert candidate.equals(msgspec.structs.replace(stored, balance=7))
    assert not candidate.equals(msgspec.structs.replace(stored, name="b"))
    balanced = ready({"accountId": 1, "name": "a", "balance": 7}).candidate
    assert not balanced.equals(stored)


def test_the_key_of_a_record_is_its_item_s_key_in_the_table() -> None:
    assert ready({"accountId": 1, "name": "a"}).key == (("pk", "ACCOUNT#1"), ("sk", "PROFILE"))


def test_what_cannot_be_an_item_is_refused_by_its_line() -> None:
    broken = CHECK(Record(1, 9, fault="is not JSON."))
    assert broken == RefusedRecord(9, "", "is not JSON.", "Correct the line.")
    refused = CHECK(Record(1, 9, {"accountId": "x"}))
    assert isinstance(refused, RefusedRecord)
    assert (refused.line, refused.path) == (9, "")
    large = CHECK(Record(1, 9, {"accountId": 1, "name": "n" * 500_000}))
    assert isinstance(large, RefusedRecord)
    assert "of 409600 B" in large.message


# --- the options --------------------------------------------------------------------------


def test_options_are_typed_by_the_import_s_struct() -> None:
    assert options_of([], Options) == Options()
    assert options_of(["name=a=b", "most=5"], Options) == Options(name="a=b", most=5)
    assert options_of(["most=5", "most=6"], Options).most == 6
    assert described(Options) == {"name": "The name of those without.", "most": ""}


@pytest.mark.parametrize(
    ("text", "path", "message", "suggestion"),
    [
        ("name", "--set name", "is not NAME=VALUE", "'name'"),
        ("nmae=a", "--set nmae", "is not an option", "'name'"),
        (
            "name=",
            "--set name",
            "must be text of 1 character or more.",
            "The name of those without.",
        ),
        ("most=few", "--set most", "must be a whole number.", ""),
        ("name=\udcff", "--set name", "is not UTF-8", ""),
    ],
)
def test_an_option_that_cannot_be_used_is_refused(
    text: str, path: str, message: str, suggestion: str
) -> None:
    with pytest.raises(KeylineError) as refused:
        options_of([text], Options)
    assert refused.value.path == path
    assert message in refused.value.message
    assert suggestion in refused.value.suggestion


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
        pytest.raises(KeylineError, match="is not a journal"),
        journal(tmp_path, "key", MOMENT),
    ):
        pass


def test_another_file_table_or_option_is_another_import() -> None:
    keys = {key_of("d", "dev", "t", None), key_of("d", "dev", "t", "ann"), key_of("d", "dev", "u")}
    assert len(keys) == 3


# --- outages ------------------------------------------------------------------------------


class Accounts:
    """A store whose calls fail as they are told to."""

    def __init__(self, failures: Iterable[KeylineError] = ()) -> None:
        self.stored: dict[int, Any] = {}
        self.failures = list(failures)

    def put(self, pattern: Put[ItemT], item: ItemT, /) -> ItemT:
        if self.failures:
            raise self.failures.pop(0)
        assert pattern is PUT_ACCOUNT
        assert isinstance(item, Account)
        if item.accountId in self.stored:
            current = self.stored[item.accountId]
            raise AlreadyExistsError(pattern.name, "is there.", current=current)
        self.stored[item.accountId] = item
        return item


def lines(count: int) -> list[Record]:
    return [Record(n, n, {"accountId": n}) for n in range(1, count + 1)]


def importing(store: Accounts, kept: Journal, waits: list[int]) -> Run[Account]:
    return Run(store, "account", CHECK, kept, batch=5, concurrency=1, attempts=3, wait=waits.append)


def test_a_throttled_write_is_tried_again_with_growing_pauses(tmp_path: Path) -> None:
    waits: list[int] = []
    store = Accounts([ThrottledError("put-account"), UnavailableError("put-account", "no answer.")])
    with journal(tmp_path, "key", MOMENT) as kept:
        progress = importing(store, kept, waits).run(lines(12))
    assert waits == [1, 2]
    assert (progress.imported, progress.refused, len(store.stored)) == (12, 0, 12)


@pytest.mark.requirement("K-68")
@pytest.mark.parametrize(
    "failure",
    [ThrottledError("put-account"), RequestRefusedError("put-account", "AccessDenied", "no")],
    ids=["throttled", "denied"],
)
def test_what_does_not_pass_stops_the_import_and_keeps_what_is_done(
    tmp_path: Path, failure: KeylineError
) -> None:
    store = Accounts()
    with (
        journal(tmp_path, "key", MOMENT) as kept,
        pytest.raises(ImportStoppedError, match=r"line 6 and following: .*5 records are done"),
    ):
        work = importing(store, kept, [])

        def fail_later() -> Iterable[Record]:
            for record in lines(12):
                if record.number == 8:
                    store.failures = [failure] * 20
                yield record

        work.run(fail_later())
    store.failures = []
    with journal(tmp_path, "key", MOMENT) as kept:
        assert (kept.progress.done, kept.progress.begun) == (5, 10)
        progress = importing(store, kept, []).run(lines(12))
    assert (progress.imported, progress.existing) == (12, 0)


@pytest.mark.requirement("K-68")
def test_of_one_key_the_first_record_counts(tmp_path: Path) -> None:
    same = [
        Record(1, 1, {"accountId": 7, "name": "first"}),
        Record(2, 2, {"accountId": 7, "name": "second"}),
        Record(3, 3, {"accountId": 7, "name": "first"}),
    ]
    store = Accounts()
    with journal(tmp_path, "key", MOMENT) as kept:
        progress = importing(store, kept, []).run(same)
    assert (progress.imported, progress.existing, progress.refused) == (1, 1, 1)
    (refusal,) = progress.refusals
    assert (refusal.line, refusal.path) == (2, "pk, sk")
    assert "another account 'ACCOUNT#7', 'PROFILE', which differs" in refusal.message
    assert store.stored[7].name == "first"


def test_refused_lines_are_told_up_to_a_number_and_all_counted() -> None:
    bad = [Record(n, n, {}) for n in range(1, MAX_REFUSALS + 50)]
    progress = dry_run(bad, CHECK, MOMENT)
    assert (progress.refused, len(progress.refusals)) == (MAX_REFUSALS + 49, MAX_REFUSALS)


# --- the command --------------------------------------------------------------------------


@pytest.fixture
def sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a system `orders` have an import, and `bare` none."""
    parts = {"orders": SimpleNamespace(IMPORT=IMPORT), "bare": None}
    monkeypatch.setattr(declaration, "names", lambda: tuple(parts))
    monkeypatch.setattr(declaration, "part", lambda system, _: parts[system])


def keyline(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["import", *arguments])


@pytest.mark.requirement("X-17")
@pytest.mark.usefixtures("sample")
def test_a_dry_run_needs_no_table_and_names_each_line(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    file.write_text(json.dumps([{"accountId": 1}, {"accountId": 2, "name": "bob"}], indent=1))
    run = keyline("orders", str(file), "--dry-run", "--environment", "prod")
    assert run.exit_code == 1
    assert "is missing" in run.output
    assert "1 account could be imported, 1 line refused" in run.output
    run = keyline("orders", str(file), "--dry-run", "--set", "name=a", "--json")
    assert run.exit_code == 0, run.output
    document = json.loads(run.stdout)
    assert (document["valid"], document["refused"], document["refusals"]) == (2, 0, [])
    run = keyline("orders", str(tmp_path / "none"), "--dry-run")
    assert isinstance(run.exception, KeylineError)


@pytest.mark.usefixtures("sample")
@pytest.mark.parametrize(
    ("system", "message"),
    [("nothing", "is not a system."), ("bare", "has no import.")],
)
def test_a_system_without_an_import_is_refused_with_those_that_have_one(
    system: str, message: str, tmp_path: Path
) -> None:
    run = keyline(system, str(tmp_path))
    assert isinstance(run.exception, KeylineError)
    assert run.exception.path == f"import {system}"
    assert run.exception.message == message
    assert run.exception.suggestion == "Use one of: orders."


@pytest.mark.usefixtures("sample")
def test_the_help_tells_the_options_of_each_import() -> None:
    said = " ".join(keyline("--help").output.split())
    assert "Systems with an import: orders." in said
    assert "orders takes --set name=VALUE: The name of those without." in said


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
