"""The dialogues of Schema-Guided Dialogue, and the vectors of their turns.

Source of the data: Rastogi et al., "Towards Scalable Multi-Domain Conversational Agents: The
Schema-Guided Dialogue Dataset", AAAI 2020; CC BY-SA 4.0. The data is not part of this project.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from keyline.errors import KeylineError

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIALOGUES = "sgd-dev.jsonl"
VECTORS = "sgd-dev-minilm.npy"
MODEL = "all-MiniLM-L6-v2"
"""The model that the vectors were made with."""


class Turn(msgspec.Struct):
    """The words of one side."""

    speaker: str
    utterance: str


class Dialogue(msgspec.Struct):
    """The part of a line that is read."""

    dialogue_id: str
    turns: list[Turn]


def dialogues(path: Path) -> Iterator[Dialogue]:
    """Yield the dialogues of a file.

    Raises
    ------
    KeylineError
        If the file cannot be read, or a line of it, whose path is file:line.
    """
    decoder = msgspec.json.Decoder(Dialogue)
    for number, line in enumerate(_lines(path), start=1):
        try:
            yield decoder.decode(line)
        except msgspec.DecodeError as error:
            raise KeylineError(
                f"{path}:{number}", f"is not a dialogue: {error}.", "Take the file as published."
            ) from error


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as lines:
            yield from lines
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> KeylineError:
    return KeylineError(
        str(path), f"cannot be read: {error.strerror}.", "Name a folder that holds the file."
    )


def vectors_of(found: Sequence[Dialogue], folder: Path) -> NDArray[Any]:
    """Return the vectors of all turns of the dialogues: one row for each turn, in their order.

    Raises
    ------
    KeylineError
        If the file cannot be read, or there are not as many vectors as turns.
    """
    import numpy as np  # most of what is demonstrated has no vectors

    try:
        vectors: NDArray[Any] = np.load(folder / VECTORS, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise _unreadable(folder / VECTORS, error) from error
    turns = sum(len(dialogue.turns) for dialogue in found)
    if len(vectors) != turns:
        raise KeylineError(
            str(folder / VECTORS),
            f"holds {len(vectors)} vectors of {turns} turns.",
            "Take both files of one version.",
        )
    return vectors


def questions(path: Path, most: int, longest: int) -> list[str]:
    """Return the first utterances of users, each once.

    Those with more characters than a limit are left out.

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
