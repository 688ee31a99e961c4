"""Updates of parts of attributes: which parts may change in which way."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest

from keyline.model import Key, Table, TransactWrite, Update, access_of, most_write_units
from tests.support.declarations import DOC, Refusal, told


class Inner(msgspec.Struct, kw_only=True):
    """A part of an item."""

    city: str
    floor: int = 0
    rank: int | None = 3
    note: str | None = None
    few: Literal[1, 2] = 1
    ratio: Annotated[float, msgspec.Meta(multiple_of=0.5)] = 0.5
    tags: set[str] = set()


class Outer(msgspec.Struct, kw_only=True):
    """An item with parts."""

    id: str
    inner: Inner
    stops: list[Inner] = []
    hours: list[float] = []
    labels: dict[str, int] = {}
    unsure: dict[str, int | None] = {}
    bounded: Annotated[dict[str, int], msgspec.Meta(max_length=3)] = {}
    anything: dict[str, Any] = {}
    version: int = 1


TABLE = Table("Outers", DOC, key=Key("id"), entities=[Outer])


def update(**more: Any) -> Update[Outer]:
    return Update(**told(table=TABLE, shape=Outer, **more))


@pytest.mark.parametrize(
    ("clause", "place"),
    [
        ("add", "inner.floor"),
        ("add", "labels.red"),
        ("add", "hours[2]"),
        ("add", "stops[0].floor"),
        ("set_once", "inner.note"),
        ("set_once", "labels.red"),
        ("set_once", "anything.x.y"),
        ("set_once", "stops[0].note"),
    ],
)
def test_a_part_changes(clause: str, place: str) -> None:
    made = update(**{clause: (place,)})
    assert made.changed == (place,)
    assert made.touched == {place.partition(".")[0].partition("[")[0]}
    assert made.counters == ({place} if clause == "add" else set())


@pytest.mark.parametrize(
    ("clause", "place", "says", "suggests"),
    [
        ("add", "inner.flor", "Outer has no such attribute", "Did you mean 'inner.floor'?"),
        ("add", "stops[0].flor", "Outer has no such attribute", "mean 'stops[0].floor'?"),
        ("add", "stops.floor", "Outer has no such attribute", "Use one of: stops[0]."),
        ("add", "labels.red.deep", "Outer has no such attribute", "Did you mean 'labels.red'?"),
        ("set_once", "iner.note", "Outer has no such attribute", "Use one of: anything, "),
        ("add", "inner.city", "is not a Number", "Use set"),
        ("add", "anything.x", "is not a Number", "Use set"),
        ("add", "inner.tags", "is a set within an attribute", "with a version"),
        ("add", "inner.rank", "allows None and has another default", "Drop None"),
        ("add", "inner.few", "is one of a few numbers", "Use set"),
        ("add", "inner.ratio", "is a float with multiple_of", "Declare it as int"),
        ("add", "unsure.red", "may be None", "Drop None from its type"),
        ("add", "bounded.red", "of a declared length", "Set the whole"),
        ("discard", "inner.tags", "is a set within an attribute", "with a version"),
        ("discard", "inner.floor", "is not a set", "Use remove"),
        ("set_once", "inner.city", "is required, so that it is never without", "Use set"),
        ("set_once", "inner.floor", "has a default", "Let None be the default"),
        ("set_once", "hours[0]", "is an element of a list", "Use set"),
        ("set_once", "bounded.red", "of a declared length", "Set the whole"),
    ],
)
def test_what_is_refused(clause: str, place: str, says: str, suggests: str) -> None:
    Refusal(f"a-pattern.{clause}.{place}", says, suggests).of(lambda: update(**{clause: (place,)}))


@pytest.mark.parametrize("clause", ["add", "set_once"])
def test_a_new_item_has_no_parts(clause: str) -> None:
    Refusal(f"a-pattern.{clause}.labels.red", "a new item does not have", "Set the whole").of(
        lambda: update(**{clause: ("labels.red",)}, upsert=True)
    )


@pytest.mark.parametrize(
    ("more", "path", "says"),
    [
        ({"set": ("inner.city",)}, "exactly_once", "a second attempt changes nothing"),
        ({"add": ("labels.red",), "version": "version"}, "exactly_once", "counted twice"),
        ({"add": ("labels.red",), "at_least_once": True}, "exactly_once", "with at_least_once"),
    ],
)
def test_what_is_said_of_repeated_attempts_makes_sense(
    more: dict[str, Any], path: str, says: str
) -> None:
    Refusal(f"a-pattern.{path}", says, "").of(lambda: update(exactly_once=True, **more))


@pytest.mark.parametrize(
    "change", [{"add": ("labels.red",)}, {"append": ("stops",)}, {"remove": ("stops[0]",)}]
)
def test_what_would_happen_twice_may_be_carried_out_exactly_once(change: dict[str, Any]) -> None:
    once, plain = update(exactly_once=True, **change), update(name="plain", **change)
    assert access_of([once]) == access_of([plain])
    assert most_write_units(once) == 2 * most_write_units(plain)
    path = "a-transaction.parts.a-pattern"
    Refusal(path, "exactly once, as every part", "Leave exactly_once out").of(
        lambda: TransactWrite(
            **told(name="a-transaction", table=TABLE, shape=Outer, parts=(once, plain))
        )
    )


def test_an_addition_to_a_part_may_be_counted_once_or_at_least_once() -> None:
    assert update(add=("labels.red",), at_least_once=True)
