"""The backend of a cache: it keeps answers, and picks the one caller that computes one."""

from __future__ import annotations

from typing import Protocol

LEASE_SECONDS = 10.0
"""For how long one request may compute an answer that others wait for."""


class UnreachableError(Exception):
    """A cache that cannot be asked at present."""


class Backend(Protocol):
    """A store of answers. Each method raises `UnreachableError` if it cannot be asked."""

    def get(self, key: str) -> bytes | None:
        """Return what is kept, unless it is too old."""

    def put(self, key: str, value: bytes) -> None:
        """Keep an answer until it is too old."""

    def lease(self, key: str) -> bool:
        """Take the lease of a key; False if another request has it.

        Who has the lease computes the answer. The lease ends after `LEASE_SECONDS`.
        """

    def release(self, key: str) -> None:
        """End the lease."""
