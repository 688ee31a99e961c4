"""Embeddings are found whether their codes are in no block yet, in blocks, or in groups."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from keyline.run import Store
from memory.embeddings import generations
from memory.embeddings.blocks import Rows
from memory.embeddings.generations import group
from memory.embeddings.packing import BLOCK_ROWS, MARGIN_SECONDS, Packer
from memory.embeddings.patterns import CODES_ALL, GROUPS_WRITE
from memory.embeddings.search import EmbeddingSearch, Found
from memory.embeddings.store import NewEmbedding
from memory.embeddings.tables import Directory, Group, Recent
from tests.support.protocols.crash import Crash
from tests.systems.memory.on_engine import Memory

DIMENSION = 64
ALIKE = 10
"""Vectors of a cluster: as many as a search returns."""
FEW, SOME, MANY = 30, 3 * BLOCK_ROWS + 10, 17 * BLOCK_ROWS
"""Embeddings in no block, in blocks and in none, and in groups."""

Vectors = NDArray[np.float32]


class Kept:
    """Clusters of similar vectors that a user has stored."""

    def __init__(self, memory: Memory, count: int, *, ttl: int | None = None) -> None:
        self.memory = memory
        random = np.random.default_rng(7)
        centres = random.standard_normal((-(-count // ALIKE), DIMENSION))
        noise = random.standard_normal((count, DIMENSION)) * 0.2
        vectors = np.repeat(centres, ALIKE, axis=0)[:count] + noise
        self.vectors: Vectors = (
            (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype("<f2").astype("<f4")
        )
        new = [NewEmbedding(vector=vector.tolist(), ttl=ttl) for vector in self.vectors]
        self.ids = [each.embedding_id for each in new]
        memory.embeddings.store_all("ada", new)

    def search(self, row: int) -> Found:
        """Search for a vector of the user."""
        search = EmbeddingSearch(self.memory.store)
        try:
            return search.search("ada", self.vectors[row].tolist(), ALIKE)
        finally:
            search.close()

    def exact(self, row: int, without: Sequence[str] = ()) -> list[str]:
        """The best identifiers as a comparison with all vectors gives them."""
        cosines = self.vectors @ self.vectors[row]
        ordered = [self.ids[number] for number in np.argsort(-cosines, kind="stable")]
        return [each for each in ordered if each not in without][:ALIKE]

    def assert_found(self, *, without: Sequence[str] = ()) -> None:
        """Search for vectors of five clusters, and compare with all vectors."""
        for row in range(0, len(self.ids) - ALIKE, len(self.ids) // 5):
            found = [each.embedding_id for each in self.search(row).neighbours]
            assert not set(found) & set(without)
            mates = [each for each in self.exact(row, without) if self.ids.index(each) // 10 == row // 10]
            assert found[: len(mates)] == mates


def ids_in(found: Found) -> list[str]:
    return [each.embedding_id for each in found.neighbours]


def packer(store: Store) -> Packer:
    """A packer of a time at which all that was stored is old enough for a block."""
    return Packer(store, clock=lambda: time.time() + MARGIN_SECONDS + 10)


def parts(memory: Memory) -> list[Directory | Recent | Group]:
    return list(memory.store.items(CODES_ALL, user_id="ada"))


def coded(memory: Memory, kind: type[Recent] | type[Group]) -> Counter[int]:
    """How often an identifier is in blocks of a kind."""
    found = [Rows.of(part.rows).numbers for part in parts(memory) if isinstance(part, kind)]
    return Counter(np.frombuffer(b"".join(found), "<u8").tolist())


def units(memory: Memory) -> dict[str, float]:
    """The read units of each pattern since the last flush. Each call costs what its items do."""
    taken: dict[str, float] = {}
    for call in memory.meter.calls:
        assert call.read == call.floor, call
        taken[call.pattern] = taken.get(call.pattern, 0) + call.read
    return taken
