"""Types that msgspec knows before threads use them.

msgspec 0.22 keeps what it finds out about a class on the class itself, and other threads see it
half-made: the process crashes if one of them uses the class meanwhile. So msgspec gets to know one
type at a time, under one lock.
"""

from __future__ import annotations

import threading
from typing import Any

import msgspec

_one_at_a_time = threading.Lock()


def know(type_: Any) -> None:
    """Let msgspec find out about a type, and about all types within it."""
    decoder_of(type_)


def decoder_of(type_: Any, *, strict: bool = True) -> msgspec.json.Decoder[Any]:
    """Make a decoder of JSON for a type, which is known from then on."""
    with _one_at_a_time:
        return msgspec.json.Decoder(type_, strict=strict)
