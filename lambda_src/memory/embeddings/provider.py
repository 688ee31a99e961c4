"""The providers of embeddings: they make vectors of texts."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from typing import Any, Protocol

import botocore.session
import msgspec
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from keyline.causes import cause_of
from keyline.errors import KeylineError

MAX_CHARACTERS = 8_000
"""What is sent of a text. The specification cuts texts there; Titan takes 50,000 characters."""
TITAN_MODEL = "amazon.titan-embed-text-v2:0"
TITAN_DIMENSION = 1_024
CONNECT_TIMEOUT = 1.0
READ_TIMEOUT = 4.0
ATTEMPTS = 2
"""Seconds, and tries of one call with the first: 10 s at most with both."""

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


class TitanEmbeddings:
    """Vectors of Amazon Titan Text Embeddings V2 on Bedrock: 1,024 numbers of length 1.

    Source: Bedrock user guide, "Amazon Titan Embeddings Text": `inputText`, `dimensions`,
    `normalize`, and `embedding` in the answer.

    Parameters
    ----------
    client
        What `bedrock_client` made.
    """

    dimension = TITAN_DIMENSION
    name = TITAN_MODEL

    def __init__(self, client: Any) -> None:
        self._client = client

    def embed(self, text: str) -> list[float]:
        """Return a vector of length 1; of zeros for a text without words, without a call.

        Raises
        ------
        EmbeddingFailedError
            If Bedrock did not answer, or its answer holds no vector of this dimension.
        """
        sent = text[:MAX_CHARACTERS]
        if not sent.strip():
            return [0.0] * self.dimension
        body = {"inputText": sent, "dimensions": self.dimension, "normalize": True}
        try:
            answer = self._client.invoke_model(
                modelId=self.name,
                body=msgspec.json.encode(body),
                contentType="application/json",
                accept="application/json",
            )
            found = msgspec.json.decode(answer["body"].read(), type=_TitanAnswer).embedding
        except (BotoCoreError, ClientError, msgspec.MsgspecError) as error:
            raise EmbeddingFailedError(
                self.name, f"did not answer with a vector: {cause_of(error)}.", _AGAIN
            ) from error
        if len(found) != self.dimension:
            raise EmbeddingFailedError(
                self.name, f"answered with {len(found)} numbers, not {self.dimension}.", _AGAIN
            )
        return found


_AGAIN = "Send the request again; if it fails again, look at the metrics of Bedrock."


class _TitanAnswer(msgspec.Struct):
    embedding: list[float]


def bedrock_client(**more: Any) -> Any:
    """Make a client of Bedrock's run time with timeouts.

    Parameters
    ----------
    more
        Further arguments for botocore's `create_client`.
    """
    config = Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        tcp_keepalive=True,
    )
    return botocore.session.get_session().create_client("bedrock-runtime", config=config, **more)


def _features(text: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for word in _WORD.findall(text.casefold()):
        found[word] += 1
        framed = f"<{word}>"
        found.update(framed[n : n + 3] for n in range(len(framed) - 2))
    return found
