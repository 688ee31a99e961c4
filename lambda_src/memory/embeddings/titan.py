"""Vectors by Amazon Titan on Bedrock. Importing this module imports botocore."""

from __future__ import annotations

from typing import Any

import botocore.session
import msgspec
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from keyline.causes import cause_of
from memory.embeddings.provider import (
    MAX_CHARACTERS,
    TITAN_DIMENSION,
    TITAN_MODEL,
    EmbeddingFailedError,
)

CONNECT_TIMEOUT = 1.0
READ_TIMEOUT = 4.0
ATTEMPTS = 2
"""Seconds, and tries of one call with the first: 10 s at most with both."""


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
