"""The provider of embeddings that the settings name."""

from __future__ import annotations

from memory.embeddings.provider import (
    EmbeddingProvider,
    OfflineEmbeddings,
    TitanEmbeddings,
    bedrock_client,
)
from memory.settings import Settings


def provider_of(settings: Settings) -> EmbeddingProvider:
    """Make the provider that the settings name."""
    if settings.embeddings == "titan":
        return TitanEmbeddings(bedrock_client())
    return OfflineEmbeddings()
