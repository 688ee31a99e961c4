"""The names of the metrics that the memory system publishes."""

from __future__ import annotations

CONTEXT_TIME = "ContextRetrievalTime"
"""Milliseconds that a context took, from the cache or built, without the call of the model that
makes vectors of texts."""
SEARCH_TIME = "EmbeddingSearchLatency"
"""Milliseconds that a search took, without that call."""
CONTEXT_MEMORY = "ContextMemory"
"""Megabytes by which the memory of the process grew while a context was built."""
EMBEDDING_FAILED = "EmbeddingFailures"
"""Texts of which no vector could be made."""
