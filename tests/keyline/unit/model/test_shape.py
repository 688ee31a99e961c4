"""Structs read as DynamoDB attributes."""

from __future__ import annotations

import collections.abc
import dataclasses
import datetime
import enum
import math
import uuid
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, NewType, TypedDict

import msgspec
import pytest

from keyline.model import compressed, fields_of
from tests.support.declarations import Refusal


class Inner(msgspec.Struct):
    n: int


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (str, "S"),
        (int, "N"),
        (float, "N"),
        (Decimal, "N"),
        (bytes, "B"),
        (bool, "BOOL"),
        (Literal["a", "b"], "S"),
        (Literal[1, 2], "N"),
        (set[str], "SS"),
        (frozenset[int], "NS"),
        (set[Decimal], "NS"),
        (set[bytes], "BS"),
        (list[str], "L"),
        (tuple[int, ...], "L"),
        (dict[str, int], "M"),
        (Inner, "M"),
        (Annotated[int, msgspec.Meta(ge=1)], "N"),
        (int | None, "N"),
        (Annotated[str | None, msgspec.Meta(description="d")], "S"),
    ],
)
def test_a_type_is_an_attribute_type(annotation: Any, expected: str) -> None:
    shape = msgspec.defstruct("Shape", [("a", annotation)])
    assert fields_of(shape)["a"].type == expected


def test_what_may_be_none_may_be_absent() -> None:
    shape = msgspec.defstruct("Shape", [("a", str), ("b", str | None), ("c", int | None, None)])
    assert [f.optional for f in fields_of(shape).values()] == [False, True, True]


def test_what_has_no_default_is_required_unless_it_is_a_set() -> None:
    shape = msgspec.defstruct("Shape", [("a", str), ("b", str | None), ("c", set[str])])
    shape_with_default = msgspec.defstruct("Shape", [("d", int, 0)])
    assert [f.required for f in fields_of(shape).values()] == [True, False, False]
    assert not fields_of(shape_with_default)["d"].required


def test_the_attribute_has_the_encoded_name() -> None:
    shape = msgspec.defstruct("Shape", [("from_", str)], rename={"from_": "from"})
    assert list(fields_of(shape)) == ["from"]


def test_text_may_be_compressed_also_where_it_is_optional() -> None:
    text = Annotated[str, compressed(above=99)]
    shape = msgspec.defstruct("Shape", [("a", text), ("b", text | None), ("c", str)])
    assert [f.compress_above for f in fields_of(shape).values()] == [99, 99, None]


@pytest.mark.parametrize("annotation", [datetime.datetime, int | str, object, set[bool]])
def test_another_type_is_refused(annotation: Any) -> None:
    shape = msgspec.defstruct("Shape", [("a", annotation)])
    Refusal("Shape.a", "not a type that DynamoDB stores", "Use str").of(lambda: fields_of(shape))


def test_only_text_is_compressed() -> None:
    shape = msgspec.defstruct("Shape", [("a", Annotated[bytes, compressed()])])
    Refusal("Shape.a", "only text", "as str").of(lambda: fields_of(shape))


class At(msgspec.Struct):
    at: datetime.datetime


class Node(msgspec.Struct):
    kids: list[Node] = []


class Tree(msgspec.Struct):
    root: dict[str, Branch] | None = None


class Branch(msgspec.Struct):
    tree: Tree


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.Enum):
    LOW = 1


class Mixed(enum.Enum):
    TEXT = "a"
    NUMBER = 1


class Rights(enum.IntFlag):
    READ = 1
    WRITE = 2


class Sub(str):
    """A text of its own."""


class Pair(NamedTuple):
    a: int


class Keyed(TypedDict):
    a: int


@dataclasses.dataclass
class Data:
    a: int


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (Colour, "S"),
        (Level, "N"),
        (set[Colour], "SS"),
        (frozenset[Level], "NS"),
        (set[Literal["a", "b"]], "SS"),
        (set[Literal[1]], "NS"),
        (NewType("UserId", str), "S"),
        (NewType("Maybe", int) | None, "N"),
        (list[Colour | None], "L"),
        (dict[str, list[set[int]]], "M"),
        (dict[Annotated[str, msgspec.Meta(max_length=3)], Any], "M"),
    ],
)
def test_a_type_that_has_to_be_looked_into(annotation: Any, expected: str) -> None:
    shape = msgspec.defstruct("Shape", [("a", annotation)])
    assert fields_of(shape)["a"].type == expected


@pytest.mark.parametrize(
    ("annotation", "path", "says", "suggests"),
    [
        (At, "a.at", "not a type that DynamoDB stores", "ISO 8601"),
        (list[At], "a[].at", "not a type that DynamoDB stores", "ISO 8601"),
        (list[datetime.date], "a[]", "not a type that DynamoDB stores", "ISO 8601"),
        (dict[str, uuid.UUID], "a[]", "not a type that DynamoDB stores", "str(uuid)"),
        (bytearray, "a", "not a type that DynamoDB stores", "Use bytes"),
        (dict[int, str], "a", "keys of another type than str", "text keys only"),
        (dict[str, dict[Colour, str]], "a[]", "keys of another type than str", "text keys only"),
        (tuple[int, str], "a", "a type each", "a Struct"),
        (tuple[int], "a", "a type each", "a Struct"),
        (list[int | str], "a[]", "not a type that DynamoDB stores", "Use str"),
        (Node, "a.kids[]", "Node refers to itself", "as a list"),
        (list[Tree], "a[].root[].tree", "Tree refers to itself", "as a list"),
        (Mixed, "a", "neither all text nor all whole numbers", "one type"),
        (Literal["a", 1], "a", "neither all text nor all whole numbers", "one type"),
        (Literal["a", None], "a", "neither all text nor all whole numbers", "`| None`"),
        (Literal[True], "a", "neither all text nor all whole numbers", "one type"),
        (Rights, "a", "not a type that DynamoDB stores", "Use str"),
        (set[str | None], "a", "not a type that DynamoDB stores", "Use str"),
        (set[tuple[int, ...]], "a", "not a type that DynamoDB stores", "Use str"),
        (list[Sub], "a[]", "not a type that DynamoDB stores", "Use str"),
        (Pair, "a", "not a type that DynamoDB stores", "Use str"),
        (Keyed, "a", "not a type that DynamoDB stores", "a Struct"),
        (Data, "a", "not a type that DynamoDB stores", "a Struct"),
        (collections.abc.Sequence[str], "a", "not a type that DynamoDB stores", "Use str"),
        (collections.abc.Mapping[str, str], "a", "not a type that DynamoDB stores", "Use str"),
        (Annotated[Decimal, msgspec.Meta(ge=1)], "a", "Can only set `ge`", "in the handler"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_its_place(
    annotation: Any, path: str, says: str, suggests: str
) -> None:
    shape = msgspec.defstruct("Shape", [("a", annotation)])
    Refusal(f"Shape.{path}", says, suggests).of(lambda: fields_of(shape))


@pytest.mark.parametrize(
    ("annotation", "default", "says", "suggests"),
    [
        (Literal["free", "paid"], "Free", "its own type refuses", "of its type"),
        (Annotated[int, msgspec.Meta(ge=1)], 0, "its own type refuses", "of its type"),
        (str, None, "its own type refuses", "allow None"),
        (int, 0.5, "its own type refuses", "of its type"),
        (frozenset[str], frozenset({"a"}), "with members", "empty set"),
        (frozenset[str] | None, frozenset(), "cannot be told from None", "Drop None"),
        (float, math.inf, "has the default inf", "Let None stand for it"),
        (float, math.nan, "has the default nan", "Let None stand for it"),
        (Decimal, Decimal("NaN"), "has the default NaN", "Let None stand for it"),
    ],
)
def test_a_default_that_could_not_be_read_is_refused(
    annotation: Any, default: Any, says: str, suggests: str
) -> None:
    shape = msgspec.defstruct("Shape", [("a", annotation, default)])
    Refusal("Shape.a", says, suggests).of(lambda: fields_of(shape))


def test_a_set_that_must_have_members_is_required() -> None:
    class Shape(msgspec.Struct):
        a: Annotated[set[str], msgspec.Meta(min_length=1)]
        b: Annotated[set[str], msgspec.Meta(max_length=1)]

    assert [field.required for field in fields_of(Shape).values()] == [True, False]


def test_absence_stands_for_the_default() -> None:
    class Shape(msgspec.Struct, kw_only=True):
        a: int
        b: int | None
        c: int = 0
        d: str | None = "en"
        e: set[str]
        f: list[str] = []

    fields = fields_of(Shape)
    assert [f.default for f in fields.values()] == [msgspec.NODEFAULT, None, 0, "en", set(), []]
    assert [n for n, f in fields.items() if f.defaulted] == ["c", "d", "f"]
