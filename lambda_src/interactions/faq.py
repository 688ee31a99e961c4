"""Search the frequent questions by words. The same words always give the same ranking."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import msgspec

from interactions.plain_text import plain

_WORD = re.compile(r"\w+(?:'\w+)*")
_ENDINGS = ("ing", "ed", "es", "s", "e")
_SHORTEST_STEM = 3
_IN_QUESTION, _IN_KEYWORDS, _IN_ANSWER = 3, 2, 1
"""The score of a word, by the first of these places that has the word."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question and its answer.

    Attributes
    ----------
    keywords
        Further words that find the entry.
    """

    id: str
    question: str
    answer: str
    keywords: tuple[str, ...] = ()


class Found(msgspec.Struct, frozen=True):
    """An entry that a search found, with the sum of the scores of the words."""

    entry: Entry
    score: int


class Faq(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """The frequent questions.

    Attributes
    ----------
    common
        Common words, such as `the`, that find nothing.
    """

    common: frozenset[str]
    entries: tuple[Entry, ...]

    def search(self, text: str) -> list[Found]:
        """Return the entries that have any of these words, the best first.

        Entries of the same score keep their order. Common words such as `the` find nothing.
        Endings do not matter: `doses` finds `dose`.
        """
        words = self._stems(text)
        scores = (sum(weights.get(word, 0) for word in words) for weights in self._weights)
        found = [Found(e, score) for e, score in zip(self.entries, scores, strict=True) if score]
        return sorted(found, key=lambda each: -each.score)

    @cached_property
    def _weights(self) -> tuple[Mapping[str, int], ...]:
        """Return the score of each word, by entry."""
        return tuple(
            dict.fromkeys(self._stems(entry.answer), _IN_ANSWER)
            | dict.fromkeys(self._stems(" ".join(entry.keywords)), _IN_KEYWORDS)
            | dict.fromkeys(self._stems(entry.question), _IN_QUESTION)
            for entry in self.entries
        )

    def _stems(self, text: str) -> frozenset[str]:
        words = _WORD.findall(plain(text))
        return frozenset(_stem(word) for word in words if word not in self.common)


def shipped() -> Faq:
    """Return the questions of `faq.toml`."""
    content = Path(__file__).with_name("faq.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(content), Faq)


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word.removesuffix(ending)
    return word
