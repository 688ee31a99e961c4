"""The vectors of a model version as a matrix, and the products nearest to one of them.

Cosine of two vectors: their product divided by their lengths, 1 for the same direction. The rows
are brought to length 1 once, so that it is the product alone. A vector of zeros has no direction;
its cosine with any other counts as 0.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from keyline.moments import CLOCK_MARGIN_SECONDS
from keyline.vector import Packed, VectorError
from keyline.vector.matrix import Matrix, Rows, floats
from reports.embeddings import packed_of, path_of
from reports.tables import Vector

DECIMALS = 6
"""Of a score. The rows are float32, which has seven; what is equal as shown is in order of its
product, so that the order does not depend on how the numbers were added up."""
FAULTS = 10
"""How many of the vectors left out are told of one by one."""
_POINTER = 8
_BLOCK = 2**19
"""Numbers that are computed with at a time, as float64: 4 MB."""


class SimilarProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product, and how similar it is: -1 to 1."""

    product_id: Annotated[str, msgspec.Meta(examples=["product-2"])]
    score: Annotated[float, msgspec.Meta(examples=[0.93])]


class TooManyVectorsError(Exception):
    """More vectors than the memory may hold; `args[0]` is how many of them it could."""


class DamagedMatrixError(Exception):
    """Bytes that are not a matrix."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """The subject of a matrix.

    Attributes
    ----------
    read_at
        When reading the vectors began: epoch seconds, by the clock of the process that read them.
        The age of the matrix is counted from it.
    left_out
        The model version's vectors that have another dimension or are damaged.
    """

    model_version: str
    dimension: int
    read_at: float
    left_out: int = 0

    @property
    def as_of(self) -> float:
        """Return the moment up to which the matrix holds all that was stored: epoch seconds.

        A vector's `created_at` comes from the clock of the process that stored it. That clock may
        differ by `CLOCK_MARGIN_SECONDS` from the one that `read_at` comes from.
        """
        return self.read_at - CLOCK_MARGIN_SECONDS


_ABOUT = msgspec.json.Decoder(About)


class ModelMatrix(msgspec.Struct, frozen=True, dict=True):
    """The vectors of a model version.

    Attributes
    ----------
    products
        The product of each row.
    rows
        Vectors of length 1, or of zeros.
    """

    about: About
    products: list[str]
    rows: Matrix

    @cached_property
    def size(self) -> int:
        """Bytes of the rows and of the products' names."""
        return sum(row_bytes(self.about.dimension, product) for product in self.products)

    def nearest(self, vector: Packed, k: int, *, other_than: str) -> list[SimilarProduct]:
        """Return the products whose vectors are nearest, the nearest first.

        Parameters
        ----------
        k
            How many at most.
        other_than
            The product that is compared, which is nearest to itself.
        """
        scores = np.round(self._cosines(vector), DECIMALS) + 0.0  # -0.0 becomes 0.0
        wanted = min(k, len(scores) - (other_than in self.products))
        if wanted < 1:
            return []
        if other_than in self.products:
            scores[self.products.index(other_than)] = -np.inf
        least = np.partition(scores, -wanted)[-wanted]
        nearest = [
            SimilarProduct(product_id=self.products[row], score=float(scores[row]))
            for row in np.flatnonzero(scores >= least)
        ]
        return sorted(nearest, key=lambda each: (-each.score, each.product_id))[:wanted]

    def pack(self) -> bytes:
        """Return the matrix as a file of numpy's format npz, which holds no pickled objects."""
        out = io.BytesIO()
        np.savez(
            out,
            allow_pickle=False,
            about=_json_array(self.about),
            products=_json_array(self.products),
            rows=self.rows,
        )
        return out.getvalue()

    @classmethod
    def unpack(cls, content: bytes) -> ModelMatrix:
        """Return the matrix that `pack` made.

        Raises
        ------
        DamagedMatrixError
            If it is not one.
        """
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as archive:
                about = _ABOUT.decode(archive["about"].tobytes())
                products = msgspec.json.decode(archive["products"].tobytes(), type=list[str])
                rows = archive["rows"]
        except Exception as error:  # zipfile and numpy raise what they come across
            raise DamagedMatrixError(f"{type(error).__name__}: {error}") from error
        if rows.dtype != np.dtype("<f4") or rows.shape != (len(products), about.dimension):
            raise DamagedMatrixError(
                f"{len(products)} products have rows of the shape {rows.shape}"
            )
        return cls(about, products, rows)

    def _cosines(self, vector: Packed) -> NDArray[np.float64]:
        """Return the cosine of each row, each added up in the same way, so equal rows are equal."""
        direction = floats(vector).astype(np.float64)
        length = float(np.sqrt(np.square(direction).sum()))
        if length:
            direction /= length
        scores = np.empty(len(self.rows))
        for part in _blocks(self.rows):
            scores[part] = (self.rows[part].astype(np.float64) * direction).sum(axis=1)
        return scores


def row_bytes(dimension: int, product_id: str) -> int:
    """Return what a vector takes in memory with its product's name."""
    return 4 * dimension + sys.getsizeof(product_id) + _POINTER


def read_matrix(
    vectors: Iterable[Vector], about: About, most_bytes: int
) -> tuple[ModelMatrix, list[VectorError]]:
    """Return a matrix of stored vectors, and why the first `FAULTS` of those left out are missing.

    Raises
    ------
    TooManyVectorsError
        As soon as there are more than `most_bytes` hold.
    """
    taken = left_out = 0
    rows, products, faults = Rows(about.dimension), list[str](), list[VectorError]()
    for each in vectors:
        needed = row_bytes(about.dimension, each.product_id)
        if taken + needed > most_bytes:
            raise TooManyVectorsError(len(products))
        try:
            rows.add(packed_of(each), path_of(each))
        except VectorError as error:
            left_out += 1
            if left_out <= FAULTS:
                faults.append(error)
        else:
            products.append(each.product_id)
            taken += needed
    about = msgspec.structs.replace(about, left_out=left_out)
    return ModelMatrix(about, products, _directions(rows.matrix())), faults


def _directions(rows: Matrix) -> Matrix:
    """Return the rows, each of which has length 1 if it has a length."""
    for part in _blocks(rows):
        block = rows[part].astype(np.float64)
        lengths = np.sqrt(np.square(block).sum(axis=1, keepdims=True))
        rows[part] = np.divide(block, lengths, out=block, where=lengths > 0)
    return rows


def _blocks(rows: Matrix) -> Iterator[slice]:
    step = max(1, _BLOCK // rows.shape[1])
    return (slice(start, start + step) for start in range(0, len(rows), step))


def _json_array(value: object) -> NDArray[np.uint8]:
    return np.frombuffer(msgspec.json.encode(value), np.uint8)
