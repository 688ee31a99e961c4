"""Test what a type expects, in words: for every kind of type, and without the words of msgspec."""

from __future__ import annotations

import enum
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, inspect

from keyline.wording import SAYS, Wording, expected, without_words

CODE = Annotated[str, Meta(pattern="^[a-z]{2}$", extra={SAYS: "of the letters a to z"})]


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    count: Annotated[int, Meta(ge=1, le=100)]
    code: Annotated[CODE, Meta(min_length=2, max_length=64, examples=["en"])] = "en"


class Even(msgspec.Struct):
    number: int

    def __post_init__(self) -> None:
        if self.number % 2:
            raise ValueError("number is odd")


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    inner: Inner | None = None
    items: Annotated[list[Inner], Meta(max_length=2)] = []
    named: dict[CODE, Inner] = {}
    pair: tuple[int, str] = (1, "")
    even: Even | None = None


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (int, "a whole number"),
        (Annotated[int, Meta(ge=1, le=100)], "a whole number from 1 to 100"),
        (Annotated[int, Meta(gt=0)], "a whole number above 0"),
        (Annotated[int, Meta(le=9)], "a whole number up to 9"),
        (Annotated[float, Meta(ge=0, lt=1)], "a number from 0 below 1"),
        (Decimal, "a number"),
        (int | None, "a whole number or null"),
        (bool, "true or false"),
        (bool | None, "true or false, or null"),
        (date | None, "a date that exists, such as 2026-01-31, or null"),
        (datetime | None, "a moment such as 2026-01-31T08:00:00Z, or null"),
        (None, "null"),
        (str, "text"),
        (Annotated[str, Meta(min_length=1)], "text of 1 character or more"),
        (Annotated[str, Meta(min_length=2)], "text of 2 characters or more"),
        (Annotated[str, Meta(max_length=1)], "text of up to 1 character"),
        (Annotated[str, Meta(min_length=3, max_length=3)], "text of 3 characters"),
        (CODE, "text of the letters a to z"),
        (
            Annotated[CODE, Meta(min_length=1, max_length=64)] | None,
            "text of 1 to 64 characters of the letters a to z or null",
        ),
        (Literal["day", "week", None], "one of day, week"),
        (Literal["day"], "day"),
        (Colour, "one of red, blue"),
        (Annotated[list[int], Meta(min_length=1, max_length=9)], "a list of 1 to 9 values"),
        (list[int], "a list"),
        (tuple[int, str], "a list of 2 values"),
        (dict[str, int], "an object"),
        (Inner, "an object"),
        (date, "a date that exists, such as 2026-01-31"),
        (datetime, "a moment such as 2026-01-31T08:00:00Z"),
        (UUID, "a UUID"),
        (Any, "a value"),
    ],
)
def test_each_type_has_words(annotation: Any, words: str) -> None:
    assert expected(inspect.type_info(annotation)) == words


def refused(content: str, annotation: Any = Outer, *, texts: bool = False) -> tuple[str, str, str]:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(content, type=annotation)
    return Wording(annotation, texts=texts).fault(caught.value)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (
            "[]",
            (
                "",
                "must be an object, not a list.",
                "The fields are: inner, items, named, pair, even.",
            ),
        ),
        (
            '{"inner": {"count": 0}}',
            ("inner.count", "must be a whole number from 1 to 100.", "Send a value such as 1."),
        ),
        (
            '{"items": [{"count": 1}, {"count": null}]}',
            (
                "items[1].count",
                "must be a whole number from 1 to 100, not null.",
                "Send a value such as 1.",
            ),
        ),
        (
            '{"inner": {"count": 1, "code": "E"}}',
            (
                "inner.code",
                "must be text of 2 to 64 characters of the letters a to z.",
                "Lengthen it.",
            ),
        ),
        (
            '{"inner": {"count": 1, "code": "EN"}}',
            (
                "inner.code",
                "must be text of 2 to 64 characters of the letters a to z.",
                'Send a value such as "en".',
            ),
        ),
        (
            '{"items": [{}]}',
            ("items[0].count", "is missing.", "Send a whole number from 1 to 100."),
        ),
        (
            '{"inner": {"count": 1, "cod": 1}}',
            ("inner.cod", "is not a known field.", "Did you mean 'code'?"),
        ),
        (
            '{"pair": [1, 2]}',
            ("pair[1]", "must be text, not a whole number.", "Correct the value."),
        ),
        (
            '{"named": {"EN": {"count": 1}}}',
            (
                "named",
                "holds a name that must be text of the letters a to z.",
                "Correct the value.",
            ),
        ),
        (
            '{"named": {"en": {"count": "1"}}}',
            (
                "named[...].count",
                "must be a whole number from 1 to 100, not text.",
                "Send a value such as 1.",
            ),
        ),
        ('{"even": {"number": 3}}', ("even", "number is odd.", "")),
    ],
)
def test_a_departure_is_told_by_place_and_words(content: str, fault: tuple[str, str, str]) -> None:
    assert refused(content) == fault


def test_of_the_text_of_a_parameter_neither_null_nor_quotes_are_told() -> None:
    annotation = Annotated[CODE, Meta(examples=["en"])] | None
    assert refused('"EN"', annotation, texts=True) == (
        "",
        "must be text of the letters a to z.",
        "Send a value such as en.",
    )


def test_a_pattern_without_words_is_found_wherever_it_is() -> None:
    class Holder(msgspec.Struct):
        said: CODE
        parts: dict[str, list[Annotated[str, Meta(pattern="^x$")] | None]]
        again: "Holder | None" = None  # noqa: UP037 - it names itself

    assert without_words(CODE) == []
    assert without_words(Annotated[str, Meta(pattern="^y$")]) == ["^y$"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["inner", "items", "named", "pair", "even", "count", "code", "number", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(JSON)
def test_no_departure_shows_types_of_python_or_a_regular_expression(value: Any) -> None:
    try:
        msgspec.convert(value, Outer)
    except msgspec.ValidationError as error:
        path, message, _ = Wording(Outer).fault(error)
        assert not re.search(r"`|\bregex\b|\bint\b|\bstr\b|\[a-z\]|Expected", message)
        assert "`" not in path
        assert message.endswith(".")
