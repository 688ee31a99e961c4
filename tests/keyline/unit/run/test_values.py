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

from keyline.errors import DeclarationError
from keyline.model import compressed
from keyline.run import readback, values
from keyline.run.comparison import holds
from keyline.run.compression import compress, decompress
from keyline.run.errors import BadValueError, ItemUnreadableError
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
        (int, Decimal("1" * 37 + ".5")),
        (float, 2**53 + 1),
        (float, Decimal("0.1000000000000000001")),
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
        (Any, {"a", 1}),
        (Any, {True}),
        (Any, {(1, 2)}),
        (Any, {"a": ["half \ud800"]}),
        (str, "half \ud800"),
        (dict[str, int], {"half \ud800": 1}),
        (list[int], "12"),
        (list[int], [None]),
        (set[str], ["a"]),
        (dict[str, int], [("a", 1)]),
        (list[set[str] | None], [set()]),
        (Inner, {"text": "a"}),
        (Colour, "green"),
    ],
)
def test_what_cannot_be_stored_is_refused(annotation: Any, value: Any) -> None:
    with pytest.raises(BadValueError):
        values.of_type(annotation).encode(value)


@pytest.mark.parametrize(
    ("annotation", "value", "wire"),
    [
        (int, Decimal("1" * 38), {"N": "1" * 38}),
        (float, 2**53, {"N": "9007199254740992"}),
        (float, Decimal("0.1"), {"N": "0.1"}),
        (str, Colour.RED, {"S": "red"}),
        (Any, [Colour.RED], {"L": [{"S": "red"}]}),
        (set[str], {"c", "a", "b", Colour.RED}, {"SS": ["a", "b", "c", "red"]}),
        (list[set[str]], [set()], {"L": [{"NULL": True}]}),
        (Any, {1, 3, 2}, {"NS": ["1", "2", "3"]}),
    ],
)
def test_how_a_value_is_written(annotation: Any, value: Any, wire: dict[str, Any]) -> None:
    encoded = values.of_type(annotation).encode(value)
    assert encoded == wire
    assert all(type(text) is str for text in (wire.get("SS") or [wire.get("S", "")]))


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
    with pytest.raises(ItemUnreadableError, match="codec mark"):
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


class Deep(msgspec.Struct, kw_only=True):
    plan: Literal["free", "paid"] = "free"
    stars: Annotated[int, msgspec.Meta(ge=0)] = 0


SECRET: Any = "SECRET"
NUMBER: Any = 77


class Whole(msgspec.Struct, kw_only=True):
    id: Annotated[str, msgspec.Meta(pattern="^[a-z]+$")] = "a"
    deep: Deep = msgspec.field(default_factory=Deep)
    many: list[Deep] = []
    named: dict[str, list[Deep]] = {}
    few: Annotated[list[int], msgspec.Meta(max_length=1)] = []
    tags: set[Literal["x", "y"]] = set()
    note: Annotated[str, compressed(above=3), msgspec.Meta(max_length=5)] = ""


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"id": "SECRET"}, "id: has to be text of a certain form."),
        ({"deep": Deep(plan=SECRET)}, "deep.plan: is not one of 'free', 'paid'."),
        ({"many": [Deep(), Deep(stars=-77)]}, "many[1].stars: has to be a whole number from 0."),
        ({"named": {"SECRET": [Deep(stars=-77)]}}, "named[][0].stars: has to be"),
        ({"few": [77, 77]}, "few: has to be a list of up to 1 value."),
        ({"tags": {"x", "SECRET"}}, "tags[0]: is not one of 'x', 'y'."),
        ({"note": "SECRET"}, "note: has to be text of up to 5 characters."),
        ({"many": [Deep(plan=NUMBER)]}, "many[0].plan: int is not text."),
    ],
)
def test_the_error_has_the_place_and_what_is_asked_but_not_the_value(
    given: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadValueError) as error:
        readback.item_check(Whole)(values.struct_writer(Whole)(Whole(**given)))
    assert str(error.value).startswith(message)
    assert error.value.suggestion
    assert not {"SECRET", "77"} & set(str(error.value).replace(".", " ").split())
    assert "SECRET" not in str(error.value)


def test_a_part_of_a_shape_has_the_defaults_of_the_whole() -> None:
    class Part(msgspec.Struct):
        stars: int

    reader = values.struct_reader(Part, None, Deep)
    wire = msgspec.json.decode(b"{}", type=reader.wire, strict=False)
    assert reader.read(wire) == Part(0)


_numbers = st.one_of(st.integers(-9, 9), st.decimals(-9, 9, places=2))


@given(st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), _numbers, _numbers)
def test_a_default_is_compared_as_a_stored_number_is(operator: str, one: Any, other: Any) -> None:
    expected = {
        "=": one == other,
        "<>": one != other,
        "<": one < other,
        "<=": one <= other,
        ">": one > other,
        ">=": one >= other,
    }[operator]
    wires = [{"N": number_text(n)} for n in (one, other)]
    assert holds(operator, wires[0], wires[1:]) == expected
