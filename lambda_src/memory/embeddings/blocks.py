"""The rows of a block as bytes: identifiers and codes. Without numpy.

The first byte is the version of the layout (1). The dimension of the vectors follows as two bytes,
and then eight bytes of each identifier and the bytes of each code. Numbers are little-endian.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Container, Iterable

import msgspec

from keyline.errors import KeylineError

VERSION = 1
ID_BYTES = 8
_HEAD = struct.Struct("<BH")


class DamagedBlockError(KeylineError):
    """Bytes that are not the rows of a block."""


class Rows(msgspec.Struct, frozen=True):
    """The rows of a block.

    Attributes
    ----------
    dimension
        Of the vectors.
    numbers
        The identifiers, eight bytes each.
    codes
        The codes, one after the other.
    """

    dimension: int
    numbers: bytes
    codes: bytes

    def __len__(self) -> int:
        return len(self.numbers) // ID_BYTES

    def to_bytes(self) -> bytes:
        """Write them as bytes."""
        return _HEAD.pack(VERSION, self.dimension) + self.numbers + self.codes

    @classmethod
    def of(cls, content: bytes) -> Rows:
        """Read the bytes that `to_bytes` wrote.

        Raises
        ------
        DamagedBlockError
            If they are not such bytes.
        """
        version, dimension = _HEAD.unpack_from(content) if len(content) >= _HEAD.size else (0, 0)
        row = ID_BYTES + width(dimension)
        count, rest = divmod(len(content) - _HEAD.size, row)
        if version != VERSION or not dimension or rest:
            raise DamagedBlockError(
                "block.rows",
                f"has {len(content)} bytes of the layout {version}.",
                "Delete the codes of the user; they are made again from the embeddings.",
            )
        codes = _HEAD.size + count * ID_BYTES
        return cls(dimension, content[_HEAD.size : codes], content[codes:])

    def without(self, numbers: Container[int]) -> Rows:
        """Return them without those of some identifiers."""
        own = array("Q", self.numbers)
        if sys.byteorder == "big":
            own.byteswap()
        kept = [place for place, number in enumerate(own) if number not in numbers]
        size = width(self.dimension)
        return Rows(
            self.dimension,
            b"".join(self.numbers[ID_BYTES * n : ID_BYTES * (n + 1)] for n in kept),
            b"".join(self.codes[size * n : size * (n + 1)] for n in kept),
        )


def width(dimension: int) -> int:
    """Return the bytes of a code."""
    return (dimension + 7) // 8


def latest(expiries: Iterable[int | None]) -> int | None:
    """Return when the last of some items expires; None if one of them never does."""
    known = list(expiries)
    given = [each for each in known if each is not None]
    return max(given) if given and len(given) == len(known) else None
