"""The dialogues of Schema-Guided Dialogue, and the vectors of their turns.

Source of the data: Rastogi et al., "Towards Scalable Multi-Domain Conversational Agents: The
Schema-Guided Dialogue Dataset", AAAI 2020; CC BY-SA 4.0. It is not part of this project.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from keyline.problem import KeylineError
from ops.samples.catalogue import Catalogue, Product, WrittenReport
from ops.samples.synthetic import draws

DIALOGUES = "sgd-dev.jsonl"
VECTORS = "sgd-dev-minilm.npy"
MODEL = "all-MiniLM-L6-v2"
READERS = 40
"""Among how many users the dialogues are divided."""
_LONGEST_TITLE = 300


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


def catalogue(folder: Path) -> Catalogue:
    """Each dialogue as a report that its opening is the title of, and as a product.

    The product's vector is that of the opening.

    Raises
    ------
    KeylineError
        If a line cannot be read, or there are not as many vectors as turns.
    """
    found = list(dialogues(folder / DIALOGUES))
    vectors = np.load(folder / VECTORS, mmap_mode="r", allow_pickle=False)
    turns = sum(len(dialogue.turns) for dialogue in found)
    if len(vectors) != turns:
        raise KeylineError(
            str(folder / VECTORS),
            f"holds {len(vectors)} vectors of {turns} turns.",
            "Take both files of one version.",
        )
    products, at = [], 0
    for dialogue in found:
        products.append(Product(dialogue.dialogue_id, tuple(map(float, vectors[at]))))
        at += len(dialogue.turns)
    return Catalogue(MODEL, tuple(map(_report, found)), tuple(products))


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


def _report(dialogue: Dialogue) -> WrittenReport:
    user = draws("reader", dialogue.dialogue_id).randrange(READERS)
    title = dialogue.turns[0].utterance[:_LONGEST_TITLE]
    return WrittenReport(f"user-{user:02}", title, dialogue.dialogue_id)
