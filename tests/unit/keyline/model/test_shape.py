"""Structs read as DynamoDB attributes."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
import pytest

from keyline.model import compressed, fields_of
from tests.unit.keyline.model.declarations import Refusal


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
    Refusal("Shape.a", "no type that DynamoDB stores", "Use str").of(lambda: fields_of(shape))


def test_only_text_is_compressed() -> None:
    shape = msgspec.defstruct("Shape", [("a", Annotated[bytes, compressed()])])
    Refusal("Shape.a", "only text", "as str").of(lambda: fields_of(shape))
