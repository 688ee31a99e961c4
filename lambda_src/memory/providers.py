"""The provider of embeddings that the settings name."""

from __future__ import annotations

from collections.abc import Callable

from memory.embeddings.provider import (
    EmbeddingFailedError,
    EmbeddingProvider,
    OfflineEmbeddings,
)
from memory.settings import Settings


class _Watched:
    """A provider whose failures are told."""

    def __init__(self, provider: EmbeddingProvider, failed: Callable[[], None]) -> None:
        self.dimension = provider.dimension
        self.name = provider.name
        self._provider = provider
        self._failed = failed

    def embed(self, text: str) -> list[float]:
        try:
            return self._provider.embed(text)
        except EmbeddingFailedError:
            self._failed()
            raise


def provider_of(settings: Settings, failed: Callable[[], None]) -> EmbeddingProvider:
    """Make the provider that the settings name.

    Parameters
    ----------
    failed
        Is called for each text of which no vector could be made.
    """
    if settings.embeddings == "titan":
        # With botocore, whose import is half of a start: a function without Bedrock never pays it.
        from memory.embeddings.titan import TitanEmbeddings, bedrock_client

        return _Watched(TitanEmbeddings(bedrock_client()), failed)
    return _Watched(OfflineEmbeddings(), failed)
