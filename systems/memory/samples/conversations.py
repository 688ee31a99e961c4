"""Conversations with an assistant, and the vectors of their turns.

Conversations are made of the dialogues of Schema-Guided Dialogue where its files are there, and are
invented otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keyline_ops.demo.draws import draws
from keyline_ops.demo.sgd import DIALOGUES, dialogues, vectors_of
from memory.embeddings.provider import OfflineEmbeddings
from memory.tables import Role

USERS = 100
"""Among how many users the dialogues are divided."""
CONVERSATIONS = 60
"""How many are invented."""
DIMENSION = 384
"""Of the vectors of both."""
_DECIMALS = 4
"""Of the numbers of a vector, as they are sent: as many as float16 keeps."""
_THINGS = ("restaurant", "flight", "museum", "concert", "dentist", "hotel", "train", "film")
_PLACES = ("San Jose", "Lisbon", "Oslo", "Kyoto", "Lima", "Ghent", "Cork", "Turin")


@dataclass(frozen=True)
class Said:
    """One turn with its vector."""

    role: Role
    content: str
    vector: tuple[float, ...]

    @property
    def json(self) -> dict[str, Any]:
        """The turn as a request holds it."""
        return {"role": self.role, "content": self.content, "vector": self.vector}


@dataclass(frozen=True)
class Conversation:
    """A session of a user."""

    user: str
    session: str
    turns: Sequence[Said]


def of_dialogues(folder: Path) -> list[Conversation]:
    """Return each dialogue as a session of one of the users.

    Raises
    ------
    KeylineError
        If a line cannot be read, or there are not as many vectors as turns.
    """
    found = list(dialogues(folder / DIALOGUES))
    vectors = vectors_of(found, folder).astype("<f8").round(_DECIMALS)
    rows = iter(vectors.tolist())
    made = []
    for dialogue in found:
        said = [
            Said("user" if turn.speaker == "USER" else "assistant", turn.utterance, tuple(row))
            for turn, row in zip(dialogue.turns, rows, strict=False)
        ]
        made.append(Conversation(_user(dialogue.dialogue_id), dialogue.dialogue_id, said))
    return made


def invented() -> list[Conversation]:
    """Return conversations that nobody had; they are the same at every run."""
    provider = OfflineEmbeddings(DIMENSION)
    made = []
    for number in range(CONVERSATIONS):
        drawn = draws("conversation", number)
        thing, place = drawn.choice(_THINGS), drawn.choice(_PLACES)
        texts = (
            f"I am looking for a {thing} in {place}.",
            f"There are {drawn.randint(2, 9)} of that kind in {place}. Is there a day you prefer?",
            f"Any day in week {drawn.randint(1, 52)}.",
            f"I have written down the {thing} for you.",
        )
        said = [
            Said(
                "assistant" if n % 2 else "user",
                text,
                tuple(round(number, _DECIMALS) for number in provider.embed(text)),
            )
            for n, text in enumerate(texts)
        ]
        name = f"invented-{number:03}"
        made.append(Conversation(_user(name), name, said))
    return made


def archived(count: int, begin: int = 0) -> list[Said]:
    """Return turns of an older history, whose vectors have no meaning."""
    made = []
    for number in range(begin, begin + count):
        drawn = draws("archived", number)
        numbers = [drawn.gauss(0, 1) for _ in range(DIMENSION)]
        length = math.sqrt(sum(each * each for each in numbers))
        vector = tuple(round(each / length, _DECIMALS) for each in numbers)
        made.append(Said("user", f"Line {number} of the archive.", vector))
    return made


def _user(name: str) -> str:
    return f"user-{draws('memory', name).randrange(USERS):02}"
