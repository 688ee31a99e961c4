"""Decide what words say: how urgent they are, and whether they are a repetition.

Words are compared whole, without case and punctuation. A negation counts only if it
is of the sign itself: "I am not hurt" raises nothing, "I am not well and I fell" raises level 2.
Where it is in doubt, the higher level is raised.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from hashlib import sha256

EMERGENCY, CONCERN, NONE = 2, 1, 0
"""Levels of escalation."""
DIGEST_BYTES = 8

_EMERGENCIES = (
    "fell",
    "fallen",
    "bleeding",
    "chest pain",
    "fire",
    "cant breathe",
    "cannot breathe",
    "can not breathe",
    "hurt",
    "hurts",
    "pain",
)
_CONCERNS = ("scared", "confused", "lost", "where am i", "help")
_BREAKS = re.compile(r"[.,;:!?\n]+|\b(?:but|and|then|because|so)\b")
_WORD = re.compile(r"\w+")
_APOSTROPHES = str.maketrans("", "", "'\u2018\u2019\u02bc\u0060\u00b4")

_NEGATIONS = frozenset(
    [
        "no",
        "not",
        "never",
        "without",
        "nothing",
        "isnt",
        "arent",
        "wasnt",
        "werent",
        "dont",
        "doesnt",
        "didnt",
        "havent",
        "hasnt",
        "hadnt",
        "aint",
    ]
)
_LINKS = frozenset(
    [
        "a",
        "am",
        "any",
        "anymore",
        "at",
        "all",
        "be",
        "been",
        "being",
        "chest",
        "feel",
        "feeling",
        "get",
        "getting",
        "got",
        "have",
        "having",
        "in",
        "longer",
        "more",
        "much",
        "my",
        "need",
        "of",
        "really",
        "so",
        "the",
        "too",
        "very",
        "want",
    ]
)
"""Words that may stand between a negation and what it negates. After any other word, such as in
"not stop the pain", the negation is of that word."""


def level_of(text: str) -> int:
    """Return how urgent words are: an emergency goes before a concern."""
    clauses = list(_clauses(text))
    if any(_says(clause, _EMERGENCIES) for clause in clauses):
        return EMERGENCY
    return CONCERN if any(_says(clause, _CONCERNS) for clause in clauses) else NONE


def normalised(text: str) -> str:
    """Return words as they are compared: without case, punctuation and double spaces."""
    return " ".join(_WORD.findall(_plain(text)))


def digest_of(text: str) -> bytes:
    """Return what tells words from other words, without showing them."""
    return sha256(normalised(text).encode()).digest()[:DIGEST_BYTES]


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().translate(_APOSTROPHES)


def _clauses(text: str) -> Iterator[list[str]]:
    for clause in _BREAKS.split(_plain(text)):
        words = _WORD.findall(clause)
        if words:
            yield words


def _says(words: Sequence[str], signs: Sequence[str]) -> bool:
    for sign in signs:
        parts = sign.split()
        for start in range(len(words) - len(parts) + 1):
            if list(words[start : start + len(parts)]) == parts and not _negated(words[:start]):
                return True
    return False


def _negated(before: Sequence[str]) -> bool:
    for word in reversed(before):
        if word in _NEGATIONS:
            return True
        if word not in _LINKS:
            return False
    return False
