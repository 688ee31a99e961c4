"""The attempts of one call: what is sent, and what has become of them."""

from __future__ import annotations

from typing import Final
from zlib import crc32

ATTEMPTS: Final = 3
"""How often a call is tried at most, the first time included."""


class Attempts:
    """The attempts of one call: what each one sends, and what has become of it.

    Attributes
    ----------
    in_doubt
        Whether one may have been carried out, and did not give a whole reply.
    damaged
        Whether the last one gave a damaged reply.
    """

    __slots__ = ("body", "damaged", "in_doubt", "repeatable")

    def __init__(self, body: bytes, repeatable: bool) -> None:
        self.body = body
        self.repeatable = repeatable
        self.in_doubt = False
        self.damaged = False


def is_checksum(said: str | bytes | None, body: bytes) -> bool:
    """Return whether a body has the CRC32 of its header; true where the header is missing."""
    return said is None or (said.isascii() and said.isdigit() and int(said) == crc32(body))
