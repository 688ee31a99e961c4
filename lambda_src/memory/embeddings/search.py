"""Find the embeddings of a user that are most similar to a vector. Needs numpy."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from keyline.run import Store


class Neighbour(msgspec.Struct, frozen=True, kw_only=True):
    """An embedding, and how similar it is to the query: the cosine, -1 to 1."""

    embedding_id: str
    score: float
    metadata: dict[str, str]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a search found.

    Attributes
    ----------
    neighbours
        The most similar first.
    compared
        How many vectors were compared exactly.
    newer
        How many of those are newer than the packed codes, or in no block for another reason.
    packed
        How many embeddings were looked for by their codes.
    packed_until_us
        The moment up to which the codes hold all embeddings: epoch microseconds. None without
        codes.
    """

    neighbours: list[Neighbour]
    compared: int
    newer: int
    packed: int
    packed_until_us: int | None


class EmbeddingSearch:
    """Searches the embeddings of a user. One for a process; safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def search(self, user_id: str, vector: Sequence[float], k: int = 10) -> Found:
        """Return the embeddings whose vectors are most similar to a vector.

        Raises
        ------
        VectorError
            If the vector is not one.
        """
        raise NotImplementedError

    def close(self) -> None:
        """End the threads."""
