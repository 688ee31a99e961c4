"""Calls of patterns, with the requests that were sent and what these consumed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from keyline.model import Query, System
from keyline.run import Reply, Sender, Store
from keyline_ops.deployed import Deployed
from keyline_ops.querying.pattern import Readable
from keyline_ops.querying.show import shown

_CONNECTIONS = 4


@dataclass(frozen=True)
class Sent:
    """A request as it was sent.

    Attributes
    ----------
    operation
        DynamoDB's name of it.
    """

    operation: str
    request: Mapping[str, Any]


@dataclass(frozen=True)
class Called:
    """The result of a call, and what the call took.

    Attributes
    ----------
    items
        Without the values that are named as secrets.
    cursor
        Where the next page begins; None if there is no more.
    read, write
        Units consumed, with those of indexes.
    by_index
        Units consumed by the name of the index.
    milliseconds
        How long the requests took together.
    """

    items: Sequence[Mapping[str, Any]]
    cursor: str | None
    sent: Sequence[Sent]
    read: float
    write: float
    by_index: Mapping[str, float]
    milliseconds: float


class Recorder:
    """Sends the requests of a store, and keeps them."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self.sent: list[Sent] = []

    def send(self, operation: str, request: Mapping[str, Any], *, repeatable: bool = True) -> Reply:
        """Make a call, as `Connection.send` says."""
        self.sent.append(Sent(operation, request))
        return self._sender.send(operation, request, repeatable=repeatable)


class Caller:
    """Calls patterns past the roles of functions: whoever looks owns the platform."""

    def __init__(self, deployed: Deployed) -> None:
        self._deployed = deployed
        self._secret = secrets.token_bytes(32)

    @cached_property
    def _connection(self) -> Sender:
        return self._deployed.connection(_CONNECTIONS)

    def read(
        self, read: Readable, values: Mapping[str, Any], limit: int, cursor: str | None
    ) -> Called:
        """Read an item or a page.

        Raises
        ------
        KeylineError
            If a value cannot be asked for, or DynamoDB refuses the request.
        """
        recorder = Recorder(self._connection)
        with closing(self._store(read.system, recorder)) as store:
            if isinstance(read.pattern, Query):
                page = store.query(read.pattern, limit=limit, cursor=cursor, **values)
                return _called(store, recorder, page.items, page.cursor)
            item = store.get(read.pattern, **values)
            return _called(store, recorder, [] if item is None else [item], None)

    def _store(self, system: System, sender: Sender) -> Store:
        return self._deployed.store(
            system, _CONNECTIONS, connection=sender, cursor_secret=self._secret
        )


def _called(store: Store, recorder: Recorder, items: Sequence[Any], cursor: str | None) -> Called:
    calls = store.meter.calls
    by_index: dict[str, float] = {}
    for call in calls:
        for name, units in call.by_index.items():
            by_index[name] = by_index.get(name, 0.0) + units
    return Called(
        items=[shown(item) for item in items],
        cursor=cursor,
        sent=recorder.sent,
        read=sum(call.read for call in calls),
        write=sum(call.write for call in calls),
        by_index=by_index,
        milliseconds=sum(call.latency for call in calls),
    )
