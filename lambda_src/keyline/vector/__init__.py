"""Vectors as Binary: two or four times smaller than a list of Numbers, and read without walking it.

`keyline.vector.matrix` turns many of them into one numpy array. It is imported where numpy is
deployed; nothing here needs it.
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

__all__ = ["CODECS", "MAX_DIMENSION", "Codec", "Packed", "VectorError", "decode", "encode"]
