"""Test how often functions run and tables are called, as their declaration has it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from keyline.model import (
    Function,
    Get,
    Index,
    Key,
    Pattern,
    Put,
    Query,
    Route,
    StreamSource,
    StreamView,
    System,
    Table,
    TransactWrite,
    Update,
)
from keyline_deploy.rates import calls_on, due_in_a_month, reads_of, runs_of, writes_of


class Note(msgspec.Struct, kw_only=True):
    room: str
    number: int
    author: str


NOTES = Table(
    "Notes",
    "Key design: a room's notes together.",
    key=Key("room", "number"),
    entities=[Note],
    indexes=[Index(name="ByAuthor", key=Key("author"), why="An author's.")],
    stream=StreamView.NEW_IMAGE,
)
OF_NOTES: dict[str, Any] = {"table": NOTES, "shape": Note, "item_bytes": 100}
GET = Get(name="get", why="One.", per_month=9_000, **OF_NOTES)
LIST = Query(name="list", why="A room's.", per_month=7_000, **OF_NOTES)
AUTHOR = Query(name="author", why="An author's.", index="ByAuthor", per_month=500, **OF_NOTES)
PUT = Put(name="put", why="New.", per_month=3_000, **OF_NOTES)
PART = Put(name="part", why="A part.", **OF_NOTES)
MANY = TransactWrite(name="many", why="Together.", parts=(PART,), per_month=200, **OF_NOTES)
UPDATE = Update(name="update", why="Change.", set=("author",), per_month=40, **OF_NOTES)
API = Function(
    name="api",
    handler="notes.handlers.api.handler",
    why="Answers.",
    patterns=(GET, LIST, AUTHOR, PUT, MANY),
    routes=(Route("GET", "/notes"),),
)
OTHER = Function(name="other", handler="notes.o.handler", why="Changes.", patterns=(GET, UPDATE))
STREAM = Function(
    name="count",
    handler="notes.handlers.count.handler",
    why="Counts.",
    source=StreamSource(table=NOTES),
)
DAILY = Function(name="daily", handler="notes.d.handler", why="Tidies.", schedule="rate(1 day)")
SYSTEM = System(name="notes", title="Notes", tables=(NOTES,), functions=(API, OTHER, STREAM, DAILY))


@pytest.mark.parametrize(
    ("schedule", "times"),
    [
        ("rate(5 minutes)", 8_640),
        ("rate(1 day)", 30),
        ("cron(0 3 * * ? *)", 30),
        ("cron(0 3 1 * ? *)", 12 * 30 / 365),
    ],
)
def test_a_schedule_says_how_often_it_is_due(schedule: str, times: float) -> None:
    assert due_in_a_month(schedule) == pytest.approx(times)


def test_a_scheduled_function_runs_as_its_schedule_says() -> None:
    assert runs_of(SYSTEM, DAILY) == 30


def test_a_function_runs_as_often_as_what_it_alone_calls_most_often() -> None:
    assert runs_of(SYSTEM, API) == 7_000  # a Get that both call says nothing of either
    assert runs_of(SYSTEM, OTHER) == 40


@pytest.mark.parametrize(
    ("patterns", "runs"), [((GET,), 9_000 / 3), ((), 0.0), ((PART,), 0.0)], ids=str
)
def test_without_a_pattern_of_its_own_it_has_its_share(
    patterns: tuple[Pattern[Any], ...], runs: float
) -> None:
    third = replace(OTHER, name="third", patterns=patterns)
    system = replace(SYSTEM, functions=(*SYSTEM.functions, third))
    assert runs_of(system, third) == pytest.approx(runs)


@pytest.mark.parametrize(
    ("given", "runs"),
    [
        ({}, 3_240),
        ({"events": ("INSERT",)}, 3_200),
        ({"events": ("MODIFY",)}, 40),
        ({"events": ("REMOVE",)}, 0),
        # nobody knows how many are hers
        ({"events": ("INSERT", "MODIFY"), "where": {"author": ("Ana",)}}, 0),
    ],
    ids=str,
)
def test_a_consumer_runs_as_often_as_its_records_are_written(
    given: dict[str, Any], runs: float
) -> None:
    consumer = replace(STREAM, source=StreamSource(table=NOTES, **given))
    system = replace(SYSTEM, functions=(API, OTHER, consumer))
    assert runs_of(system, consumer) == runs


@pytest.mark.parametrize(
    ("given", "runs"),
    [
        ({"window": 0}, 1_000_000),
        ({"window": 1}, 1_000_000),  # records are rarer than windows
        ({"window": 300, "batch": 1_000}, 30 * 24 * 12),  # once in five minutes
        ({"window": 300, "batch": 100}, 10_000),  # a batch is full before its window is over
        ({"window": 300, "batch": 1}, 1_000_000),
    ],
    ids=str,
)
def test_a_consumer_runs_once_for_a_window_or_a_full_batch(
    given: dict[str, Any], runs: float
) -> None:
    often = replace(PUT, per_month=1_000_000 - 240)
    consumer = replace(STREAM, source=StreamSource(table=NOTES, **given))
    api = replace(API, patterns=(GET, LIST, AUTHOR, often, MANY))
    system = replace(SYSTEM, functions=(api, OTHER, consumer))
    assert runs_of(system, consumer) == runs


def test_a_table_is_called_by_all_patterns_on_it_and_a_transaction_once() -> None:
    assert reads_of(SYSTEM, NOTES, None) == 9_000 + 7_000
    assert reads_of(SYSTEM, NOTES, "ByAuthor") == 500
    assert writes_of(SYSTEM, NOTES) == 3_000 + 200 + 40
    assert calls_on(SYSTEM, NOTES, ["Query", "TransactWriteItems"]) == 7_000 + 500 + 200
    twice = replace(MANY, parts=(PART, replace(PART, name="another")))
    system = replace(SYSTEM, functions=(replace(API, patterns=(*API.patterns[:4], twice)), OTHER))
    assert writes_of(system, NOTES) == 3_000 + 200 + 40
