"""A vector as the bytes of one attribute, which tell how to read them.

The first byte is the version of the layout (1), the second says the codec and whether zlib was
applied. Under int8 the scale follows as a float32. Then come the numbers, little-endian.

zlib is off by default: it saves some 7 % of float16 and nothing of int8, since the lowest bits of
the numbers are noise.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

from keyline.vector import (
    CODECS,
    MAX_DIMENSION,
    STORE_AGAIN,
    WIDTH,
    Codec,
    Packed,
    VectorError,
    check,
    encode,
)

VERSION = 1
_ZLIB = 0x80
_HEAD = struct.Struct("<BB")
_SCALE = struct.Struct("<f")
_MOST_BYTES = _SCALE.size + MAX_DIMENSION * max(WIDTH.values())


def compress(
    vector: Sequence[float], codec: Codec, *, deflate: bool = False, path: str = "vector"
) -> bytes:
    """Write a vector as bytes.

    Parameters
    ----------
    deflate
        Whether zlib is applied to the numbers.

    Raises
    ------
    VectorError
        If it is not a vector that the codec takes.
    """
    packed = encode(vector, codec, path=path)
    scale = b"" if packed.scale is None else _SCALE.pack(packed.scale)
    numbers = scale + packed.data
    head = CODECS.index(codec) | (_ZLIB if deflate else 0)
    return _HEAD.pack(VERSION, head) + (zlib.compress(numbers, 9) if deflate else numbers)


def decompress(content: bytes, path: str = "vector") -> Packed:
    """Read the bytes that `compress` wrote.

    Raises
    ------
    VectorError
        If they are not such bytes.
    """
    if len(content) <= _HEAD.size:
        raise VectorError(path, f"has {len(content)} bytes.", STORE_AGAIN)
    version, head = _HEAD.unpack_from(content)
    kind = head & ~_ZLIB
    if version != VERSION or kind >= len(CODECS):
        raise VectorError(
            path,
            f"has the layout {version} and the codec number {kind}, which are not both known.",
            STORE_AGAIN,
        )
    codec, numbers = CODECS[kind], content[_HEAD.size :]
    if head & _ZLIB:
        numbers = _inflated(numbers, path)
    scale = None
    if codec == "int8":
        scale = _SCALE.unpack_from(numbers)[0] if len(numbers) > _SCALE.size else 0.0
        numbers = numbers[_SCALE.size :]
    packed = Packed(numbers, codec, len(numbers) // WIDTH[codec], scale)
    check(packed, path)
    return packed


def _inflated(numbers: bytes, path: str) -> bytes:
    inflater = zlib.decompressobj()
    try:
        found = inflater.decompress(numbers, _MOST_BYTES)
    except zlib.error as error:
        raise VectorError(path, f"cannot be inflated: {error}.", STORE_AGAIN) from error
    if not inflater.eof:
        raise VectorError(path, f"inflates to more than {_MOST_BYTES} bytes.", STORE_AGAIN)
    return found
