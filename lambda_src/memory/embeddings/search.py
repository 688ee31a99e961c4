"""Find the embeddings of a user that are most similar to a vector. Needs numpy.

1. One Query reads the directory and the recent blocks.
2. The groups whose centres are near to the query are read, and at the same time the embeddings
   that no block covers. Embeddings without a block are compared exactly.
3. Of the codes, those with the best estimates are read as embeddings and compared exactly. More
   are read as long as an estimate could be that of a better neighbour.
4. Where that gives fewer results than were asked for, further groups are read.

What is returned was compared exactly with the stored vector, so a deleted embedding is never
returned, whatever the codes say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from keyline.model import READ_BYTES, BatchGet
from keyline.run import Store
from keyline.vector import VectorError
from keyline.vector.matrix import floats
from memory.embeddings.blocks import Rows, width
from memory.embeddings.codes import Floats, Query
from memory.embeddings.compression import decompress
from memory.embeddings.coverage import Span, coverage
from memory.embeddings.identifiers import CHUNKS, chunk_of, moment_us_of, number_of, text_of
from memory.embeddings.patterns import (
    CODES_FIRST,
    EMBEDDINGS_NEAR,
    EMBEDDINGS_NEWER,
    GROUPS_MISSING,
    GROUPS_NEAR,
)
from memory.embeddings.tables import GROUPS, Directory, Group, Recent, Stored

T = TypeVar("T", bound=msgspec.Struct)

FIRST = 20
"""Embeddings that are compared first. Twice as many as are asked for are compared, if that is
more."""
DEVIATIONS = 1.75
"""An embedding is compared if its cosine would be among the best, were it so many standard
deviations above its estimate."""
_BATCH = 100
"""Keys of one BatchGetItem."""
_ITEM_BYTES = 300
"""The bytes of an embedding without its vector."""


class Neighbour(msgspec.Struct, frozen=True, kw_only=True):
    """An embedding, and how similar it is to the query: the cosine, -1 to 1."""

    embedding_id: str
    score: float
    metadata: dict[str, str]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a search.

    Attributes
    ----------
    neighbours
        The most similar first.
    compared
        How many vectors were compared exactly.
    newer
        How many of those are in no block, most of them because they are newer than all blocks.
    packed
        How many codes were compared.
    packed_until_us
        The moment up to which the blocks hold the codes: epoch microseconds. None without blocks.
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
        self._threads: Executor = ThreadPoolExecutor(CHUNKS, "search")

    def search(
        self,
        user_id: str,
        vector: Sequence[float],
        k: int = 10,
        without: Callable[[], Iterable[str]] = tuple,
    ) -> Found:
        """Return the embeddings whose vectors are most similar to a vector.

        All reads are eventually consistent: what was stored within the last second may be missing.

        Parameters
        ----------
        without
            Gives the identifiers of embeddings that are left out. The function is called when the
            codes have been read, and before embeddings are compared.

        Raises
        ------
        VectorError
            If the vector is empty or holds a number that is not finite.
        """
        query = Query(_vector(vector))
        directory, recent = self._first(user_id)
        covered = coverage(directory, recent)
        newer = self._begin(user_id, covered.uncovered)
        groups = _Groups(directory, query)
        rows = [Rows.of(block.rows) for block in recent]
        rows += [Rows.of(group.rows) for group in self._next(user_id, groups)]
        best = _Best(query, k, frozenset(without()))
        best.add(stored for chunk in newer for stored in chunk.result())
        in_no_block = best.compared
        packed = self._compare(user_id, covered.until, rows, best)
        while best.compared < k and (more := self._next(user_id, groups)):
            rows = [Rows.of(group.rows) for group in more]
            packed += self._compare(user_id, covered.until, rows, best)
        if groups.is_one_lost:  # the embeddings themselves tell
            self._add_all(user_id, groups.until, best)
        return Found(
            neighbours=best.neighbours,
            compared=best.compared,
            newer=in_no_block,
            packed=packed,
            packed_until_us=moment_us_of(covered.until) if covered.until else None,
        )

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()

    def _first(self, user_id: str) -> tuple[Directory | None, list[Recent]]:
        """Read the directory, and the recent blocks that it does not hold."""
        directory: Directory | None = None
        recent = list[Recent]()
        for part in self._store.items(CODES_FIRST, user_id=user_id, part=GROUPS):
            if isinstance(part, Directory):
                directory = part
            elif isinstance(part, Recent):
                recent.append(part)
        if directory is not None:
            recent = [each for each in recent if each.number > directory.number]
        return directory, recent

    def _begin(self, user_id: str, spans: Iterable[Span]) -> list[Future[list[Stored]]]:
        """Begin to read all embeddings of some spans."""
        return [
            self._threads.submit(self._chunk, user_id, chunk, span)
            for span in spans
            for chunk in range(CHUNKS)
        ]

    def _chunk(self, user_id: str, chunk: int, span: Span) -> list[Stored]:
        bounds = (text_of(span.after + 1), text_of(span.until))
        return list(
            self._store.items(EMBEDDINGS_NEWER, user_id=user_id, chunk=chunk, embedding_id=bounds)
        )

    def _next(self, user_id: str, groups: _Groups) -> list[Group]:
        """Read the next groups; none if all have been read, or if one of them is lost."""
        keys = [
            {"user_id": user_id, "generation": groups.generation, "number": number}
            for number in groups.next()
        ]
        found = self._in_batches(GROUPS_NEAR, keys)
        if len(found) < len(keys):
            known = {each.number for each in found}
            missing = [key for key in keys if key["number"] not in known]
            found += self._in_batches(GROUPS_MISSING, missing)
        if len(found) < len(keys):
            groups.lose_one()
            return []
        return found

    def _add_all(self, user_id: str, until: int, best: _Best) -> None:
        """Compare all embeddings up to an identifier."""
        everything = self._begin(user_id, (Span(0, until),))
        best.add(stored for chunk in everything for stored in chunk.result())

    def _compare(self, user_id: str, until: int, rows: Iterable[Rows], best: _Best) -> int:
        """Compare the embeddings whose codes say that they may be among the best.

        Returns
        -------
        int
            How many codes there were.
        """
        codes = _Codes.of(rows, best.query, best.without)
        done, wanted = 0, min(len(codes.numbers), max(FIRST, 2 * best.k))
        while done < wanted:
            if (wanted - done) / 2 > codes.units_of_all:
                self._add_all(user_id, until, best)
                break
            ids = [text_of(int(number)) for number in codes.numbers[done:wanted]]
            keys = [
                {"user_id": user_id, "chunk": chunk_of(each), "embedding_id": each} for each in ids
            ]
            best.add(self._in_batches(EMBEDDINGS_NEAR, keys))
            done, wanted = wanted, max(wanted, codes.count_above(best.bound, 2 * wanted))
        return len(codes.numbers)

    def _in_batches(self, pattern: BatchGet[T], keys: Sequence[Mapping[str, Any]]) -> list[T]:
        parts = [keys[start : start + _BATCH] for start in range(0, len(keys), _BATCH)]
        found = self._threads.map(lambda part: self._store.batch_get(pattern, keys=part), parts)
        return [each for part in found for each in part]


class _Groups:
    """The groups of a directory, the nearest to a query first.

    Forgetting can empty the near groups, so a search that has too few results goes on. Each step
    takes twice as many groups as the step before.

    Attributes
    ----------
    generation
        Of the groups.
    until
        The last identifier that they hold.
    is_one_lost
        Whether a group could not be read.
    """

    def __init__(self, directory: Directory | None, query: Query) -> None:
        self.is_one_lost = False
        self._numbers: list[int] = []
        if directory is None or directory.dimension != query.dimension:
            return
        self.generation, self.until = directory.generation, directory.last
        centres = np.frombuffer(directory.centres, np.uint8).reshape(-1, width(query.dimension))
        scores = query.cosines(centres)
        self._numbers = np.argsort(-scores, kind="stable").tolist()
        self._step = int(np.count_nonzero(scores >= scores.max() - directory.reach))

    def next(self) -> list[int]:
        """Take the numbers of the next groups; none if all were taken or one is lost."""
        if not self._numbers:
            return []
        taken, self._numbers = self._numbers[: self._step], self._numbers[self._step :]
        self._step *= 2
        return taken

    def lose_one(self) -> None:
        """Note that a group could not be read: then no more of them are."""
        self.is_one_lost, self._numbers = True, []


class _Codes(msgspec.Struct, frozen=True):
    """The codes that were read, the best estimate first.

    Attributes
    ----------
    numbers
        The identifiers.
    estimates
        Of the cosines.
    units_of_all
        Read units that a look at all of the embeddings costs, about.
    """

    numbers: NDArray[np.uint64]
    estimates: Floats
    units_of_all: float

    @classmethod
    def of(cls, rows: Iterable[Rows], query: Query, without: Iterable[str]) -> _Codes:
        """Estimate the cosines of the codes of the query's dimension, without some embeddings'."""
        fitting = [each for each in rows if each.dimension == query.dimension]
        numbers = np.frombuffer(b"".join(each.numbers for each in fitting), "<u8")
        codes = np.frombuffer(b"".join(each.codes for each in fitting), np.uint8)
        numbers, first = np.unique(numbers, return_index=True)
        left = ~np.isin(numbers, np.array([*map(number_of, without)], "<u8"))
        numbers, first = numbers[left], first[left]
        estimates = query.cosines(codes.reshape(-1, width(query.dimension))[first])
        order = np.argsort(-estimates, kind="stable")
        item = 2 * query.dimension + _ITEM_BYTES
        return cls(numbers[order], estimates[order], len(order) * item / READ_BYTES / 2)

    def count_above(self, bound: float | None, otherwise: int) -> int:
        """Count the estimates from a bound on; `otherwise`, or all, if there is no bound."""
        if bound is None:
            return min(otherwise, len(self.numbers))
        return int(np.searchsorted(-self.estimates, -bound, side="right"))


class _Best:
    """The best of the embeddings that were compared exactly.

    Parameters
    ----------
    without
        Identifiers of embeddings that are not compared.
    """

    def __init__(self, query: Query, k: int, without: frozenset[str]) -> None:
        self.k = k
        self.without = without
        self.query = query
        self._found: dict[str, Neighbour] = {}

    def add(self, stored: Iterable[Stored]) -> None:
        """Compare embeddings with the query. Those of another dimension cannot be compared."""
        found = [
            (each, decompress(each.vector_compressed, each.embedding_id))
            for each in stored
            if each.embedding_id not in self.without
        ]
        fitting = [each for each in found if each[1].dimension == self.query.dimension]
        if not fitting:
            return
        vectors = np.stack([floats(vector, each.embedding_id) for each, vector in fitting])
        scores = self.query.exact_cosines(vectors).tolist()
        for (each, _), score in zip(fitting, scores, strict=True):
            self._found[each.embedding_id] = Neighbour(
                embedding_id=each.embedding_id, score=score, metadata=each.metadata
            )

    @property
    def compared(self) -> int:
        """Return how many were compared."""
        return len(self._found)

    @property
    def neighbours(self) -> list[Neighbour]:
        """The best, the most similar first; equal ones in order of time."""
        ordered = sorted(self._found.values(), key=lambda each: (-each.score, each.embedding_id))
        return ordered[: self.k]

    @property
    def bound(self) -> float | None:
        """The estimate below which no embedding is compared; None while there are too few."""
        if len(self._found) < self.k:
            return None
        last = self.neighbours[-1].score
        return last - DEVIATIONS * self.query.deviation(last)


def _vector(numbers: Sequence[float]) -> Floats:
    vector = np.asarray(numbers, "<f4")
    if vector.ndim != 1 or not len(vector) or not np.isfinite(vector).all():
        raise VectorError(
            "vector", "is not a list of finite numbers.", "Give a list such as [0.1, 0.2]."
        )
    return vector
