"""Products similar to a product: its vector against all of its model version.

The product's own vector is read from the table, consistently: what was stored last is compared.
What it is compared with is a matrix, which is looked for in the process, then in the bucket, and
is read from the table if neither has one that is young enough.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import cast

import msgspec

from keyline.cache import Count
from keyline.errors import KeylineError
from keyline.run import Store
from keyline.tracing import segment
from reports.embeddings import packed_of
from reports.matrices import Matrices
from reports.matrix import About, SimilarProduct, TooManyVectorsError
from reports.matrix_bucket import MatrixBucket
from reports.patterns import EMBEDDING_GET, MODEL_VECTORS
from reports.settings import Settings
from reports.tables import Embedding

MEGABYTE = 2**20


class NoEmbeddingError(KeylineError):
    """A product without a vector."""


class TooMuchError(KeylineError):
    """A model version with more vectors than one request compares."""


class Neighbours(msgspec.Struct, frozen=True):
    """The products nearest to one, and what they were chosen from.

    Attributes
    ----------
    about
        The matrix that they were chosen from.
    compared
        How many products that has.
    nearest
        The nearest first.
    """

    about: About
    compared: int
    nearest: list[SimilarProduct]


class SimilaritySearch:
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

    def nearest(self, product_id: str, k: int, *, fresh: bool = False) -> Neighbours:
        """Return the products most similar to a product.

        Parameters
        ----------
        k
            How many at most.
        fresh
            Whether to read all vectors again.

        Raises
        ------
        NoEmbeddingError
            If the product has none.
        TooMuchError
            If its model version has more vectors than the memory may hold.
        """
        own = self._store.get(EMBEDDING_GET, product_id=product_id)
        if own is None:
            raise NoEmbeddingError(
                "product_id",
                "the product has no embedding.",
                "Store one with PUT /products/{productId}/embedding, or check the identifier.",
            )
        try:
            with segment("loadMatrix"):
                matrix = self._matrices.get(own.model, own.vector_dimension, fresh=fresh)
        except TooManyVectorsError as error:
            raise _too_many(own, error.args[0]) from error
        with segment("compareVectors", items=len(matrix.products)):
            nearest = matrix.nearest(packed_of(own), k, other_than=product_id)
        return Neighbours(matrix.about, len(matrix.products), nearest)


def _too_many(own: Embedding, most: int) -> TooMuchError:
    return TooMuchError(
        "product_id",
        f"its model version {own.model!r} has more than the {most} vectors of "
        f"{own.vector_dimension} numbers that one request compares.",
        "Raise the setting matrix_megabytes and the function's memory, or use a vector index.",
    )
