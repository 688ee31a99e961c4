"""Messages as long as they may be: every list of them is let out, and is whole."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from chat.tables import Message
from keyline.payload import MAX_ITEMS, MAX_PAYLOAD
from tests.support.pages import pages
from tests.systems.chat.engine.test_api import (
    BATCH,
    CONVERSATION,
    MODULE,
    NEW,
    POST,
    PROVIDER,
    RECENT,
    STUDENT,
    of_conversation,
)
from tests.systems.chat.on_engine import Chat, MakeChat
from tests.systems.chat.unit.examples import START, message

COUNT = 26
LISTS: list[tuple[str, dict[str, Any], str]] = [
    (CONVERSATION, of_conversation("c"), "limit=500"),
    (MODULE, {"moduleId": 7}, ""),
    (MODULE, {"moduleId": 7}, "limit=500"),
    (STUDENT, {"studentId": 5}, "limit=500"),
    (RECENT, {"studentId": 5}, "limit=100"),
    (PROVIDER, {"provider": "openai"}, "from=2020-01-01&limit=500"),
]


def quotes(most: int) -> str:
    """Return a text that is twice as long in an answer as in a request, and tiny when stored."""
    return '"' * (most // 2)


def letters(most: int) -> str:
    """Return a text that hardly gets shorter when it is stored."""
    return "".join(random.Random(most).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=most))


@pytest.mark.parametrize("text", [quotes, letters])
def test_lists_of_the_longest_messages_are_whole_and_let_out(
    make_chat: MakeChat, text: Callable[[int], str]
) -> None:
    chat = make_chat(provider_shards=2)
    write, read = chat.app("write"), chat.app("read")
    sent = {**NEW, "studentId": 5, "response": ""}
    longest = text(write.module.MAX_BODY - len(json.dumps(sent)))
    stored = []
    for _ in range(COUNT):
        made = write(POST, of_conversation("c"), body={**sent, "response": longest})
        assert made.status == 201, made.body
        stored.append(made.body)
    newest_first = stored[::-1]

    for route, path, query in LISTS:
        found = list(pages(lambda asked: read(route, path, query=asked), "messages", query))  # noqa: B023 - called at once
        assert [m for page in found for m in page] == newest_first, route
        assert 1 < len(found) <= 4, route  # not one message a page either

    keys = [{name: m[name] for name in ("conversationId", "timestamp")} for m in stored]
    shown = []
    while keys:
        answer = read(BATCH, body={"keys": keys})
        assert answer.status == 200
        assert answer.size <= MAX_PAYLOAD
        assert answer.body["messages"]
        shown += answer.body["messages"]
        assert len(shown) + len(answer.body["unprocessedKeys"]) == COUNT
        keys = answer.body["unprocessedKeys"]
    assert shown == stored


def test_a_batch_of_as_many_keys_as_allowed_may_be_partly_answered(chat: Chat) -> None:
    stored = [chat.add(message(timestamp=START + n, response="x" * 90_000)) for n in range(100)]
    keys = [{"conversationId": m.conversationId, "timestamp": m.timestamp} for m in stored]
    answer = chat.app("read")(BATCH, body={"keys": keys})
    assert answer.status == 200
    count = len(answer.body["messages"])
    assert count == MAX_ITEMS // (answer.size // count)
    assert answer.body["unprocessedKeys"] == keys[count:]


def test_a_batch_that_fits_has_no_unprocessed_keys(chat: Chat) -> None:
    stored = chat.add(message())
    known = {"conversationId": stored.conversationId, "timestamp": stored.timestamp}
    keys = [known, {"conversationId": "none", "timestamp": 1.0}]
    answer = chat.app("read")(BATCH, body={"keys": keys})
    assert answer.body["unprocessedKeys"] == []


def test_a_batch_does_not_tell_a_student_of_messages_that_are_another_s(chat: Chat) -> None:
    def add(n: int, student: int) -> Message:
        return chat.add(message(timestamp=START + n, response="x" * 200_000, studentId=student))

    own, foreign = [add(n, 5) for n in range(40)], [add(100 + n, 6) for n in range(40)]
    mixed = [m for pair in zip(foreign, own, strict=True) for m in pair]
    keys = [{"conversationId": m.conversationId, "timestamp": m.timestamp} for m in mixed]
    absent = [{"conversationId": m.conversationId, "timestamp": m.timestamp + 0.5} for m in foreign]
    read = chat.app("read")
    told = [
        read(BATCH, body={"keys": asked}, student=5).body
        for asked in (keys, [key for pair in zip(absent, keys[1::2], strict=True) for key in pair])
    ]
    assert told[0] == told[1]
    assert told[0]["unprocessedKeys"]
