"""One-bit codes of vectors, and estimates of cosines from them. Needs numpy.

A vector is turned by an orthogonal matrix that looks random, and of each number the sign is kept:
one bit a number, 32 times less than float32. The query is turned too and keeps its numbers. The
estimate of the cosine of a unit query q and a vector x is

    sqrt(pi / 2d) * sum(q'[i] * sign(x'[i]))

The error of the estimate has the mean 0 and the standard deviation sqrt((pi/2 - 1) * (1 - cosine²)
/ d). Source: J. Gao and C. Long, "RaBitQ: Quantizing High-Dimensional Vectors with a Theoretical
Error Bound", SIGMOD 2024. `docs/adr` has the figures of the codes that were compared.

The matrix follows from the dimension alone: it is the orthogonal factor of a matrix of +1 and -1
from SHAKE-256, so every process and every version of numpy makes the same, up to rounding.
"""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from memory.embeddings.blocks import width

Floats: TypeAlias = NDArray[np.float32]
Codes: TypeAlias = NDArray[np.uint8]
"""Codes as rows of bytes."""

_SEED = b"memory code 1"
_ROWS = 4_096
"""Rows that are computed with at a time."""
_BYTES = (np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1) * 2.0 - 1.0).astype("<f4")
"""The eight signs that each byte stands for."""


def encode(vectors: Floats) -> Codes:
    """Return the codes of vectors, which are rows."""
    turned = vectors @ rotation(vectors.shape[1])
    return np.packbits(turned > 0, axis=1)


def signs(codes: Codes, dimension: int) -> Floats:
    """Return codes as rows of +1 and -1."""
    return _BYTES[codes].reshape(len(codes), -1)[:, :dimension]


class Query:
    """A vector that codes are compared with.

    Parameters
    ----------
    vector
        Of any length; one of zeros has the cosine 0 with all vectors.
    """

    def __init__(self, vector: Floats) -> None:
        self.dimension = len(vector)
        exact = vector.astype(np.float64)
        length = float(np.linalg.norm(exact))
        self.unit = exact / length if length else exact
        turned = np.zeros(8 * width(self.dimension), "<f4")
        turned[: self.dimension] = self.unit.astype("<f4") @ rotation(self.dimension)
        scale = math.sqrt(math.pi / (2 * self.dimension))
        self._sums = np.ascontiguousarray(turned.reshape(-1, 8) @ _BYTES.T * np.float32(scale))
        self._places = np.arange(len(self._sums))

    def cosines(self, codes: Codes) -> Floats:
        """Return estimates of the cosines of the vectors of these codes."""
        found = np.empty(len(codes), "<f4")
        for start in range(0, len(codes), _ROWS):
            part = codes[start : start + _ROWS]
            found[start : start + _ROWS] = self._sums[self._places, part].sum(axis=1)
        return found

    def exact_cosines(self, vectors: Floats) -> NDArray[np.float64]:
        """Return the cosines of vectors, which are rows. Equal rows have equal cosines."""
        exact = vectors.astype(np.float64)
        lengths = np.sqrt(np.einsum("ij,ij->i", exact, exact))
        products = np.einsum("ij,j->i", exact, self.unit)  # by rows alike, as @ is not
        cosines: NDArray[np.float64] = products / np.where(lengths > 0, lengths, np.inf)
        return cosines

    def deviation(self, cosine: float) -> float:
        """Return the standard deviation of an estimate of this cosine."""
        return math.sqrt((math.pi / 2 - 1) * max(0.0, 1 - cosine * cosine) / self.dimension)


@lru_cache(maxsize=4)
def rotation(dimension: int) -> Floats:
    """Return the orthogonal matrix of a dimension."""
    content = hashlib.shake_256(_SEED + b"%d" % dimension).digest(dimension * width(dimension))
    bits = np.unpackbits(np.frombuffer(content, np.uint8).reshape(dimension, -1), axis=1)
    square = bits[:, :dimension].astype("<f4") * 2 - 1
    orthogonal, triangle = np.linalg.qr(square)
    matrix: Floats = orthogonal * np.where(np.diag(triangle) < 0, -1, 1).astype("<f4")
    matrix.flags.writeable = False
    return matrix
