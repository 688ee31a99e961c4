"""Vectors as Binary: two or four times smaller than a list of Numbers, and read without walking it.

Import names from here. The modules below this package may change at any time; only
`keyline.vector.matrix` is public too. That module turns many vectors into one numpy array. The
module is outside of this file because it needs numpy, and nothing here does.

    encode makes a Packed of a list of numbers, decode makes the list again. Codec is the name of
    a format, CODECS are all of them, MAX_DIMENSION is the most numbers of a vector, WIDTH the
    bytes of a number. check says whether a Packed is whole. VectorError says what is wrong with a
    vector, and STORE_AGAIN what to do about bytes that are damaged.
"""

from keyline.vector.codec import (
    CODECS,
    MAX_DIMENSION,
    STORE_AGAIN,
    WIDTH,
    Codec,
    Packed,
    VectorError,
    check,
    decode,
    encode,
)

__all__ = [
    "CODECS",
    "MAX_DIMENSION",
    "STORE_AGAIN",
    "WIDTH",
    "Codec",
    "Packed",
    "VectorError",
    "check",
    "decode",
    "encode",
]
