"""Matrices of model versions, in the process and in the bucket, made from the table.

A matrix is looked for in the process, then in the bucket, and is read from the table if neither
has one that is young enough.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator

from keyline.cache import LRU, Count, SingleFlight
from reports.matrix import About, DamagedMatrixError, ModelMatrix, read_matrix
from reports.matrix_bucket import BucketUnreachableError, MatrixBucket
from reports.metrics import BUILT, DAMAGED, FAILURE, HIT, LEFT_OUT, LOADED
from reports.tables import Vector

Key = tuple[str, int]
"""Model version and dimension."""

_log = logging.getLogger(__name__)


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
        self._kept: LRU[Key, ModelMatrix] = LRU(
            seconds, most_bytes, weigh=lambda matrix: matrix.size, clock=clock
        )
        self._flights: SingleFlight[Key, ModelMatrix] = SingleFlight()

    def get(self, model_version: str, dimension: int, *, fresh: bool = False) -> ModelMatrix:
        """Return a matrix that is young enough.

        Requests that need the same one at the same time share the work. One that asks for a
        fresh matrix takes another's only if its reading began after the request.

        Raises
        ------
        TooManyVectorsError
            If the model version has more vectors than the memory may hold.
        """
        key = (model_version, dimension)
        if fresh:
            return self._flights.do(key, lambda: self._make(key, fresh=True), fresh=True)
        # asked for again in the flight: another may have ended since the first look
        return self._in_process(key) or self._flights.do(
            key, lambda: self._in_process(key) or self._make(key, fresh=False)
        )

    def _in_process(self, key: Key) -> ModelMatrix | None:
        kept = self._kept.get(key)
        if kept is not None:
            self._count(HIT)
        return kept

    def _make(self, key: Key, *, fresh: bool) -> ModelMatrix:
        matrix = self._load_or_build(key, fresh=fresh)
        self._kept.put(key, matrix, since=matrix.about.read_at)
        return matrix

    def _load_or_build(self, key: Key, *, fresh: bool) -> ModelMatrix:
        """Load a matrix from the bucket, or build it from the table and put it into the bucket."""
        bucket = self._bucket
        if bucket is not None and not fresh:
            try:
                loaded = bucket.load(*key, since=self._clock() - self._seconds)
            except DamagedMatrixError as error:
                self._count(DAMAGED)
                _log.warning("a damaged matrix is made again: %s (%s)", bucket.key(*key), error)
            except BucketUnreachableError as error:
                self._fail("cannot be looked up", error)
                bucket = None  # it will not take one either
            else:
                if loaded is not None and self._kept.is_young(loaded.about.read_at):
                    self._count(LOADED)
                    return loaded
        built = self._build(key)
        if bucket is not None:
            try:
                bucket.save(built)
            except BucketUnreachableError as error:
                self._fail("cannot be stored", error)
        return built

    def _build(self, key: Key) -> ModelMatrix:
        model_version, dimension = key
        about = About(model_version=model_version, dimension=dimension, read_at=self._clock())
        built, faults = read_matrix(self._read(model_version), about, self._most_bytes)
        self._count(BUILT)
        if faults:
            self._count(LEFT_OUT)
            left_out = built.about.left_out
            _log.warning("%d vectors are left out, the first: %s", left_out, faults[0])
        return built

    def _fail(self, what: str, error: BucketUnreachableError) -> None:
        self._count(FAILURE)
        _log.warning("a matrix %s in the bucket (%s); going on without", what, error)
