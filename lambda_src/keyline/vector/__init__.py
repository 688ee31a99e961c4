"""Vectors as Binary: two or four times smaller than a list of Numbers, and read without walking it.

Import names from here. The modules below this package may change at any time; only
`keyline.vector.matrix` is public too. It turns many vectors into one numpy array. It is a module
of its own because it needs numpy, and nothing here does.

    encode makes a Packed of a list of numbers, decode makes the list again. Codec is the name of
    a format, CODECS are all of them, MAX_DIMENSION is the most numbers of a vector. VectorError
    says what is wrong with a vector.
"""

from keyline.vector.codec import (
    CODECS,
    MAX_DIMENSION,
    Codec,
    Packed,
    VectorError,
    decode,
    encode,
)

__all__ = [
    "CODECS",
    "MAX_DIMENSION",
    "Codec",
    "Packed",
    "VectorError",
    "decode",
    "encode",
]
