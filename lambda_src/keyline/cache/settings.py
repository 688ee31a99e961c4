"""The settings of a system's cache."""

from __future__ import annotations

import msgspec


class CacheSettings(msgspec.Struct, frozen=True):
    """Settings of a cache.

    Attributes
    ----------
    prefix
        What every key begins with: `chat:`. Systems that share a redis have different ones.
    seconds
        How old an answer may be.
    url
        The redis that all instances share: `redis://host:6379/0`, or `rediss://...` for TLS. A
        user without a password authenticates by a token of IAM. Empty for the process' own memory.
    timeout
        Seconds that a command waits for redis at most, to connect and to be answered.
    entries
        The most answers that the process' own memory keeps.
    """

    prefix: str
    seconds: float
    url: str = ""
    timeout: float = 0.04
    entries: int = 500
