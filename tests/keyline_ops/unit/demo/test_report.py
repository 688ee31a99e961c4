"""Test what the demonstration's report makes of the functions' metrics."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from keyline.model import Function, Get, Key, Put, System, Table, TransactWrite
from keyline_ops.demo import report


class Note(msgspec.Struct):
    """An item."""

    noteId: str
    text: str


NOTES = Table("NotesOfTests", "Key design: a note by its id.", key=Key("noteId"), entities=[Note])
GET = Get(name="note-get", why="Show.", table=NOTES, shape=Note, item_bytes=100, per_month=1)
PUT = Put(
    name="note-put",
    why="Store.",
    table=NOTES,
    shape=Note,
    item_bytes=100,
    per_month=1,
    above_floor="It is written twice.",
)
PART = Put(name="note-part", why="Store.", table=NOTES, shape=Note, item_bytes=100, per_month=1)
BOTH = TransactWrite(
    name="notes-put",
    why="Store.",
    table=NOTES,
    shape=Note,
    parts=(PART,),
    item_bytes=9,
    per_month=1,
)
SYSTEM = System(
    name="notes",
    title="Notes",
    tables=(NOTES,),
    functions=(Function(name="all", handler="notes.all", why="All.", patterns=(GET, PUT, BOTH)),),
)


def emf(pattern: str, **values: Any) -> Mapping[str, Any]:
    calls = len(next(iter(values.values())))
    nothing = [0.0] * calls
    return {
        "_aws": {"CloudWatchMetrics": [{"Namespace": "Keyline"}]},
        "System": "notes",
        "Pattern": pattern,
        "Latency": [1.0] * calls,
        "ReadUnits": nothing,
        "WriteUnits": nothing,
        "Items": nothing,
        **values,
    }


def rows_of(*documents: Mapping[str, Any]) -> dict[str, report.PatternRow]:
    return {row.pattern: row for row in report.collect([SYSTEM], documents)}


def test_a_row_for_each_pattern_that_is_called() -> None:
    rows = rows_of()
    assert list(rows) == ["note-get", "note-put", "notes-put"]
    assert rows["note-get"].fault == "never ran"
    assert rows["notes-put"].target == "NotesOfTests"


def test_units_and_latencies_add_up_over_documents() -> None:
    row = rows_of(
        emf("note-get", Latency=[3.0, 1.0], ReadUnits=[0.5, 0.5], Items=[1, 1], Floor=[0.5, 0.5]),
        emf("note-get", Latency=[2.0], ReadUnits=[1.0], Items=[0], Floor=[1.0]),
    )["note-get"]
    assert (row.calls, row.p50, row.p99) == (3, 2.0, 3.0)
    assert (row.read_units, row.floor, row.items, row.fault) == (2.0, 2.0, 2, None)


def test_what_cost_more_than_its_items_is_a_fault() -> None:
    row = rows_of(emf("note-get", ReadUnits=[1.0], Floor=[0.5]))["note-get"]
    assert row.fault == "consumed 1 units where the item sizes imply 0.5"


def test_a_declared_reason_excuses_it() -> None:
    assert rows_of(emf("note-put", WriteUnits=[2.0], Floor=[1.0]))["note-put"].fault is None


def test_a_write_of_unknown_floor_is_held_against_the_declared_size() -> None:
    # a transaction of two puts of 100 B: a write unit each, doubled
    within = rows_of(emf("notes-put", WriteUnits=[4.0], Items=[2]))["notes-put"]
    assert (within.floor, within.bounded, within.fault) == (4.0, True, None)
    above = rows_of(emf("notes-put", WriteUnits=[6.0], Items=[2]))["notes-put"]
    assert above.fault == "consumed 6 units where the item sizes imply 4"


def test_a_read_that_tells_no_floor_is_a_fault() -> None:
    row = rows_of(emf("note-get", ReadUnits=[0.5]))["note-get"]
    assert row.fault == "consumed 0.5 units where the item sizes imply 0"


def test_a_call_that_was_refused_costs_nothing_and_bounds_nothing() -> None:
    row = rows_of(emf("notes-put", WriteUnits=[0.0], Items=[0]))["notes-put"]
    assert (row.floor, row.bounded, row.fault) == (0.0, False, None)


def test_failed_calls_are_a_fault() -> None:
    row = rows_of(emf("note-get", ReadUnits=[1.0, 0.0], Floor=[1.0, None], Errors=[0, 1]))[
        "note-get"
    ]
    assert row.fault == "1 of 2 calls failed"


def test_metrics_of_others_are_left_alone() -> None:
    other = emf("note-get", ReadUnits=[1.0])
    named = {**other, "_aws": {"CloudWatchMetrics": [{"Namespace": "Other"}]}}
    assert rows_of({**other, "System": "else"}, named)["note-get"].calls == 0


def test_what_did_not_run_on_old_data_is_no_fault_but_is_said() -> None:
    out = io.StringIO()
    failed = emf("note-get", ReadUnits=[1.0], Floor=[1.0], Errors=[1])
    rows = report.collect([SYSTEM], [failed], old=["notes"])
    report.show(rows, Console(file=out, width=60))
    text = " ".join(out.getvalue().split())
    assert {row.pattern: row.fault for row in rows} == {
        "note-get": "1 of 1 calls failed",
        "note-put": None,
        "notes-put": None,
    }
    assert "notes note-put: not run again on old data" in text
    assert "notes note-get: not run again" not in text


def test_old_data_of_another_system_excuses_nothing() -> None:
    rows = report.collect([SYSTEM], [], old=["other"])
    assert {row.fault for row in rows} == {"never ran"}


def test_faults_and_reasons_are_said_below_the_table() -> None:
    out = io.StringIO()
    documents = [
        emf("note-get", ReadUnits=[1.0], Floor=[0.5]),
        emf("note-put", WriteUnits=[2.0], Floor=[1.0]),
    ]
    report.show(report.collect([SYSTEM], documents), Console(file=out, width=60))
    text = " ".join(out.getvalue().split())
    assert "note-put: above its floor, as declared: It is written twice." in text
    assert "notes note-get: consumed 1 units" in text
    assert "NotesOfTests" in text


def test_the_json_says_what_the_table_says(tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.json"
    rows = report.collect([SYSTEM], [emf("note-get", ReadUnits=[0.5], Floor=[0.5])])
    report.write(rows, path, {"sources": ["a sample"]})
    written = json.loads(path.read_text())
    assert written["sources"] == ["a sample"]
    assert [p["pattern"] for p in written["patterns"]] == ["note-get", "note-put", "notes-put"]
    assert written["patterns"][0]["read_units"] == 0.5
    assert written["patterns"][1]["fault"] == "never ran"
