"""Sizes, and the capacity that follows from them."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyline.model.capacity import change_units, query_units, read_units, write_units
from keyline.model.size import attribute_size, item_size, largest, value_size
from keyline.run.codec import Attributes
from tests.support.sample.notes import NOTES

_texts = st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=50), max_size=8)


def _item(**more: str | None) -> Attributes:
    base: dict[str, Any] = {"owner": "ann", "name": "plan", "topic": "work", **more}
    texts: Attributes = {k: {"S": v} for k, v in base.items() if v is not None}
    return {**texts, "timestamp": {"N": "1"}}


@pytest.mark.requirement("X-14")
@given(_texts)
def test_an_items_size_is_its_names_and_values_in_utf8(texts: dict[str, str]) -> None:
    item: Attributes = {name: {"S": text} for name, text in texts.items()}
    assert item_size(item) == sum(len((k + v).encode()) for k, v in texts.items())
    assert [n for n, _ in largest(item, 2)] == sorted(
        item, key=lambda n: -attribute_size(n, item[n])
    )[:2]


@pytest.mark.requirement("X-14")
@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 1),
        ("1", 2),
        ("12", 2),
        ("123", 3),
        ("1200", 2),
        ("-12", 3),
        ("0.5", 2),
        ("0.05", 2),
        ("0.055", 2),
        ("12e21", 2),
        ("100.001", 5),
        ("1795176480965.1", 9),
        ("1.5", 3),
        ("1700000000000", 2),
        ("1e20", 2),
        ("9" * 38, 20),
    ],
)
def test_two_digits_on_a_side_of_the_point_take_a_byte(text: str, size: int) -> None:
    assert value_size({"N": text}) == size


@pytest.mark.requirement("X-14")
@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"B": b"abc"}, 3),
        ({"SS": ["a", "bc"]}, 3),
        ({"L": []}, 3),
        ({"L": [{"S": "ab"}, {"BOOL": True}]}, 3 + (2 + 1) + (1 + 1)),
        ({"M": {}}, 3),
        ({"M": {"name": {"L": [{"N": "1"}]}}}, 3 + (4 + (3 + 2 + 1) + 1)),
    ],
)
def test_a_list_or_a_map_takes_three_bytes_and_one_for_each_element(
    value: dict[str, Any], size: int
) -> None:
    assert value_size(value) == size


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6))
def test_a_numbers_size_does_not_depend_on_how_it_is_written(number: Decimal) -> None:
    sizes = {value_size({"N": text}) for text in (f"{number:f}", f"{number:e}", f"{number:f}0")}
    assert len(sizes) == 1


@given(st.integers(0, 2_000_000))
def test_units_cover_the_size_and_no_more(size: int) -> None:
    assert read_units(size, consistent=True) == 2 * read_units(size)
    assert read_units(size, consistent=True) * 4096 >= size
    assert (write_units(size) - 1) * 1024 < max(size, 1) <= max(1, write_units(size) * 1024)


@given(st.lists(st.integers(0, 9000), max_size=30))
def test_a_page_costs_its_sum(lengths: list[int]) -> None:
    items: list[Attributes] = [{"a": {"S": "x" * n}} for n in lengths]
    total = sum(n + 1 for n in lengths)
    assert query_units(items, consistent=True) == max(1, math.ceil(total / 4096))


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        (None, _item(), 3.0),
        (None, _item(status="open"), 4.0),
        (_item(), None, 3.0),
        (_item(), _item(), 1.0),
        (_item(), _item(response="b"), 3.0),
        (_item(status="open"), _item(status="open", response="b"), 3.0),
        (_item(status="open"), _item(status="done"), 5.0),
        (_item(status="open"), _item(), 4.0),
        (_item(), _item(name="other"), 4.0),
        (_item(response="x" * 2000), _item(), 6.0),
        (None, None, 1.0),
    ],
)
def test_a_change_costs_in_the_table_and_where_it_shows(
    before: Attributes | None, after: Attributes | None, units: float
) -> None:
    # ByName and ByTopic carry everything, ByStatus the name and the expiry, and only with a status
    assert change_units(NOTES, before, after) == units
    doubled = write_units(max(item_size(before or {}), item_size(after or {})))
    assert change_units(NOTES, before, after, transactional=True) == units + doubled
