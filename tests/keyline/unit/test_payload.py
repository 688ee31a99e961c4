"""The size of an answer is what the runtime of AWS makes of it, and what fits is sent whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller
from hypothesis import given, settings
from hypothesis import strategies as st

from keyline import payload
from keyline.payload import (
    MAX_BODY,
    MAX_ITEMS,
    MAX_PAYLOAD,
    Room,
    excess,
    fitting,
    json_of,
    size_of,
)

LETTERS = ["a", '"', "\\", "\n", "\x00", "\x1f", "\x7f", "é", "\u2028", "\u20ac", "😀", "/", "<"]
"""Characters that take 1 to 8 bytes in an answer."""
HEADERS = {"Content-Type": "application/json"}

texts = st.text() | st.text(st.sampled_from(LETTERS))
data = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=20,
)
large = st.builds(lambda text, times: text * times, texts, st.integers(0, 40_000))


@pytest.fixture(scope="module")
def marshaller() -> LambdaMarshaller:
    """Return what AWS's runtime writes answers with, in the runtime of the functions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_EXECUTION_ENV", "AWS_Lambda_python3.13")
        return LambdaMarshaller()


def sent(marshaller: LambdaMarshaller, body: str) -> int:
    """Return the bytes that the runtime sends of an answer with this body."""
    answer = {
        "statusCode": 200,
        "body": body,
        "isBase64Encoded": False,
        "headers": HEADERS,
        "cookies": [],
    }
    text, _ = marshaller.marshal_response(answer)
    return len(text.encode())


@given(value=data)
def test_the_size_is_what_the_runtime_sends(marshaller: LambdaMarshaller, value: Any) -> None:
    body = json_of(value)
    assert json.loads(body) == value
    assert sent(marshaller, body.decode()) == sent(marshaller, "") + size_of(body)


@given(items=st.lists(data), most=st.integers(20, 2_000))
def test_what_fits_is_the_longest_beginning_that_fits(items: list[Any], most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(payload, "MAX_ITEMS", most)
        first, left = fitting(items)
    assert first + left == items
    assert first or not items  # the first item always fits, so that the next ones are reached
    assert len(first) <= 1 or size_of(json_of(first)) <= most + len("[]")
    if left:
        assert size_of(json_of([*first, left[0]])) > most


@given(st.lists(data, min_size=1), st.integers(0, 400))
def test_items_take_together_what_each_of_them_takes(items: list[Any], most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(payload, "MAX_ITEMS", most)
        one_by_one, together = Room(), Room()
        fit = [one_by_one.takes(item) for item in items]
        if together.takes_all(items):
            assert all(fit)
            assert together.average == one_by_one.average
        else:
            assert together.average == 0
            assert not all(fit) or len(items) == 1  # the first one has its place in any case


@settings(max_examples=20, deadline=None)
@given(items=st.lists(large, min_size=10, max_size=60))
def test_an_answer_of_what_fits_is_let_out(marshaller: LambdaMarshaller, items: list[str]) -> None:
    rest, count = items * 4, 0
    while rest:
        first, rest = fitting(rest)
        count += len(first)
        body = json_of({"items": first, "cursor": "c" * 65_536}).decode()
        assert excess(body) == 0
        assert size_of(body.encode()) + sent(marshaller, "") <= MAX_PAYLOAD
    assert count == 4 * len(items)


@pytest.mark.parametrize("letter", LETTERS)
def test_a_body_is_too_large_from_its_first_byte_too_many(
    marshaller: LambdaMarshaller, letter: str
) -> None:
    each = size_of(json_of(letter)) - size_of(json_of(""))
    fits = json_of(letter * ((MAX_BODY - 4) // each)).decode()
    assert excess(fits) == 0
    assert sent(marshaller, fits) <= MAX_PAYLOAD
    beyond = json_of(letter * (MAX_BODY // each)).decode()
    assert excess(beyond) == size_of(beyond.encode()) > MAX_BODY


def test_a_list_leaves_room_for_a_cursor_and_the_headers() -> None:
    assert MAX_ITEMS + 65_536 < MAX_BODY < MAX_PAYLOAD - 10_240 == 6 * 1024 * 1024 + 100 - 10_240
