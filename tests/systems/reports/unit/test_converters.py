"""Values go to DynamoDB and come back as they were, or are refused by their place."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from keyline.run import BadValueError
from reports.database import DatabaseManager
from tests.systems.reports.unit.examples import report
from tests.systems.reports.unit.plain_values import decimals, items, typed

convert = DatabaseManager.convert_decimals
prepare = DatabaseManager.prepare_for_dynamodb


def through_boto3(value: Any) -> Any:
    """Return what boto3 makes of a value on its way to DynamoDB and back."""
    return TypeDeserializer().deserialize(TypeSerializer().serialize(value))


def around(value: Any) -> Any:
    """Return a value prepared, through boto3, and converted."""
    return convert(through_boto3(prepare(value)))


@pytest.mark.requirement("K-19", "K-20")
@given(items)
def test_an_item_of_every_type_comes_back_as_it_was(item: dict[str, Any]) -> None:
    assert typed(around(item)) == typed(item)


@pytest.mark.requirement("K-19")
@given(decimals)
def test_a_decimal_comes_back_with_all_its_digits(number: Decimal) -> None:
    found = around(number)
    assert not isinstance(found, bool)
    assert Decimal(repr(found) if isinstance(found, float) else found) == number


@pytest.mark.requirement("K-19")
@pytest.mark.parametrize(
    ("stored", "found"),
    [
        (Decimal("5"), 5),
        (Decimal("5.0"), 5),
        (Decimal("1E+3"), 1000),
        (Decimal("-0"), 0),
        (Decimal("1" * 38), int("1" * 38)),
        (Decimal("9E+125"), 9 * 10**125),
        (Decimal("0.1"), 0.1),
        (Decimal("1E-130"), 1e-130),
        (Decimal("0.12345678901234567890123456789012345678"),) * 2,
        ({Decimal(1), Decimal("1.5")}, {1, 1.5}),
        ({"a": [Decimal(1), {"b": Decimal("2.5")}]}, {"a": [1, {"b": 2.5}]}),
        (Binary(b"\x00\xff"), b"\x00\xff"),
        ({Binary(b"a")}, {b"a"}),
        (True, True),
        (None, None),
        ("1.0", "1.0"),
    ],
)
def test_what_boto3_reads_becomes_the_simplest_value_that_holds_it(stored: Any, found: Any) -> None:
    assert typed(convert(stored)) == typed(found)


@pytest.mark.requirement("K-20")
@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (True, {"BOOL": True}),
        (1, {"N": "1"}),
        (0.1, {"N": "0.1"}),
        (5e-130, {"N": "5E-130"}),
        (10**60, {"N": "1E+60"}),
        (Decimal("1." + "0" * 60), {"N": "1"}),
        (b"\x00", {"B": b"\x00"}),
        (bytearray(b"a"), {"B": b"a"}),
        ("", {"S": ""}),
        (None, {"NULL": True}),
        ((1, "a"), {"L": [{"N": "1"}, {"S": "a"}]}),
        (frozenset({"a"}), {"SS": ["a"]}),
        ({2.5}, {"NS": ["2.5"]}),
        ({b"a"}, {"BS": [b"a"]}),
        (datetime(2026, 1, 31, 12, tzinfo=UTC), {"S": "2026-01-31T12:00:00.000000Z"}),
        (
            datetime(2026, 1, 31, 1, 0, 0, 5, timezone(timedelta(hours=2))),
            {"S": "2026-01-30T23:00:00.000005Z"},
        ),
        (date(2026, 1, 31), {"S": "2026-01-31"}),
        ({"a": None}["a"], {"NULL": True}),
    ],
)
def test_each_type_is_stored_as_dynamodb_s_own(value: Any, stored: Any) -> None:
    assert TypeSerializer().serialize(prepare(value)) == stored


@pytest.mark.requirement("K-20")
def test_nothing_is_an_absent_attribute_of_an_item_and_null_deeper() -> None:
    item: dict[str, Any] = {
        "a": None,
        "b": set(),
        "c": {"d": None, "e": [None]},
        "f": "",
        "g": 0,
        "h": False,
    }
    assert prepare(item) == {"c": {"d": None, "e": [None]}, "f": "", "g": 0, "h": False}


@pytest.mark.requirement("K-20")
@pytest.mark.parametrize(
    ("item", "path"),
    [
        ({"a": float("nan")}, "data.a"),
        ({"a": [1, {"b": float("inf")}]}, "data.a[1].b"),
        ({"a": Decimal("-Infinity")}, "data.a"),
        ({"a": Decimal("NaN")}, "data.a"),
        ({"a": Decimal("1." + "1" * 38)}, "data.a"),
        ({"a": 10**38 + 1}, "data.a"),
        ({"a": 1e300}, "data.a"),
        ({"a": 10**5000}, "data.a"),
        ({"a": Decimal("1" * 5000)}, "data.a"),
        ({"a": {"b": datetime(2026, 1, 31)}}, "data.a.b"),
        ({"a": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))}, "data.a"),
        ({"a": datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5)))}, "data.a"),
        ({"a": ["\ud800"]}, "data.a[0]"),
        ({"a": {"\ud800"}}, "data.a"),
        ({"a": {"\ud800": 1}}, "data.a"),
        ({"a": {"b": set()}}, "data.a.b"),
        ({"a": {1, "b"}}, "data.a"),
        ({"a": {True, 5}}, "data.a"),
        ({"a": {None}}, "data.a"),
        ({"a": {1: "b"}}, "data.a"),
        ({"a": {"": "b"}}, "data.a"),
        ({"a": object()}, "data.a"),
    ],
)
def test_what_cannot_be_stored_exactly_is_refused_by_its_place(item: Any, path: str) -> None:
    with pytest.raises(BadValueError) as refused:
        prepare(item)
    assert refused.value.path == path
    assert refused.value.suggestion


@pytest.mark.parametrize("levels", [32, 33])
def test_nesting_ends_where_dynamodb_s_does(levels: int) -> None:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    if levels <= 32:
        assert around(value) == value
    else:
        with pytest.raises(BadValueError, match="nested deeper than 32"):
            prepare(value)


def test_what_is_no_number_of_dynamodb_s_is_refused_when_read() -> None:
    with pytest.raises(BadValueError, match=r"data\.a\[0\]"):
        convert({"a": [Decimal("NaN")]})


def test_a_struct_is_prepared_as_an_item() -> None:
    prepared = prepare(report(id="r", favorites={"p"}, reference=None))
    assert prepared["favorites"] == {"p"}
    assert prepared["version"] == 1
    assert "reference" not in prepared


@pytest.mark.requirement("K-19", "K-20")
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_comes_back_as_the_same_number_or_is_refused(number: float) -> None:
    try:
        found = around(number)
    except BadValueError:
        assert number == 0 or not 1e-130 <= abs(number) < 1e126
    else:
        assert float(found) == number
        assert type(found) is (int if number.is_integer() else float)
