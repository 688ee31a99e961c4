"""The forecast, on a small system whose every figure can be worked out by hand."""

from __future__ import annotations

import json
import re
from io import StringIO

import msgspec
import pytest
from msgspec.structs import replace
from rich.console import Console
from typer.testing import CliRunner

from keyline.errors import KeylineError
from keyline.model import (
    KEYS_ONLY,
    BatchWrite,
    Delete,
    Function,
    Get,
    Index,
    Key,
    Put,
    Query,
    Retention,
    System,
    Table,
    TransactGet,
    TransactWrite,
    Ttl,
    Update,
    equals,
)
from keyline_deploy.environment import load
from keyline_deploy.systems import systems
from keyline_ops.cli import app
from keyline_ops.costs.forecast import Forecast, forecast, stored_items
from keyline_ops.costs.prices import CURRENT, prices_of
from keyline_ops.costs.show import show
from keyline_ops.costs.units import NOTHING, Bounds, creates


class Note(msgspec.Struct, kw_only=True):
    room: str
    number: int
    author: str
    mood: str | None = None
    stars: int = 0
    version: int = 1


class Settings(msgspec.Struct, frozen=True):
    days: float = 15
    shards: int = 4


NOTES = Table(
    "Notes",
    "Key design: a room's notes together.",
    key=Key("room", "number"),
    entities=[Note],
    indexes=[
        Index(name="ByAuthor", key=Key("author"), why="An author's.", shards="shards"),
        Index(name="ByMood", key=Key("mood"), why="By mood.", sparse=True, projection=KEYS_ONLY),
    ],
)
GET = Get(name="get", why="One.", table=NOTES, shape=Note, item_bytes=5_000, per_month=1_000)
PUT = Put(name="put", why="New.", table=NOTES, shape=Note, item_bytes=1_500, per_month=1_000_000)


class Mood(msgspec.Struct, kw_only=True):
    mood: str
    room: str
    number: int


BY_AUTHOR = Query(
    name="by-author",
    why="An author's.",
    table=NOTES,
    shape=Note,
    index="ByAuthor",
    item_bytes=1_000,
    items=40,
    page=40,
    per_month=1_000,
)
BY_MOOD = Query(
    name="by-mood",
    why="By mood.",
    table=NOTES,
    shape=Mood,
    index="ByMood",
    item_bytes=50,
    per_month=1_000,
)


def system_of(*patterns: object, table: Table = NOTES) -> System:
    used = tuple(replace(p, table=table) for p in (BY_AUTHOR, BY_MOOD)) + patterns
    function = Function(name="all", handler="notes.handlers.all.handler", why="All.", patterns=used)  # type: ignore[arg-type] # patterns
    return System(
        name="notes", title="Notes", tables=(table,), functions=(function,), settings=Settings
    )


def units(result: Forecast, name: str) -> Bounds:
    return next(row.units_per_call for row in result.patterns if row.pattern == name)


def of(*patterns: object, table: Table = NOTES) -> Forecast:
    return forecast(system_of(*patterns, table=table), Settings(), CURRENT)


def test_reads_are_rounded_by_item_or_page_and_halved_unless_consistent() -> None:
    result = of(GET, replace(GET, name="now", consistent=True))
    assert units(result, "get") == Bounds.of(1.0)  # ⌈5,000 / 4,096⌉ / 2
    assert units(result, "now") == Bounds.of(2.0)
    assert units(result, "by-mood") == Bounds.of(0.5)  # ten of 50 B are one page


def test_a_sharded_page_reads_each_shard() -> None:
    # Four shards: of ten items each, ⌈10,000 / 4,096⌉ / 2; or of the whole page each, 40,000 B.
    assert units(of(), "by-author") == Bounds(4 * 1.5, 4 * 5.0)
    to_the_end = replace(BY_AUTHOR, name="all-of-author", items=4_000)
    assert units(of(to_the_end), "all-of-author").exact


def test_what_a_filter_leaves_out_is_paid_for_and_a_small_share_is_warned_of() -> None:
    room = replace(BY_AUTHOR, index=None, items=10)
    some = replace(room, name="some", where=(equals("mood"),), hits=0.5)
    few = replace(some, name="few", hits=0.05)
    result = of(some, few)
    assert units(result, "some") == Bounds.of(2.5)  # 20 of 1,000 B: ⌈20,000 / 4,096⌉ / 2
    assert units(result, "few") == Bounds.of(24.5)  # 200
    (warning,) = result.warnings
    assert warning.startswith("few: keeps 5.0% of the items that it reads, and pays for all.")


@pytest.mark.requirement("X-15")
def test_a_write_pays_for_each_copy_and_twice_in_a_transaction() -> None:
    # 1,500 B are 2 units: in the table, in ByAuthor, and at most in the sparse ByMood.
    assert units(of(PUT), "put") == Bounds(4, 6)
    touch = Update(
        name="touch",
        why="Count.",
        table=NOTES,
        shape=Note,
        add=("stars",),
        item_bytes=1_500,
    )
    plain, once = replace(touch, name="plain"), replace(touch, name="once", exactly_once=True)
    plain_units = units(of(plain), "plain")
    assert units(of(once), "once") == Bounds(plain_units.least + 2, plain_units.most + 2)
    both = TransactWrite(
        name="both",
        why="Both.",
        table=NOTES,
        shape=Note,
        parts=(PUT, touch),
        item_bytes=1_500,
        per_month=10,
    )
    assert units(of(both), "both") == Bounds(12, 16)
    pair = TransactGet(
        name="pair",
        why="Both.",
        table=NOTES,
        shape=Note,
        parts=(GET,),
        items=3,
        item_bytes=5_000,
        per_month=10,
    )
    assert units(of(pair), "pair") == Bounds.of(3 * 2 * 2)


def test_what_may_meet_an_item_creates_at_most_one() -> None:
    overwrite = replace(PUT, name="set", replace=True)
    assert creates(PUT) == Bounds.of(1)
    assert creates(overwrite) == Bounds(0, 1)
    assert creates(replace(overwrite, conditions=(equals("version"),))) == NOTHING
    batch = BatchWrite(
        name="many", why="Many.", table=NOTES, shape=Note, items=7, item_bytes=100, per_month=1
    )
    assert creates(batch) == Bounds(0, 7)
    drop = Delete(name="drop", why="One.", table=NOTES, shape=Note, item_bytes=100, per_month=1)
    assert creates(drop) == NOTHING


@pytest.mark.requirement("X-15")
def test_storage_counts_the_overhead_of_every_copy_and_recovery_of_the_table_alone() -> None:
    (row,) = of(PUT).tables
    assert row.items == Bounds.of(12e6)
    assert row.table_gb.most == pytest.approx(12e6 * 1_600 / 1e9)
    assert row.index_gb.least == pytest.approx(12e6 * 1_600 / 1e9)  # none has a mood
    assert row.index_gb.most == pytest.approx(2 * 12e6 * 1_600 / 1e9)
    assert row.storage_usd.most == pytest.approx(3 * 19.2 * 0.25)
    assert row.recovery_usd == row.table_gb * 0.20


def test_what_expires_is_stored_for_as_long_as_it_is_kept() -> None:
    class Kept(Note, kw_only=True):
        ttl: int | None = None

    table = replace(
        NOTES, entities=[Kept], indexes=NOTES.indexes[:1], ttl=Ttl("ttl", Retention(days="days"))
    )
    put = replace(PUT, table=table, shape=Kept)
    author = replace(BY_AUTHOR, table=table, shape=Kept)
    function = Function(name="all", handler="n.h.handler", why="All.", patterns=(put, author))
    system = System(
        name="notes", title="Notes", tables=(table,), functions=(function,), settings=Settings
    )
    assert forecast(system, Settings(), CURRENT).tables[0].items == Bounds.of(500_000)
    assert forecast(system, Settings(days=90), CURRENT, months=2).tables[0].items == Bounds.of(2e6)


def test_what_is_known_of_a_table_is_taken_for_it() -> None:
    known = forecast(system_of(PUT), Settings(), CURRENT, stored={"Notes": 1_000})
    assert known.tables[0].items == Bounds.of(1_000)
    assert known.tables[0].basis == "given"
    assert stored_items(["Notes=1_000"], [system_of(PUT)]) == {"Notes": 1_000}
    for wrong in ("-5", "inf", "1e9", "9" * 400, "_", "\u0661"):
        with pytest.raises(KeylineError, match="is not TABLE=ITEMS"):
            stored_items([f"Notes={wrong}"], [system_of(PUT)])
    with pytest.raises(KeylineError, match="Did you mean 'Notes'"):
        stored_items(["Note=5"], [system_of(PUT)])


def test_what_is_not_told_is_said_and_not_taken_for_nothing() -> None:
    assert of(replace(GET, per_month=None)).unknown == (
        "get: declares no calls a month, so that it adds nothing.",
        "Notes: no pattern creates items in it, so that its storage is unknown.",
    )
    (row,) = (row for row in of(replace(GET, per_month=None)).patterns if row.pattern == "get")
    assert (row.calls, row.units, row.usd) == (None, NOTHING, NOTHING)
    printed = StringIO()
    show(of(replace(GET, per_month=None)), Console(file=printed, width=200))
    assert "not declared" in printed.getvalue()
    with pytest.raises(KeylineError, match=r"region eu-west-1: its prices are not in"):
        prices_of("eu-west-1")


def test_the_sum_is_its_parts() -> None:
    result = of(PUT, GET)
    assert result.usd.most == pytest.approx(
        sum(row.usd.most for row in result.patterns)
        + sum(row.storage_usd.most + row.recovery_usd.most for row in result.tables)
    )
    assert result.table_usd("Notes").most == pytest.approx(result.usd.most)


@pytest.mark.parametrize("system", systems(), ids=lambda system: system.name)
def test_a_system_costs_what_its_tables_and_what_its_calls_and_storage_cost(system: System) -> None:
    result = forecast(system, load("prod").settings(system.name, system.settings), CURRENT)
    for end in ("least", "most"):
        whole = getattr(result.usd, end)
        tables = [getattr(result.table_usd(row.table), end) for row in result.tables]
        assert sum(tables) == pytest.approx(whole)
        parts = (result.requests_usd, result.storage_usd)
        assert sum(getattr(part, end) for part in parts) == pytest.approx(whole)


@pytest.mark.requirement("X-15")
def test_the_command_prints_tables_and_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyline_ops.commands.costs.systems", lambda: (system_of(PUT, GET),))
    said = CliRunner().invoke(app, ["cost", "notes", "--dynamodb", "--stored", "Notes=1000000"])
    assert said.exit_code == 0, said.output
    assert "by-author" in said.output
    assert "Not counted: KMS requests" in said.output
    assert "Each figure is rounded alone" in said.output
    assert re.search(r"notes: [0-9,.]+\.[0-9]{3} to [0-9,.]+\.[0-9]{3} USD a month", said.output)
    (document,) = json.loads(
        CliRunner().invoke(app, ["cost", "notes", "--dynamodb", "--json"]).output
    )
    rows = {row["pattern"]: row for row in document["patterns"]}
    assert rows["put"]["units_per_call"] == {"least": 4.0, "most": 6.0}
    assert document["usd"]["most"] > document["usd"]["least"] > 0
    unknown = CliRunner().invoke(app, ["cost", "notess", "--dynamodb"])
    assert isinstance(unknown.exception, KeylineError)
    assert "Did you mean 'notes'" in str(unknown.exception)
