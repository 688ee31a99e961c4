"""The one client of a process: it makes first attempts, and botocore's client once one is needed.

botocore is imported only then. The import of botocore takes longer than all else of a function
together (docs/adr/0024-botocore-when-needed.md).
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, Final

from keyline import variables
from keyline.errors import KeylineError
from keyline.run.attempts import ATTEMPTS
from keyline.run.client_settings import CONNECT_TIMEOUT, POOL, READ_TIMEOUT, ClientSettings
from keyline.run.first_attempt import BY_BOTOCORE, First, Way, first_attempt, way_of
from keyline.run.plain_environment import plain_environment

if TYPE_CHECKING:
    from keyline.run.hand_over import Botocore

BOTOCORE: Final = "botocore"
"""The value of the variable `variables.TRANSPORT` that leaves each attempt to botocore."""


class Client:
    """DynamoDB's client. Stores and threads may share it.

    There are three cases in which botocore makes the first attempts too. The variable
    `variables.TRANSPORT` says so, somebody has registered a handler for its events, or a proxy, a
    client certificate or an endpoint with a path is in use.

    Raises
    ------
    KeylineError
        If the variable `variables.TRANSPORT` has another value than `botocore`.
    """

    def __init__(self, settings: ClientSettings) -> None:
        self._settings = settings
        self._plain = plain_environment(settings)
        self._way = None if self._plain is None else way_of(self._plain, settings)
        self._made: Botocore | None = None
        self._making = threading.Lock()
        self._is_botocores = is_botocores()
        if self._way is None or self._is_botocores:
            _ = self.by_botocore  # what is wrong with the environment is told at once

    @property
    def botocore(self) -> Any:
        """The client of botocore, which is made when it is first asked for."""
        return self.by_botocore.client

    @property
    def by_botocore(self) -> Botocore:
        """Return what goes on from first attempts, which is made when it is first asked for."""
        if self._made is None:
            with self._making:
                if self._made is None:
                    from keyline.run.hand_over import Botocore

                    self._made = Botocore(self._settings, self._plain)
        return self._made

    def first_attempt(self, operation: str, body: bytes) -> First:
        """Make the first attempt of a call, or leave it to botocore."""
        made = self._made
        if self._is_botocores or (made is not None and made.is_watched):
            return BY_BOTOCORE
        way: Way | First = self._way or self.by_botocore.way()
        if isinstance(way, First):
            return way
        first = first_attempt(way, operation, body)
        if made is not None and first.succeeded:
            made.note_success(operation)
        return first


def dynamodb_client(
    *,
    endpoint_url: str | None = None,
    region: str | None = None,
    connect_timeout: float = CONNECT_TIMEOUT,
    read_timeout: float = READ_TIMEOUT,
    attempts: int = ATTEMPTS,
    pool: int = POOL,
    credentials: tuple[str, str] | None = None,
    proxied: bool = True,
) -> Client:
    """Make a client of DynamoDB as a `Store` uses it.

    Parameters
    ----------
    endpoint_url, region
        Where DynamoDB is; from the environment where not given.
    connect_timeout, read_timeout
        Seconds.
    attempts
        How often a call is tried at most, the first time included.
    pool
        Connections that are kept open.
    credentials
        Access key and secret; from the environment, or the role, where not given.
    proxied
        Whether a proxy that the environment names is asked; False for an engine on this machine.
    """
    return Client(
        ClientSettings(
            endpoint_url,
            region,
            connect_timeout,
            read_timeout,
            attempts,
            pool,
            credentials,
            proxied,
        )
    )


def is_botocores() -> bool:
    """Return whether the variable `variables.TRANSPORT` leaves each attempt to botocore.

    Raises
    ------
    KeylineError
        If the variable has another value than `botocore`.
    """
    said = os.environ.get(variables.TRANSPORT, "")
    if said not in ("", BOTOCORE):
        raise KeylineError(
            variables.TRANSPORT, f"is {said!r}.", f"Write {BOTOCORE!r}, or leave it out."
        )
    return said == BOTOCORE
