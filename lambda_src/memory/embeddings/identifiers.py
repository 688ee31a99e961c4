"""Identifiers of embeddings: they sort by the moment at which they were made.

An identifier is its moment in epoch microseconds with 16 digits, a dash, and a random number of 12
bits as three hexadecimal digits: `1767225600000000-3fa`. As a number it takes 8 bytes, which is
how a block holds it.
"""

from __future__ import annotations

import re
import secrets
import zlib

from keyline.moments import us_of_ms
from keyline.run import BadValueError, UniqueClock

CHUNKS = 10
"""Chunks of a user, each a partition of the table and of the index."""
_clock = UniqueClock()
SUFFIX_BITS = 12
_SUFFIXES = 2**SUFFIX_BITS
_ID = re.compile(r"([0-9]{16})-([0-9a-f]{3})")
MAX_MOMENT_US = 2**52 - 1
"""The latest moment that an identifier takes, in the year 2112."""


def new_embedding_id(at_us: int | None = None) -> str:
    """Make an identifier that no other embedding has.

    Parameters
    ----------
    at_us
        The moment in epoch microseconds; now where not given. A moment of more than a minute ago
        is for tests and for measurements: see `memory.embeddings.packing`.
    """
    moment = us_of_ms(_clock.next()) if at_us is None else at_us
    return text_of(moment << SUFFIX_BITS | secrets.randbelow(_SUFFIXES))


def number_of(embedding_id: str) -> int:
    """Return an identifier as a number of 64 bits; the numbers sort as the texts.

    Raises
    ------
    BadValueError
        If the text is not an identifier.
    """
    found = _ID.fullmatch(embedding_id)
    if found is None or int(found[1]) > MAX_MOMENT_US:
        raise BadValueError(
            "embedding_id",
            "is not an identifier of an embedding.",
            "Give one that the store returned, such as 1767225600000000-3fa.",
        )
    return int(found[1]) << SUFFIX_BITS | int(found[2], 16)


def text_of(number: int) -> str:
    """Return the identifier of a number."""
    return f"{number >> SUFFIX_BITS:016d}-{number % _SUFFIXES:03x}"


def moment_us_of(number: int) -> int:
    """Return the moment at which an identifier was made: epoch microseconds."""
    return number >> SUFFIX_BITS


def least_at(moment_us: int) -> int:
    """Return the least number that an identifier of a moment has."""
    return moment_us << SUFFIX_BITS


def chunk_of(embedding_id: str) -> int:
    """Return the chunk of an embedding: the same on every machine and in every process."""
    return zlib.crc32(embedding_id.encode()) % CHUNKS
