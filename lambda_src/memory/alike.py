"""Find turns that say almost the same as a text, by few reads. Needs numpy.

SimilarityIndex sorts the embeddings of a chunk by the signatures of their vectors. A vector that
is very similar to another has a signature that begins alike, so one Query of each chunk finds it.
Vectors that are less similar may begin otherwise: this search misses most of them, and
`memory.embeddings.search` is the one that does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from keyline.run import Store
from keyline.vector.matrix import floats
from memory.embeddings.compression import decompress
from memory.embeddings.identifiers import CHUNKS
from memory.embeddings.patterns import EMBEDDINGS_ALIKE
from memory.embeddings.search import Neighbour
from memory.embeddings.signature import similarity_hash
from memory.embeddings.tables import Stored

DIGITS = 2
"""Hexadecimal digits that the signatures share: one of 256 beginnings."""


class AlikeSearch:
    """Searches the embeddings of a user by their signatures. Threads may share it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._threads = ThreadPoolExecutor(CHUNKS, "alike")

    def search(self, user_id: str, vector: Sequence[float], k: int) -> list[Neighbour]:
        """Return embeddings whose signatures begin as that of a vector, the most similar first."""
        beginning = similarity_hash(vector)[:DIGITS]
        chunks = self._threads.map(
            lambda chunk: self._chunk(user_id, chunk, beginning), range(CHUNKS)
        )
        query = np.asarray(vector, "<f4")
        query /= np.linalg.norm(query) or 1
        found = [
            Neighbour(
                embedding_id=stored.embedding_id,
                score=float(query @ (compared / np.linalg.norm(compared))),
                metadata=stored.metadata,
            )
            for chunk in chunks
            for stored in chunk
            if len(compared := floats(decompress(stored.vector_compressed))) == len(query)
        ]
        return sorted(found, key=lambda each: (-each.score, each.embedding_id))[:k]

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()

    def _chunk(self, user_id: str, chunk: int, beginning: str) -> list[Stored]:
        found = self._store.items(
            EMBEDDINGS_ALIKE, user_id=user_id, chunk=chunk, similarity_hash=beginning
        )
        return list(found)
