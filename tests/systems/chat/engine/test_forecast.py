"""Test that what the forecast says of a call is what the engine charges for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import pytest

from chat.patterns import MESSAGE_CREATE, MODULE_MESSAGES
from chat.system import SYSTEM
from chat.tables import Message
from tests.support.forecasts import Tried, consumed_exactly, trying

NOW = "2026-01-31T00:00:00.000000Z"
LATER = int(time.time()) + 86_400


@pytest.fixture
def tried(endpoint: str) -> Iterator[Tried]:
    with trying(SYSTEM, endpoint) as tried:
        yield tried


def message(number: int, student: int | None, padding: int) -> Message:
    return Message(
        conversationId="c",
        timestamp=LATER * 1000.0 + number,
        messageId=f"m-{number:04}",
        moduleId=1,
        provider="openai",
        modelUsed="small",
        question="q" * padding,
        response="r",
        tokenCount=5,
        responseTime=5,
        hasFile=False,
        createdAt=NOW,
        studentId=student,
    )


def test_a_message_that_lacks_an_index_key_costs_the_least(tried: Tried) -> None:
    store = tried.store
    for number in range(10):
        student = None if number == 0 else 7
        item = tried.sized(MESSAGE_CREATE, partial(message, number, student))
        consumed, said = tried.costs(MESSAGE_CREATE, partial(store.put, MESSAGE_CREATE, item))
        assert consumed == (said.least if student is None else said.most)
    read = partial(store.query, MODULE_MESSAGES, moduleId=1, timestamp=(0.0, 1e14))
    consumed_exactly(tried.costs(MODULE_MESSAGES, read))
