"""The providers of embeddings: they make vectors of texts."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from typing import Protocol

from keyline.errors import KeylineError

MAX_CHARACTERS = 8_000
"""What is sent of a text. The specification cuts texts there; Titan takes 50,000 characters."""
TITAN_MODEL = "amazon.titan-embed-text-v2:0"
TITAN_DIMENSION = 1_024

_WORD = re.compile(r"\w+")


class EmbeddingFailedError(KeylineError):
    """The provider could not make a vector of a text. The call may be tried again."""


class EmbeddingProvider(Protocol):
    """Makes vectors of texts.

    Attributes
    ----------
    dimension
        How many numbers each vector has.
    name
        Of the model. Vectors of two models cannot be compared.
    """

    @property
    def dimension(self) -> int: ...

    @property
    def name(self) -> str: ...

    def embed(self, text: str) -> list[float]:
        """Return a vector of length 1; of zeros for a text without words.

        Raises
        ------
        EmbeddingFailedError
            If the model did not answer.
        """
        ...


class OfflineEmbeddings:
    """Vectors of the words in a text, without a model: equal words make similar vectors.

    Each word, and each three letters of it, count at two places that a digest of it says (the
    hashing trick). This class knows no meaning: it is for tests and for a machine without Bedrock.
    """

    def __init__(self, dimension: int = TITAN_DIMENSION) -> None:
        self.dimension = dimension
        self.name = f"offline-words-{dimension}"

    def embed(self, text: str) -> list[float]:
        """Return a vector of length 1; of zeros for a text without words."""
        vector = [0.0] * self.dimension
        for feature, count in _features(text[:MAX_CHARACTERS]).items():
            digest = hashlib.blake2b(feature.encode(), digest_size=8).digest()
            for start in (0, 4):
                number = int.from_bytes(digest[start : start + 4], "little")
                sign = 1 if number & 1 else -1
                vector[(number >> 1) % self.dimension] += sign * (1 + math.log(count))
        length = math.sqrt(sum(number * number for number in vector))
        return [number / length for number in vector] if length else vector


def _features(text: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for word in _WORD.findall(text.casefold()):
        found[word] += 1
        framed = f"<{word}>"
        found.update(framed[n : n + 3] for n in range(len(framed) - 2))
    return found
