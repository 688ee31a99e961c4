"""Decide what words say: how urgent they are, and whether they are a repetition.

Words are compared whole, without case and punctuation. A negation counts only if it
is of the sign itself: "I am not hurt" raises nothing, "I am not well and I fell" raises level 2.
Speech has no commas, so a word such as "no" may be an answer of its own, and negate nothing.
Where it is in doubt, the higher level is raised.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import pairwise, takewhile

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
_CONCERNS = ("scared", "confused", "lost", "where am i", "help", "help me")
_NEVER_NEGATED = frozenset(["cant breathe", "cannot breathe", "can not breathe", "where am i"])
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
        "of",
        "really",
        "the",
        "too",
        "very",
    ]
)
"""Words that may stand between a negation and what it negates. After any other word, such as in
"not stop the pain", the negation is of that word."""
_LINKS_TO = {
    "pain": _LINKS | {"chest"},
    "help": _LINKS | {"need", "want"},
    "help me": _LINKS | {"need", "want"},
}
"""Signs that further words may link to. Who does not want pain may have it."""
_ANSWERS = {
    "no": frozenset(["bleeding", "chest pain", "fire", "help", "pain"]),
    "nothing": frozenset(["bleeding", "fallen", "fell", "hurt", "hurts", "lost"]),
}
"""Negations that are also a whole answer, with the signs that they negate. Speech has no comma:
"no help me" is "no, help me"."""
_LINKS_OF_NO = frozenset(["any", "chest", "more"])
_TAKE_OBJECTS = frozenset(
    [
        "feel",
        "feeling",
        "get",
        "getting",
        "got",
        "have",
        "having",
        "in",
        "need",
        "of",
        "want",
        "without",
    ]
)
"""Words after which "my" and "the" go on with what was said. After any other word they begin
another sentence: "not really my chest hurts"."""


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
            found = list(words[start : start + len(parts)]) == parts
            if found and not _negated(words[:start], sign):
                return True
    return False


def _negated(before: Sequence[str], sign: str) -> bool:
    """Return whether the words before a sign negate it, and leave no doubt."""
    if sign in _NEVER_NEGATED:
        return False
    linked = _LINKS_TO.get(sign, _LINKS) | _NEGATIONS
    tail = list(takewhile(linked.__contains__, reversed(before)))[::-1]
    places = [place for place, word in enumerate(tail) if word in _NEGATIONS]
    if not places or sum(tail[place] != "no" for place in places) > 1:
        return False  # two negations, such as "never without pain", say the sign
    return _reaches(tail[places[-1]], tail[places[-1] + 1 :], sign)


def _reaches(negation: str, gap: Sequence[str], sign: str) -> bool:
    """Return whether a negation is of a sign that follows it after a gap of words."""
    if negation == "never" and "more" in gap:
        return False  # "never been in more pain" compares
    for word, following in pairwise([negation, *gap]):
        if following in ("my", "the") and word not in _TAKE_OBJECTS:
            return False
        if following == "more" and word not in ("any", "no"):
            return False
    if negation == "no" and gap[:1] == ["longer"]:
        return True
    if negation == "no" and not _LINKS_OF_NO.issuperset(gap):
        return False
    return negation not in _ANSWERS or sign in _ANSWERS[negation]
