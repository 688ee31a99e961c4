"""Calls of patterns, with the requests that were sent and what these consumed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from keyline.model import System
from keyline.run import Reply, Sender, Store
from keyline_ops.console.forms import Answer, Call
from keyline_ops.deployed import Deployed
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


class _WithheldError(Exception):
    """A request is shown instead of sent."""


class _Withholding:
    """Sends nothing."""

    def send(self, operation: str, request: Mapping[str, Any], *, repeatable: bool = True) -> Reply:
        raise _WithheldError(operation, request, repeatable)


class Caller:
    """Calls patterns past the roles of functions: the console is of the platform's owner."""

    def __init__(self, deployed: Deployed) -> None:
        self._deployed = deployed
        self._secret = secrets.token_bytes(32)

    @cached_property
    def _connection(self) -> Sender:
        return self._deployed.connection(_CONNECTIONS)

    def call(self, system: System, call: Call) -> Called:
        """Make a call.

        Raises
        ------
        KeylineError
            If a value cannot be sent, or DynamoDB refuses the request.
        """
        recorder = Recorder(self._connection)
        with closing(self._store(system, recorder)) as store:
            return _called(store, recorder, call(store))

    def preview(self, system: System, call: Call) -> Sequence[Sent]:
        """Return the request that a call would send first; nothing is sent.

        Raises
        ------
        KeylineError
            If a value cannot be sent.
        """
        recorder = Recorder(_Withholding())
        with closing(self._store(system, recorder)) as store, suppress(_WithheldError):
            call(store)
        return recorder.sent

    def _store(self, system: System, sender: Sender) -> Store:
        return self._deployed.store(
            system, _CONNECTIONS, connection=sender, cursor_secret=self._secret
        )


def _called(store: Store, recorder: Recorder, answer: Answer) -> Called:
    calls = store.meter.calls
    by_index: dict[str, float] = {}
    for call in calls:
        for name, units in call.by_index.items():
            by_index[name] = by_index.get(name, 0.0) + units
    return Called(
        items=[shown(item) for item in answer.items],
        cursor=answer.cursor,
        sent=recorder.sent,
        read=sum(call.read for call in calls),
        write=sum(call.write for call in calls),
        by_index=by_index,
        milliseconds=sum(call.latency for call in calls),
    )
