"""The settings of a client of DynamoDB."""

from __future__ import annotations

import msgspec

from keyline.run.attempts import ATTEMPTS

CONNECT_TIMEOUT = 1.0
READ_TIMEOUT = 2.0
"""Seconds. With the attempts they stay below a function's default timeout of 10 s."""
POOL = 32
"""Connections, and so the most calls that are under way at once in one process."""


class ClientSettings(msgspec.Struct, frozen=True):
    """The settings of a client of DynamoDB. A setting that is None comes from the environment.

    Attributes
    ----------
    endpoint_url, region
        Where DynamoDB is.
    connect_timeout, read_timeout
        Seconds.
    attempts
        How often a call is tried at most, the first time included.
    pool
        Connections that are kept open.
    credentials
        Access key and secret.
    proxied
        Whether a proxy that the environment names is asked.
    """

    endpoint_url: str | None = None
    region: str | None = None
    connect_timeout: float = CONNECT_TIMEOUT
    read_timeout: float = READ_TIMEOUT
    attempts: int = ATTEMPTS
    pool: int = POOL
    credentials: tuple[str, str] | None = None
    proxied: bool = True

    def __repr__(self) -> str:
        """Name the class alone: what is printed may be logged, and this may hold a secret."""
        return type(self).__name__
