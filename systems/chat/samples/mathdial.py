"""The tutoring dialogues of MathDial as messages.

A dialogue is a conversation, and each of the teacher's turns answers the student's before
it; the first answers the problem itself. A student's last turn that nobody answers is not
a message. The module is the problem's number, the student the name in the profile. Everything
else (time, provider, model, tokens, response time, and that one student in ten is not signed
in) is made up, see `systems.chat.samples.synthetic`.

Source of the data: Macina et al., "MathDial", EMNLP 2023; CC BY-SA 4.0. The data is not part of
this project.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import msgspec

from chat.tables import Message
from keyline.errors import KeylineError
from keyline_ops.demo.draws import draws
from systems.chat.samples.synthetic import ANONYMOUS, DAYS, Exchange, messages_of

TEACHER = "Teacher"

_TURN_END = "|EOM|"
_TURN = re.compile(r"(?P<who>[^:|]{1,40}): ?(?:\(\w+\) ?)?(?P<text>.*)", re.DOTALL)
_NAME = re.compile(r"\w+")


class SampleError(KeylineError):
    """A line of a data set that cannot be read; its path is file:line."""


class Dialogue(msgspec.Struct):
    """The part of a line that is read."""

    qid: int
    question: str
    student_profile: str
    conversation: str


@dataclass(frozen=True)
class Turn:
    """The words of one side until the other speaks."""

    teacher: bool
    text: str


def read(path: Path, until: float, days: int = DAYS) -> Iterator[Message]:
    """Yield the messages of a file, one dialogue after the other.

    Parameters
    ----------
    path
        JSON lines.
    until
        The end of the period that the dialogues are laid into, epoch ms.
    days
        How long that period is.

    Raises
    ------
    SampleError
        If there is no such file, or a line is not a dialogue.
    """
    if not path.is_file():
        raise SampleError(str(path), "there is no such file.", "Give the path of the data set.")
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                where = f"{path}:{number}"
                name = f"mathdial-{number:04}"
                yield from messages_of(_exchanges(_dialogue(line, where), name, where), until, days)


def _dialogue(line: str, where: str) -> Dialogue:
    try:
        return msgspec.json.decode(line, type=Dialogue)
    except msgspec.DecodeError as error:
        raise SampleError(
            where,
            f"{error}.",
            "A line is a JSON object with qid, question, student_profile and conversation.",
        ) from error


def _exchanges(dialogue: Dialogue, name: str, where: str) -> list[Exchange]:
    student = _student(dialogue, name, where)
    question = dialogue.question
    found: list[Exchange] = []
    for turn in _turns(dialogue.conversation, where):
        if not turn.teacher:
            question = turn.text
            continue
        found.append(Exchange(name, len(found), dialogue.qid, student, question, turn.text))
    if not found:
        raise SampleError(where, "the teacher says nothing.", "A dialogue has turns 'Teacher: …'.")
    return found


def _student(dialogue: Dialogue, name: str, where: str) -> int | None:
    """Return a number for the name: the same for the same student in every file."""
    found = _NAME.match(dialogue.student_profile)
    if found is None:
        raise SampleError(f"{where}.student_profile", "begins with no name.", "Name the student.")
    if draws(name, "anonymous").random() < ANONYMOUS:
        return None
    return 1 + zlib.crc32(found.group().encode())


def _turns(text: str, where: str) -> list[Turn]:
    """Return the turns; those in a row of one side are joined."""
    parsed: list[Turn] = []
    for place, part in enumerate(text.split(_TURN_END), 1):
        match = _TURN.fullmatch(part.strip())
        if match is None:
            raise SampleError(
                f"{where}.conversation[{place}]",
                "does not say who speaks.",
                "A turn is 'Teacher: (act) text' or 'Student: text'.",
            )
        parsed.append(Turn(match["who"] == TEACHER, match["text"].strip()))
    return [
        Turn(teacher, "\n".join(turn.text for turn in turns))
        for teacher, turns in groupby(parsed, key=lambda turn: turn.teacher)
    ]
