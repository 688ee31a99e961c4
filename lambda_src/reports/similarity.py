"""Products similar to a product: its vector against all of its model version.

The product's own vector is read from the table, consistently: what was stored last is compared.
What it is compared with is a matrix, which is looked for in the process, then in the bucket, and
is read from the table if neither has one that is young enough.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import cast

from keyline.problem import KeylineError
from keyline.run import Store
from reports import matrix
from reports.embeddings import packed_of
from reports.matrix import About, DamagedMatrix, ModelMatrix, Similar, TooManyVectors
from reports.matrix_bucket import MatrixBucket, Unreachable
from reports.patterns import EMBEDDING_GET, MODEL_VECTORS
from reports.settings import Settings
from reports.tables import Embedding, Vector

HIT, LOADED, BUILT = "MatrixHits", "MatrixLoads", "MatrixBuilds"
DAMAGED, FAILURE, LEFT_OUT = "MatrixDamaged", "MatrixBucketFailures", "MatrixVectorsLeftOut"
"""What is counted: a matrix found in the process, in the bucket, or read from the table; one in
the bucket that was damaged, the bucket failing, and a build that had to leave vectors out."""

MEGABYTE = 2**20

_log = logging.getLogger(__name__)

Count = Callable[[str], None]
Key = tuple[str, int]
"""Model version and dimension."""


class NoEmbedding(KeylineError):
    """A product without a vector."""


class TooMuch(KeylineError):
    """A model version with more vectors than one request compares."""


@dataclass(frozen=True)
class Found:
    """Similar products, and what they were chosen from."""

    model_version: str
    about: About
    products: int
    similar: list[Similar]


class Similarity:
    """Finds similar products.

    Parameters
    ----------
    store
        With the system's settings.
    bucket
        Where matrices are shared; None to share none.
    count
        Told of what is counted.
    clock
        Epoch seconds.
    """

    def __init__(
        self,
        store: Store,
        bucket: MatrixBucket | None,
        count: Count,
        clock: Callable[[], float] = time.time,
    ) -> None:
        settings = cast("Settings", store.settings)
        self._store = store
        self._matrices = Matrices(
            lambda model: store.items(MODEL_VECTORS, model_version=model),
            bucket,
            count,
            seconds=settings.matrix_seconds,
            most_bytes=settings.matrix_megabytes * MEGABYTE,
            clock=clock,
        )

    def of(self, product_id: str, count: int, *, fresh: bool = False) -> Found:
        """The products most similar to a product.

        Parameters
        ----------
        fresh
            Whether to read all vectors anew.

        Raises
        ------
        NoEmbedding
            If the product has none.
        TooMuch
            If its model version has more vectors than the memory may hold.
        """
        own = self._store.get(EMBEDDING_GET, product_id=product_id)
        if own is None:
            raise NoEmbedding(
                "product_id",
                "the product has no embedding.",
                "Store one with PUT /products/{productId}/embedding, or check the identifier.",
            )
        try:
            found = self._matrices.get(own.model, own.vector_dimension, fresh=fresh)
        except TooManyVectors as error:
            raise _too_many(own, error.args[0]) from error
        return Found(
            own.model,
            found.about,
            len(found.products),
            found.nearest(packed_of(own), count, other_than=product_id),
        )


class Matrices:
    """Matrices by model version and dimension, each read from the table when it is too old.

    Parameters
    ----------
    read
        A model version → all its vectors, from the table.
    seconds
        How old a matrix may be.
    most_bytes
        What all matrices in the process may take; the least recently used go first.
    """

    def __init__(
        self,
        read: Callable[[str], Iterator[Vector]],
        bucket: MatrixBucket | None,
        count: Count,
        *,
        seconds: float,
        most_bytes: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._read = read
        self._bucket = bucket if seconds else None
        self._count = count
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._clock = clock
        self._kept: OrderedDict[Key, ModelMatrix] = OrderedDict()
        self._made: dict[Key, Future[ModelMatrix]] = {}
        self._lock = threading.Lock()

    def get(self, model_version: str, dimension: int, *, fresh: bool = False) -> ModelMatrix:
        """A matrix that is young enough.

        Requests that need the same one at the same time share the work. One that asks for a
        fresh matrix takes another's only if its reading began after the request.

        Raises
        ------
        TooManyVectors
            If the model version has more vectors than the memory may hold.
        """
        key, arrived = (model_version, dimension), self._clock()
        while True:
            with self._lock:
                kept = None if fresh else self._young(key)
                shared = self._made.get(key)
                if kept is None and shared is None:
                    mine = self._made[key] = Future[ModelMatrix]()
            if kept is not None:
                self._count(HIT)
                return kept
            if shared is None:
                return self._make(key, mine, fresh=fresh)
            found = shared.result()
            if not fresh or found.about.as_of >= arrived:
                return found

    def _make(self, key: Key, future: Future[ModelMatrix], *, fresh: bool) -> ModelMatrix:
        try:
            found = self._found(key, fresh=fresh)
        except BaseException as error:
            with self._lock:
                del self._made[key]
            future.set_exception(error)
            raise
        with self._lock:
            del self._made[key]
            self._keep(key, found)
        future.set_result(found)
        return found

    def _found(self, key: Key, *, fresh: bool) -> ModelMatrix:
        """From the bucket, or from the table and into the bucket."""
        bucket = self._bucket
        if bucket is not None and not fresh:
            try:
                loaded = bucket.load(*key, since=self._clock() - self._seconds)
            except DamagedMatrix as error:
                self._count(DAMAGED)
                _log.warning("a damaged matrix is made anew: %s (%s)", bucket.key(*key), error)
            except Unreachable as error:
                self._fail("cannot be looked up", error)
                bucket = None  # nor will it take one
            else:
                if loaded is not None and self._is_young(loaded):
                    self._count(LOADED)
                    return loaded
        built = self._build(key)
        if bucket is not None:
            try:
                bucket.save(built)
            except Unreachable as error:
                self._fail("cannot be stored", error)
        return built

    def _build(self, key: Key) -> ModelMatrix:
        model_version, dimension = key
        about = About(model_version=model_version, dimension=dimension, as_of=self._clock())
        built, faults = matrix.read(self._read(model_version), about, self._most_bytes)
        self._count(BUILT)
        if faults:
            self._count(LEFT_OUT)
            left_out = built.about.left_out
            _log.warning("%d vectors are left out, the first: %s", left_out, faults[0])
        return built

    def _fail(self, what: str, error: Unreachable) -> None:
        self._count(FAILURE)
        _log.warning("a matrix %s in the bucket (%s); going on without", what, error)

    def _young(self, key: Key) -> ModelMatrix | None:
        kept = self._kept.get(key)
        if kept is None or not self._is_young(kept):
            return None
        self._kept.move_to_end(key)
        return kept

    def _is_young(self, found: ModelMatrix) -> bool:
        """Whether it may be used still. One of the future is of a clock that went wrong."""
        return abs(self._clock() - found.about.as_of) < self._seconds

    def _keep(self, key: Key, found: ModelMatrix) -> None:
        self._kept[key] = found
        self._kept.move_to_end(key)
        while sum(each.size for each in self._kept.values()) > self._most_bytes:
            self._kept.popitem(last=False)


def _too_many(own: Embedding, most: int) -> TooMuch:
    return TooMuch(
        "product_id",
        f"its model version {own.model!r} has more than the {most} vectors of "
        f"{own.vector_dimension} numbers that one request compares.",
        "Raise the setting matrix_megabytes and the function's memory, or use a vector index.",
    )
