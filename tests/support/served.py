"""A platform that serves the project's systems, wherever it runs: what a client of it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Issuer(Protocol):
    """Signs tokens that the platform accepts."""

    def mint(
        self,
        subject: str,
        *,
        audience: str | None = None,
        scopes: Sequence[str] = (),
        claims: Mapping[str, Any] | None = None,
        expires: float = 3600.0,
    ) -> str:
        """Return a token."""


class Served(Protocol):
    """A system on a platform.

    Attributes
    ----------
    url
        Where its API listens.
    issuer
        Signs tokens.
    """

    @property
    def url(self) -> str: ...

    @property
    def issuer(self) -> Issuer: ...

    def items(self, table: str) -> list[dict[str, Any]]:
        """Return every item of a table, past all that the system does when it reads."""
