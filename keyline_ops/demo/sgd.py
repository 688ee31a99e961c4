"""The dialogues of Schema-Guided Dialogue, and the vectors of their turns.

Source of the data: Rastogi et al., "Towards Scalable Multi-Domain Conversational Agents: The
Schema-Guided Dialogue Dataset", AAAI 2020; CC BY-SA 4.0. It is not part of this project.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from keyline.errors import KeylineError

DIALOGUES = "sgd-dev.jsonl"
VECTORS = "sgd-dev-minilm.npy"
MODEL = "all-MiniLM-L6-v2"
"""The model that the vectors were made with."""


class Turn(msgspec.Struct):
    """What one side says."""

    speaker: str
    utterance: str


class Dialogue(msgspec.Struct):
    """What is read of a line."""

    dialogue_id: str
    turns: list[Turn]


def dialogues(path: Path) -> Iterator[Dialogue]:
    """The dialogues of a file.

    Raises
    ------
    KeylineError
        If a line cannot be read; the path is file:line.
    """
    decoder = msgspec.json.Decoder(Dialogue)
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield decoder.decode(line)
            except msgspec.DecodeError as error:
                raise KeylineError(
                    f"{path}:{number}", f"is no dialogue: {error}.", "Take the file as published."
                ) from error


def questions(path: Path, most: int, longest: int) -> list[str]:
    """The first utterances of users, each once, those beyond so many characters left out.

    Raises
    ------
    KeylineError
        If a line cannot be read.
    """
    found: dict[str, None] = {}
    for dialogue in dialogues(path):
        opening = dialogue.turns[0].utterance
        if len(opening) <= longest:
            found.setdefault(opening)
        if len(found) == most:
            break
    return list(found)
