"""Updates that set an attribute from another one: which values fit where they go."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest

from keyline.model import (
    Entity,
    Index,
    Key,
    Retention,
    Table,
    Ttl,
    Update,
    access_of,
    attribute,
    compressed,
    most_write_units,
    or_given,
    plus,
    size_of,
)
from tests.support.declarations import DOC, Refusal, told

Even = Annotated[int, msgspec.Meta(multiple_of=2)]
Half = Annotated[float, msgspec.Meta(multiple_of=0.5)]
Short = Annotated[str, msgspec.Meta(max_length=3)]


class Inner(msgspec.Struct, kw_only=True):
    """A part of an item."""

    city: str
    note: str | None = None
    rank: int | None = 3


class Outer(msgspec.Struct, kw_only=True, frozen=True):
    """A part that every item has by default."""

    note: str | None = None


class Item(msgspec.Struct, kw_only=True):
    """An item whose attributes are set from each other."""

    id: str
    one: int
    other: int = 0
    small: Annotated[int, msgspec.Meta(le=9)] = 0
    even: Even = 0
    half: Half = 0.5
    few: Literal[1, 2] = 1
    more: Literal[1, 2] = 2
    ratio: float = 0
    text: str = ""
    title: str
    short: Short = ""
    shorter: Short = ""
    nick: str | None = None
    rank: int | None = 3
    level: int | None = 4
    long: Annotated[str, compressed()] = ""
    inner: Inner
    outer: Outer = Outer(note="none")
    counts: dict[str, int] = msgspec.field(default_factory=lambda: {"x": 1})
    anything: dict[str, Any] = {}
    words: list[str] = []
    topic: str | None = None
    owner: str | None = None
    state: str | None = None
    score: float | None = None
    points: int | None = None
    year: int = 0
    since: float = 0
    version: int = 1
    ttl: int | None = None


TABLE = Table(
    "Items",
    DOC,
    key=Key("id"),
    indexes=[
        Index(name="ByTopic", key=Key("topic", "points"), why="Told.", sparse=True, shards=3),
        Index(name="ByOwner", key=Key("owner", "score"), why="Told.", sparse=True),
        Index(name="ByState", key=Key("state", "label"), why="Told.", sparse=True),
    ],
    entities=[
        Entity(Item, keys={"label": "YEAR#{year:04d}"}, retention=Retention(days=3, since="since"))
    ],
    ttl=Ttl("ttl"),
)


def update(**more: Any) -> Update[Item]:
    return Update(**told(table=TABLE, shape=Item, **more))


@pytest.mark.parametrize(
    ("target", "source"),
    [
        ("other", "one"),
        ("small", "one"),
        ("one", "small"),
        ("other", plus("one")),
        ("small", plus("even")),
        ("other", plus("even")),
        ("text", "title"),
        ("text", "short"),
        ("short", "shorter"),
        ("few", "more"),
        ("text", or_given("nick")),
        ("rank", "level"),
        ("inner.city", "text"),
        ("text", or_given("inner.note")),
        ("text", or_given("words[0]")),
        ("words[0]", "text"),
        ("points", "one"),
        ("points", plus("one")),
        ("owner", "state"),
    ],
)
def test_a_value_that_fits_is_set(target: str, source: Any) -> None:
    made = update(set_from={target: source})
    assert made.changed == (target,)
    assert made.without_value == ({target} if isinstance(source, str) else set())
    assert made.touched == {target.partition(".")[0].partition("[")[0]}
    assert not made.moving
    plain = update(name="plain", set=("text",))
    assert access_of([made]) == access_of([plain])
    assert most_write_units(update(set_from={"other": "one"})) == most_write_units(plain)


@pytest.mark.parametrize(
    ("target", "source", "says", "suggests"),
    [
        ("other", "on", "comes from 'on', and Item has no such field", "mean 'one'?"),
        ("othr", "one", "Item has no such attribute", "mean 'other'?"),
        ("text", "label", "comes from 'label', and Item has no such", ""),
        ("id", "text", "is part of the primary key", "Delete and create"),
        ("label", "text", "is made by a template", "Set year"),
        ("year", "one", "does not say what year will be", "in set"),
        ("since", "ratio", "what the expiry counts from", "Use set"),
        ("one", "one", "is set from itself", "Use add"),
        ("one", plus("one"), "is set from itself", "Use add"),
        ("text", "one", "as another type than one", "Declare both alike"),
        ("one", "ratio", "as another type than ratio", "Declare both alike"),
        ("few", "one", "as another type than one", "Declare both alike"),
        ("text", "long", "is stored compressed", "Set it to a value"),
        ("long", "text", "is stored compressed", "Set it to a value"),
        ("nick", "topic", "with a write shard", "Set it to a value"),
        ("topic", "nick", "with a write shard", "Set it to a value"),
        ("owner", "text", "text may be empty or too long", "Set it to a value"),
        ("owner", "inner.city", "inner.city may be empty or too long", "Set it to a value"),
        ("score", plus("ratio"), "a float may not hold the sum", "Decimal or int"),
        ("short", "text", "has other bounds than text", "Declare both alike"),
        ("even", "one", "is a multiple of 2, and one is not", "Declare both alike"),
        ("half", plus("half"), "is set from itself", ""),
        ("text", plus("title"), "is not a Number of any value", "without plus()"),
        ("few", plus("more"), "is not a Number of any value", "without plus()"),
        ("one", "rank", "which may hold None", "Declare both alike"),
        ("one", plus("rank"), "nothing is added to None", "Drop None"),
        ("one", "inner.rank", "which may hold None", "Declare both alike"),
        ("text", or_given("short"), "which has a default", "without or_given()"),
        ("text", or_given("title"), "which every item has", "without or_given()"),
        ("text", or_given("outer.note"), "a default where outer or a part", "without or_given()"),
        ("one", or_given("counts.x"), "a default where counts or a part", "without or_given()"),
        ("text", "anything.x", "anything.x has none", "Declare both alike"),
        ("text", attribute("nick"), "which is not a source", "Give the name"),
        ("text", size_of("nick"), "which is not a source", "Give the name"),
        ("text", 5, "which is not a source", "Give the name"),
    ],
)
def test_what_does_not_fit_is_refused(target: str, source: Any, says: str, suggests: str) -> None:
    clause = "set" if target == "year" else "set_from"
    Refusal(f"a-pattern.{clause}.{target}", says, suggests).of(
        lambda: update(set_from={target: source})
    )


def test_a_new_item_has_nothing_to_set_from() -> None:
    more: dict[str, Any] = {"set": ("one", "title", "inner"), "upsert": True}
    Refusal("a-pattern.set_from.text", "which a new item does not have", "Use or_given()").of(
        lambda: update(set_from={"text": "nick"}, **more)
    )
    assert update(set_from={"text": or_given("nick")}, **more).upsert


def test_what_each_call_gives_is_no_source_of_an_upsert() -> None:
    more: dict[str, Any] = {"set": ("one", "title", "inner"), "upsert": True}
    Refusal("a-pattern.set_from.text", "which each call gives", "Set it to a value").of(
        lambda: update(set_from={"text": or_given("id")}, **more)
    )


def test_sources_are_named_for_each_attribute() -> None:
    Refusal("a-pattern.set_from", "is not a dict", "a dict whose keys are names").of(
        lambda: update(set_from=("text",))
    )


@pytest.mark.parametrize(("source", "called"), [(plus, "plus()"), (or_given, "or_given()")])
def test_a_source_is_a_name(source: Any, called: str) -> None:
    Refusal(called, "is given 5, which is not a name", "as text").of(lambda: source(5))


def test_an_attribute_is_changed_once() -> None:
    Refusal("a-pattern.set.other", "is changed twice", "").of(
        lambda: update(set=("other",), set_from={"other": "one"})
    )
    Refusal("a-pattern.set", "changes inner and a part of it", "").of(
        lambda: update(set=("inner",), set_from={"inner.city": "text"})
    )


@pytest.mark.parametrize(
    ("more", "moves"),
    [
        ({"set": ("one",)}, True),
        ({"add": ("one",)}, True),
        ({"set": ("text",)}, False),
        ({"set": ("text",), "set_from": {"other": "ttl"}}, True),  # an expiry may follow
        ({"version": "version", "set_from": {"other": "version"}}, True),
        ({"set": ("inner.city",), "set_from": {"text": or_given("inner.note")}}, True),
    ],
)
def test_what_is_set_from_what_changes_would_change_twice(
    more: dict[str, Any], moves: bool
) -> None:
    made = update(**{"set_from": {"other": "one"}, **more})
    assert bool(made.moving) == moves
    if moves and not made.version:
        assert update(**{"set_from": {"other": "one"}, **more}, exactly_once=True).exactly_once
