"""The words of patients: turns of users of Schema-Guided Dialogue, or invented ones."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from companion.repetition import MOST_TURNS
from companion.settings import Settings
from companion.words import CONCERN, NONE, level_of, normalised
from keyline_ops.demo.draws import draws
from keyline_ops.demo.sgd import DIALOGUES, dialogues

TURNS = 300
"""Turns of the dialogues that are said, unless somebody asks for all of them."""
INVENTED = 90
_SAYINGS = (
    "Good morning.",
    "What day is it?",
    "Who is my daughter?",
    "What is planned today?",
    "What are my pills?",
    "I slept well.",
    "It is raining outside.",
    "I would like to hear some music.",
    "I am lost.",
    "I fell in the kitchen.",
)


def of_dialogues(folder: Path, most: int | None = TURNS) -> list[str]:
    """Return what users say, in order of the file.

    Parameters
    ----------
    most
        How many turns; None returns all.

    Raises
    ------
    KeylineError
        If a line cannot be read.
    """
    return list(islice(_of_users(folder / DIALOGUES), most))


def invented() -> list[str]:
    """Return invented turns, the same at every call."""
    drawn = draws("companion")
    return [drawn.choice(_SAYINGS) for _ in range(INVENTED)]


def levels_of(turns: Iterable[str]) -> list[int]:
    """Return the level of each turn of one patient who says them within two hours.

    The function counts by itself, and not with the code that the skill runs.
    """
    latest, found = deque[str](maxlen=MOST_TURNS), list[int]()
    for words in turns:
        level, same = level_of(words), normalised(words)
        if level == NONE and Counter(latest)[same] >= Settings().repetitions:
            level = CONCERN
        latest.append(same)
        found.append(level)
    return found


def _of_users(path: Path) -> Iterator[str]:
    for dialogue in dialogues(path):
        for turn in dialogue.turns:
            if turn.speaker == "USER":
                yield turn.utterance
