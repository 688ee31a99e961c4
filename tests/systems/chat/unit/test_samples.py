"""Sample messages: the same at every run, right in form, and errors that name the line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chat.prices import Prices
from chat.settings import Settings
from chat.tables import Message
from systems.chat.samples import conversations, mathdial
from systems.chat.samples.mathdial import SampleError
from tests.systems.chat.unit.examples import DAY_MS

UNTIL = 1_795_132_800_000.0
DIALOGUE: dict[str, Any] = {
    "qid": 31,
    "question": "How many spoons are there?",
    "student_profile": "Robin is in grade 7.",
    "conversation": "Teacher: (generic)Hi Robin, how did you do it?|EOM|Robin: I: guessed.|EOM|"
    "Teacher: (focus)Hm.|EOM|Teacher: Count them.|EOM|Student: 12|EOM|Teacher: Yes|EOM|Student: :)",
}


def in_form(messages: list[Message]) -> None:
    """Return whether they are messages as the API would take them."""
    prices = Prices.of(Settings())
    assert len({m.messageId for m in messages}) == len(messages)
    assert len({(m.conversationId, m.timestamp) for m in messages}) == len(messages)
    for m in messages:
        assert m.provider in prices.per_1k
        assert UNTIL - 28 * DAY_MS <= m.timestamp < UNTIL
        assert m.question
        assert m.response
        assert m.tokenCount > 0
        assert m.responseTime > 0
        assert m.studentId is None or m.studentId > 0
        assert msgspec.json.decode(msgspec.json.encode(m), type=Message) == m


def test_invented_conversations_are_varied_and_the_same_at_every_run() -> None:
    messages = list(conversations.messages(UNTIL))
    in_form(messages)
    assert messages == list(conversations.messages(UNTIL))
    assert len({m.conversationId for m in messages}) == conversations.CONVERSATIONS
    assert len({m.moduleId for m in messages}) == len(conversations.LESSONS)
    assert {m.provider for m in messages} == {"openai", "anthropic"}
    assert any(m.studentId is None for m in messages)
    assert any(m.responseTime < 2000 for m in messages)
    assert any(m.responseTime > 10_000 for m in messages)
    assert any(len(m.response.encode()) > 1024 for m in messages)


def test_what_is_invented_is_right() -> None:
    """The answers name results: these are worked out again from the questions."""
    checked = 0
    for m in conversations.messages(UNTIL, conversations=200):
        if found := re.fullmatch(r"Yes: (\d)/5 of (\d+) is (\d+)\.", m.response):
            part, whole, result = map(int, found.groups())
            assert part * whole == 5 * result
            checked += 1
        if found := re.search(r"(\d+)x \+ (\d+) = (\d+)\.\n.* x = (\d+)\.", m.response, re.DOTALL):
            factor, added, total, x = map(int, found.groups())
            assert factor * x + added == total
            checked += 1
    assert checked > 20


def test_a_dialogue_is_a_conversation_in_which_the_teacher_answers(tmp_path: Path) -> None:
    path = tmp_path / "dialogues.jsonl"
    path.write_text(json.dumps(DIALOGUE) + "\n\n" + json.dumps(DIALOGUE) + "\n")
    messages = list(mathdial.read(path, UNTIL))
    in_form(messages)
    assert messages == list(mathdial.read(path, UNTIL))
    assert {m.conversationId for m in messages} == {"mathdial-0001", "mathdial-0003"}
    first = [m for m in messages if m.conversationId == "mathdial-0001"]
    assert [(m.question, m.response) for m in first] == [
        ("How many spoons are there?", "Hi Robin, how did you do it?"),
        ("I: guessed.", "Hm.\nCount them."),
        ("12", "Yes"),
    ]
    assert {m.moduleId for m in messages} == {31}
    assert len({m.studentId for m in messages} - {None}) <= 1


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("{", ":2:"),
        ("[]", ":2:"),
        (json.dumps({**DIALOGUE, "qid": "x"}), ":2:"),
        (json.dumps({**DIALOGUE, "student_profile": "?"}), ":2.student_profile:"),
        (json.dumps({**DIALOGUE, "conversation": "Teacher: Hi|EOM|nobody"}), "conversation[2]"),
        (json.dumps({**DIALOGUE, "conversation": "Robin: Hello?"}), ":2:"),
    ],
)
def test_a_line_that_is_no_dialogue_is_named_with_what_to_do(
    tmp_path: Path, line: str, place: str
) -> None:
    path = tmp_path / "dialogues.jsonl"
    path.write_text(json.dumps(DIALOGUE) + "\n" + line + "\n")
    with pytest.raises(SampleError) as refused:
        list(mathdial.read(path, UNTIL))
    assert str(path) in str(refused.value)
    assert place in str(refused.value)
    assert refused.value.suggestion


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SampleError, match="no such file"):
        list(mathdial.read(tmp_path / "none.jsonl", UNTIL))
