"""Calls through DAX, by Amazon's client, which is in the bundle where an environment has DAX."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from keyline.causes import cause_of
from keyline.circuit import Circuit
from keyline.run.outcome import NoReplyError, Reply

CONNECT_TIMEOUT = 1.0
"""Seconds for a cluster to be found and connected to, once in a process."""
READ_TIMEOUT = 0.25
"""Seconds for an answer. DAX reads from DynamoDB what it does not have."""
OPEN_SECONDS = 30.0
"""For how long DAX is not asked after a failure."""

_log = logging.getLogger(__name__)


class DaxConnection:
    """Gets items through DAX. Threads may share it.

    Each failure ends in `NoReplyError` and opens a circuit for `OPEN_SECONDS`, in which calls are
    refused at once. The first failure of a process is logged.

    Parameters
    ----------
    make
        Makes the client when the first item is asked for. The client takes what botocore's takes,
        and answers what botocore's answers.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._client: Any = None
        self._making = threading.Lock()
        self._circuit = Circuit(OPEN_SECONDS)

    def send(self, operation: str, request: Mapping[str, Any], *, repeatable: bool = True) -> Reply:
        """Get an item as DAX has it.

        Raises
        ------
        NoReplyError
            If DAX did not answer, or refused.
        ValueError
            If the operation is another one than GetItem: the role allows no other.
        """
        if operation != "GetItem":
            raise ValueError(f"{operation} does not go through DAX")
        if self._circuit.is_open:
            raise NoReplyError("DAX has failed some seconds ago", in_doubt=False)
        # A consistent read would go past what DAX keeps.
        asked = {name: value for name, value in request.items() if name != "ConsistentRead"}
        try:
            reply = self._connected().get_item(**asked)
        except Exception as error:  # Amazon's client lets errors of many libraries through
            if self._circuit.fail():
                _log.warning("DAX does not answer (%s); going on without", type(error).__name__)
            raise NoReplyError(f"DAX: {cause_of(error)}", in_doubt=False) from error
        said = reply.pop("ResponseMetadata", None) or {}
        # msgspec writes bytes as base64, which is how DynamoDB writes a Binary.
        return Reply(msgspec.json.encode(reply), said.get("RequestId", ""), 0)

    def _connected(self) -> Any:
        with self._making:
            if self._client is None:
                self._client = self._make()
        return self._client


def dax_client(url: str) -> Any:
    """Connect to a cluster.

    Parameters
    ----------
    url
        `daxs://name.abc123.dax-clusters.eu-west-1.amazonaws.com`.
    """
    # both are slow to import
    from amazondax import AmazonDaxClient
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_TIMEOUT, read_timeout=READ_TIMEOUT, retries={"max_attempts": 0}
    )
    return AmazonDaxClient(endpoint_url=url, config=config)
