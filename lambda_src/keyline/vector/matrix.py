"""Many stored vectors as one numpy array. Imported only where numpy is deployed."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from keyline.vector.codec import NOT_FINITE, STORE_AGAIN, Codec, Packed, VectorError, check

Matrix: TypeAlias = NDArray[np.float32]
"""Vectors as rows."""

_TYPES: dict[Codec, np.dtype[np.generic]] = {
    "float32": np.dtype("<f4"),
    "float16": np.dtype("<f2"),
    "int8": np.dtype("i1"),
}


class Rows:
    """A matrix that grows by stored vectors, whatever the codec of each.

    The matrix takes 4 bytes a number, and up to an eighth more while it grows.

    Parameters
    ----------
    dimension
        Of every vector.
    """

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._content = bytearray()

    def __len__(self) -> int:
        return len(self._content) // (4 * self._dimension)

    def add(self, packed: Packed, path: str = "vector") -> None:
        """Append a vector.

        Raises
        ------
        VectorError
            If it has another dimension, its bytes are not a vector, or a number is not finite.
            Nothing is appended then.
        """
        if packed.dimension != self._dimension:
            raise VectorError(
                path,
                f"has {packed.dimension} numbers, the matrix has rows of {self._dimension}.",
                "Compare vectors of one model only.",
            )
        self._content += floats(packed, path).data

    def matrix(self) -> Matrix:
        """Return all of them.

        The matrix shares the memory, so that nothing can be added any more.
        """
        return np.frombuffer(self._content, "<f4").reshape(-1, self._dimension)


def floats(packed: Packed, path: str = "vector") -> Matrix:
    """Return one stored vector as an array of float32.

    Raises
    ------
    VectorError
        If its bytes are not a vector, or a number is not finite.
    """
    check(packed, path)
    numbers = np.frombuffer(packed.data, _TYPES[packed.codec]).astype("<f4", copy=False)
    if packed.codec == "int8":
        numbers = numbers * np.float32(packed.scale or 0.0)
    elif not np.isfinite(numbers).all():
        raise VectorError(path, NOT_FINITE, STORE_AGAIN)
    return numbers
