"""Conditions that compare two attributes: which ones may be compared, and what a call gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
import pytest

from keyline.model import (
    Attribute,
    Delete,
    Index,
    Key,
    Query,
    Table,
    at_least,
    at_most,
    attribute,
    begins_with,
    between,
    compressed,
    contains,
    differs,
    equals,
    exists,
    greater_than,
    holds_of_none,
    include,
    is_of,
    less_than,
    not_,
    size_of,
)
from keyline.model.condition import WriteCondition
from tests.support.declarations import DOC, Refusal, told


class Inner(msgspec.Struct, kw_only=True, frozen=True):
    """A part of an item."""

    used: int = 0


class Outer(msgspec.Struct, kw_only=True, frozen=True):
    """A part with words of its own."""

    words: list[str] = []


class Item(msgspec.Struct, kw_only=True):
    """An item of which attributes are compared."""

    id: str
    at: int
    used: int = 0
    limit: int = 1
    name: str | None = None
    nick: str | None = None
    called: str = "Anna"
    text: Annotated[str, compressed()] = ""
    tags: set[str] = set()
    numbers: set[int] = set()
    words: list[str] = []
    inner: Inner = Inner()
    outer: Outer = Outer(words=["Anna"])
    anything: dict[str, Any] = {}
    topic: str | None = None


TABLE = Table(
    "Items",
    DOC,
    key=Key("id", "at"),
    indexes=[
        Index(
            name="ByTopic",
            key=Key("topic", "at"),
            why="Told.",
            projection=include("used"),
            sparse=True,
            shards=3,
        )
    ],
    entities=[Item],
)


def delete(*conditions: WriteCondition) -> Delete[Item]:
    return Delete(**told(table=TABLE, shape=Item, conditions=conditions))


@pytest.mark.parametrize(
    "condition",
    [
        equals("used", attribute("limit")),
        differs("used", attribute("inner.used")),
        less_than("inner.used", attribute("used")),
        at_most("used", size_of("tags")),
        greater_than(size_of("tags"), attribute("limit")),
        at_least(size_of("tags"), size_of("words")),
        equals("anything.x", attribute("used")),
        equals("words", attribute("anything.y")),
        contains("tags", attribute("name")),
        contains("numbers", attribute("used")),
        contains("words", attribute("used")),
        begins_with("name", attribute("nick")),
        not_(equals("id", attribute("name"))),
    ],
)
def test_two_attributes_are_compared_without_a_value_of_the_call(condition: WriteCondition) -> None:
    assert delete(condition, at_least("limit", "least")).parameters == ("id", "at", "least")


@pytest.mark.parametrize(
    ("condition", "place", "says", "suggests"),
    [
        (equals("used", attribute("limt")), "limt", "Item has no such attribute", "mean 'limit'?"),
        (equals("usd", attribute("limit")), "usd", "Item has no such attribute", "mean 'used'?"),
        (equals("used", attribute("used")), "used", "is compared with itself", "Name another"),
        (equals(size_of("tags"), size_of("tags")), "tags", "compared with itself", "Name another"),
        (equals("used", attribute("name")), "name", "is S, and used is N", "of one type"),
        (equals("used", attribute("inner")), "inner", "is M, and used is N", "of one type"),
        (equals("name", size_of("tags")), "tags", "is N, and name is S", "of one type"),
        (at_most(size_of("tags"), attribute("name")), "name", "is S, and tags is N", "of one type"),
        (at_most("tags", attribute("tags")), "tags", "does not work on the type SS", "It takes"),
        (
            equals("used", size_of("limit")),
            "limit",
            "a size does not work on the type N",
            "It takes",
        ),
        (equals("name", attribute("text")), "text", "is stored compressed", "as it is"),
        (equals("text", attribute("name")), "text", "is stored compressed", "as it is"),
        (equals("name", attribute("topic")), "topic", "with a write shard", "another attribute"),
        (equals("topic", attribute("name")), "topic", "with a write shard", "another attribute"),
        (contains("tags", attribute("used")), "used", "is N, and tags holds S", "of the type S"),
        (begins_with("name", attribute("tags")), "tags", "is SS, and name holds S", "type S"),
        (contains("name", size_of("tags")), "tags", "does not take a size", "Use attribute()"),
        (contains("called", attribute("name")), "name", "cannot search", "None or empty"),
        (contains("outer.words", attribute("name")), "name", "cannot search", "None or empty"),
        (between("used", attribute("limit")), "limit", "takes two values", "Use at_least()"),  # type: ignore[arg-type] # what it refuses
    ],
)
def test_what_cannot_be_compared_is_refused(
    condition: WriteCondition, place: str, says: str, suggests: str
) -> None:
    path = f"a-pattern.conditions.{place}"
    Refusal(path, says, suggests).of(lambda: delete(condition))


@pytest.mark.parametrize(
    ("make", "place", "says"),
    [
        (lambda given: less_than("used", given), "the condition '<'", "compares used with 5"),
        (lambda given: equals("used", given), "the condition '='", "compares used with 5"),
        (lambda given: less_than(given, "used"), "the condition '<'", "5, which is not a name"),
        (exists, "the condition 'exists'", "5, which is not a name"),
        (lambda given: is_of(given, "S"), "is_of()", "5, which is not a name"),
        (attribute, "attribute()", "5, which is not a name"),
        (size_of, "size_of()", "5, which is not a name"),
    ],
)
def test_what_is_compared_is_named(make: Callable[[Any], object], place: str, says: str) -> None:
    Refusal(place, says, "").of(lambda: make(5))


def test_an_attribute_is_compared_from_the_right_side_only() -> None:
    Refusal("the condition '<'", "is not a name", "as text").of(
        lambda: less_than(attribute("used"), "limit")  # type: ignore[arg-type] # what it refuses
    )


def test_a_key_is_compared_with_values_of_the_call() -> None:
    Refusal("a-pattern.sort.at", "is compared with another attribute", "with where=").of(
        lambda: Query(**told(table=TABLE, shape=Item, sort=at_least("at", attribute("used"))))
    )


@pytest.mark.parametrize(
    ("other", "more", "says"),
    [
        ("at", {}, "is a part of the key"),
        ("limit", {"index": "ByTopic"}, "the index ByTopic does not carry it"),
    ],
)
def test_a_query_compares_what_it_reads_and_no_key(
    other: str, more: dict[str, Any], says: str
) -> None:
    shape = msgspec.defstruct("Some", [("used", int, 0)], kw_only=True)
    where = (at_most("used", attribute(other)),)
    Refusal(f"a-pattern.where.{other}", says, "").of(
        lambda: Query(**told(table=TABLE, shape=shape, entity=Item, where=where, hits=0.5, **more))
    )


def test_only_what_differs_holds_of_no_item() -> None:
    conditions = (differs("used", attribute("limit")), differs(size_of("tags"), attribute("used")))
    assert all(map(holds_of_none, conditions))
    assert not holds_of_none(equals("used", attribute("limit")))
    assert holds_of_none(not_(equals("used", attribute("limit"))))
    assert Attribute("used").attribute == "used"
