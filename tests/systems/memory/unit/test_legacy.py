"""The turn that an item of the first history table becomes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyline.run import BadValueError
from memory.legacy import LegacyTurn, turn_of

US = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2015, 1, 1), datetime(2040, 1, 1))


def legacy(sort_key: str, content: str = "Hello, Ada.") -> LegacyTurn:
    return LegacyTurn(user_id="ada", sort_key=sort_key, role="user", content=content)


@pytest.mark.requirement("I-47")
@pytest.mark.parametrize(
    "sort_key",
    [
        "2026-01-01T00:00:00.123000",
        "2026-01-01T00:00:00.123Z",
        "2026-01-01T01:00:00.123+01:00",
        "1767225600123",
        "1767225600.123",
        "1767225600123000",
        "2026-01-01T00:00:00.123#7f",
    ],
)
def test_each_format_of_a_moment_is_the_same_moment(sort_key: str) -> None:
    turn = turn_of(legacy(sort_key))
    assert (turn.timestamp, turn.date) == (1767225600123.0, "2026-01-01")


@given(MOMENTS)
def test_both_formats_agree_and_the_day_is_utc(moment: datetime) -> None:
    us = (moment.replace(tzinfo=UTC) - EPOCH) // US
    in_text, in_number = turn_of(legacy(moment.isoformat())), turn_of(legacy(f"{us // 1000}"))
    assert in_text.date == in_number.date == moment.date().isoformat()
    assert in_text.timestamp == us / 1000
    assert in_number.timestamp == us // 1000


def test_an_item_becomes_the_same_turn_each_time_and_two_items_become_two() -> None:
    assert turn_of(legacy("1767225600123")) == turn_of(legacy("1767225600123"))
    first, second = turn_of(legacy("1767225600123")), turn_of(legacy("1767225600123#2"))
    assert first.suffix != second.suffix


def test_a_turn_has_what_the_new_table_asks_for() -> None:
    turn = turn_of(legacy("1767225600123", "a  b\n" * 200))
    assert len(turn.content_summary) == 200
    assert turn.content_summary.startswith("a b a b")
    assert (turn.tokens, turn.session, len(turn.content_hash)) == (250, None, 64)


@pytest.mark.parametrize("sort_key", ["", "yesterday", "12", "2026-13-01T00:00:00", "#2"])
def test_what_is_not_a_moment_is_refused(sort_key: str) -> None:
    with pytest.raises(BadValueError) as refused:
        turn_of(legacy(sort_key))
    assert refused.value.path == "sort_key"
