"""Values to DynamoDB JSON and back."""

from __future__ import annotations

import enum
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyline.problem import DeclarationError
from keyline.run import values
from keyline.run.compression import compress, decompress
from keyline.run.errors import BadValue, ItemUnreadable
from keyline.run.numbers import number_text
from keyline.run.shards import plain, shard_of, sharded


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


class Inner(msgspec.Struct, kw_only=True):
    text: str
    note: str | None = None


class Outer(msgspec.Struct, kw_only=True, rename="camel"):
    id: str
    colour: Colour
    level: Literal[1, 2]
    flag: bool
    raw: bytes
    bounded: Annotated[int, msgspec.Meta(ge=0, le=9)] = 3
    inner: Inner
    inners: list[Inner | None]
    by_name: dict[str, list[int]]
    pair: tuple[str, ...] = ()
    labels: frozenset[str] = frozenset()
    sums: set[bytes] = msgspec.field(default_factory=set)
    free: dict[str, Any] | None = None
    maybe: int | None = None


def _round_trip(item: Outer) -> tuple[dict[str, Any], Outer]:
    wire = values.struct_writer(Outer)(item)
    reader = values.struct_reader(Outer)
    decoded = msgspec.json.decode(msgspec.json.encode(wire), type=reader.wire, strict=False)
    return dict(wire), reader.read(decoded)


OUTER = Outer(
    id="null",
    colour=Colour.BLUE,
    level=2,
    flag=False,
    raw=b"\x00\xff",
    inner=Inner(text="5"),
    inners=[Inner(text="a", note="b"), None],
    by_name={"x": [1, 10**37]},
    labels=frozenset({"1", "null"}),
    sums={b"\x01", b""},
    free={"a": [None, True, "t", 1, 1.5, b"\x02", {"s"}, {2}]},
)


def test_every_type_makes_the_round_trip() -> None:
    wire, back = _round_trip(OUTER)
    assert back == OUTER
    assert wire["colour"] == {"S": "blue"}
    assert wire["byName"] == {"M": {"x": {"L": [{"N": "1"}, {"N": str(10**37)}]}}}
    # What is None or an empty set is left out
    assert "maybe" not in wire
    assert wire["inners"]["L"][1] == {"NULL": True}
    empty = msgspec.structs.replace(OUTER, labels=frozenset(), sums=set())
    wire, back = _round_trip(empty)
    assert back == empty
    assert not {"labels", "sums"} & set(wire)


def test_a_set_is_sent_in_one_order_in_every_process() -> None:
    members = {f"member-{n}" for n in range(100)}
    numbers = set(range(100))
    item = msgspec.structs.replace(OUTER, labels=frozenset(members), free={"n": numbers})
    wire = values.struct_writer(Outer)(item)
    assert wire["labels"] == {"SS": sorted(members)}
    assert wire["free"] == {"M": {"n": {"NS": sorted(map(str, numbers))}}}


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("level", {"N": "3"}),
        ("bounded", {"N": "10"}),
        ("bounded", {"N": "1.5"}),
        ("id", {"N": "1"}),
        ("maybe", {"S": "1"}),
        ("flag", {"NULL": True}),
        ("labels", {"NS": ["1"]}),
    ],
)
def test_what_does_not_fit_is_refused(name: str, wire: dict[str, Any]) -> None:
    stored = {**values.struct_writer(Outer)(OUTER), name: wire}
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(
            msgspec.json.encode(stored), type=values.struct_reader(Outer).wire, strict=False
        )


def test_null_is_read_as_absent() -> None:
    stored = {
        **values.struct_writer(Outer)(OUTER),
        "maybe": {"NULL": True},
        "bounded": {"NULL": True},
    }
    reader = values.struct_reader(Outer)
    wire = msgspec.json.decode(msgspec.json.encode(stored), type=reader.wire, strict=False)
    assert reader.read(wire) == OUTER


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (str, 5),
        (int, "5"),
        (int, 5.5),
        (int, True),
        (float, float("nan")),
        (float, float("inf")),
        (float, 1e-131),
        (float, 1e127),
        (Decimal, Decimal("NaN")),
        (Decimal, Decimal("1." + "1" * 38)),
        (int, 10**38 + 1),
        (bytes, "x"),
        (bool, 1),
        (set[int], {"x"}),
        (dict[str, int], {1: 1}),
        (Any, object()),
    ],
)
def test_what_cannot_be_stored_is_refused(annotation: Any, value: Any) -> None:
    with pytest.raises(BadValue):
        values.of_type(annotation).encode(value)


@pytest.mark.parametrize("annotation", [complex, dict[int, str], tuple[int, str], list[complex]])
def test_a_type_that_is_not_stored_is_named(annotation: Any) -> None:
    with pytest.raises(DeclarationError):
        values.of_type(annotation)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (5.0, "5"),
        (1.7e12, "1700000000000"),
        (0.001, "0.001"),
        (10**40, str(10**40)),
    ],
)
def test_one_text_per_number(value: Any, text: str) -> None:
    assert number_text(value) == text


@given(st.text(max_size=3000))
def test_compressed_text_comes_back(text: str) -> None:
    assert decompress(compress(text)) == text


@pytest.mark.parametrize("stored", [b"", b"\x09abc"])
def test_an_unknown_codec_is_named(stored: bytes) -> None:
    with pytest.raises(ItemUnreadable, match="codec mark"):
        decompress(stored)


@given(st.text().filter(lambda t: not t[-1:].isdigit() or "#" not in t), st.integers(0, 300))
def test_a_shard_is_taken_off_again(value: str, shard: int) -> None:
    assert plain(sharded(value, shard)) == value


def test_the_shard_does_not_depend_on_how_a_number_is_written() -> None:
    keys: list[Callable[[str], list[dict[str, str]]]] = [lambda n: [{"S": "a"}, {"N": n}]]
    for key in keys:
        assert len({shard_of(key(n), 1000) for n in ("1", "1.0", "1E+0", "01")}) == 1


def test_shards_are_even() -> None:
    counts = [0] * 8
    for n in range(8000):
        counts[shard_of([{"S": f"conversation-{n}"}, {"N": str(n)}], 8)] += 1
    assert all(800 < count < 1200 for count in counts)
