"""The most that a write can cost by what is declared."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from keyline.model import (
    Entity,
    Get,
    Index,
    Key,
    Put,
    Table,
    TransactWrite,
    Update,
    include,
)
from keyline.model.bound import most_write_units


class Seat(msgspec.Struct):
    """An item."""

    room: str
    number: int
    guest: str
    note: str


TABLE = Table(
    "SeatsOfTests",
    "Key design: a room's seats in order; a guest's seats by room.",
    key=Key("room", "number"),
    entities=[Seat],
    indexes=[
        Index(name="ByGuest", key=Key("guest", "room"), why="A guest's seats."),
        Index(name="ByNumber", key=Key("number", "room"), why="Seats.", projection=include("note")),
    ],
)
COMMON: dict[str, Any] = {"why": "Tested.", "table": TABLE, "shape": Seat, "per_month": 1}


def test_a_create_writes_the_table_and_each_index_once() -> None:
    put = Put(name="seat-put", item_bytes=1024, **COMMON)
    assert most_write_units(put) == 3


def test_a_replacement_may_move_the_item_in_each_index() -> None:
    put = Put(name="seat-put", item_bytes=1025, replace=True, **COMMON)
    assert most_write_units(put) == 2 * (1 + 2 + 2)


def test_an_update_moves_the_item_only_where_it_changes_the_key() -> None:
    of_note = Update(name="seat-note", item_bytes=100, set=("note",), **COMMON)
    of_guest = Update(name="seat-guest", item_bytes=100, set=("guest",), **COMMON)
    assert most_write_units(of_note) == 1 + 1 + 1
    assert most_write_units(of_guest) == 1 + 2 + 1


def test_an_upsert_moves_no_index_that_is_keyed_by_what_the_primary_key_is_made_of() -> None:
    class Day(msgspec.Struct):
        owner: str
        day: str
        count: int

    table = Table(
        "DaysOfTests",
        "Key design: an owner's days; the days of all owners.",
        key=Key("pk", "sk"),
        entities=[Entity(Day, keys={"pk": "OWNER#{owner}", "sk": "{day}"})],
        indexes=[Index(name="ByDay", key=Key("day", "owner"), why="A day's owners.")],
    )
    counted = Update(
        name="day-count",
        why="Count.",
        table=table,
        shape=Day,
        add=("count",),
        upsert=True,
        item_bytes=100,
        per_month=1,
    )
    assert most_write_units(counted) == 2


def test_a_transaction_doubles_the_table_not_the_indexes_of_its_dearest_part() -> None:
    put = Put(name="seat-put", item_bytes=1024, **COMMON)
    note = Update(name="seat-note", item_bytes=3000, set=("note",), **COMMON)
    both = TransactWrite(name="seats", item_bytes=100, parts=(put, note), **COMMON)
    assert most_write_units(both) == 2 * 3 + 3 + 3


def test_a_read_has_no_write_units() -> None:
    with pytest.raises(TypeError, match="writes nothing"):
        most_write_units(Get(name="seat-get", item_bytes=100, **COMMON))
