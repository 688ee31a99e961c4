"""Long text stored compressed, as Binary that says how it was compressed."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

from keyline.run.errors import ItemUnreadableError

_DEFLATE = 1
_DECODERS: Mapping[int, Callable[[bytes], bytes]] = {_DEFLATE: zlib.decompress}


def compress(text: str) -> bytes:
    """Return a codec mark of one byte, then the compressed UTF-8."""
    return bytes((_DEFLATE,)) + zlib.compress(text.encode())


def decompress(stored: bytes) -> str:
    """Return the text again.

    Raises
    ------
    ItemUnreadableError
        If the codec mark is not one of ours.
    """
    decode = _DECODERS.get(stored[0]) if stored else None
    if decode is None:
        raise ItemUnreadableError(
            "compressed text",
            f"starts with the codec mark {stored[:1].hex() or 'none'}, which is unknown.",
            "Read it with the version that wrote it.",
        )
    return decode(stored[1:]).decode()
