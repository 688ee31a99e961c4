"""Delivers events to the targets of rules and schedules: functions, queues, topics and buses."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from keyline_local.resources import RETRIES, Target, TargetKind
from keyline_local.services.metric_store import MetricStore
from keyline_local.triggers.event_source import Invoker, Result
from keyline_local.triggers.stream_retry import Backoff

_log = logging.getLogger(__name__)


class Senders(Protocol):
    """The ways to the receivers of events that are not functions."""

    async def to_queue(self, url: str, body: str, group: str | None) -> None:
        """Send a message to a queue."""

    async def to_topic(self, arn: str, message: str) -> None:
        """Publish a message to a topic."""

    def to_bus(self, target: Target, payload: str) -> None:
        """Put an event on a bus: the payload, or an entry whose detail the payload is."""

    def to_log(self, group: str, line: str) -> None:
        """Write a line to a log group."""


@dataclass(frozen=True)
class Sent:
    """The result of a delivery to a receiver that answers nothing."""

    function_error: str | None = None
    payload: bytes = b""
    request_id: str = ""


class Targets:
    """The receivers of events.

    Parameters
    ----------
    invoker
        Runs the functions.
    senders
        Reaches the other receivers; None where there are none.
    retries
        How often an invocation is repeated after an error, by the function's name.
    metrics
        Is told of each event that is given up.
    backoff
        Waits before an invocation that failed is retried.
    """

    def __init__(
        self,
        invoker: Invoker,
        senders: Senders | None = None,
        *,
        retries: Mapping[str, int] | None = None,
        metrics: MetricStore | None = None,
        backoff: Backoff | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._invoker = invoker
        self._senders = senders
        self._retries = retries or {}
        self._metrics = metrics or MetricStore()
        self._backoff = backoff or Backoff(base=1.0)
        self._sleep = sleep

    async def once(self, target: Target, payload: str) -> Result:
        """Deliver a payload, and return what came of it."""
        if target.kind is TargetKind.FUNCTION:
            return await self._invoker.invoke(target.address, payload.encode())
        assert self._senders is not None, "the deployment has targets of this kind"  # noqa: S101
        match target.kind:
            case TargetKind.QUEUE:
                await self._senders.to_queue(target.address, payload, target.group)
            case TargetKind.TOPIC:
                await self._senders.to_topic(target.address, payload)
            case TargetKind.BUS:
                self._senders.to_bus(target, payload)
            case TargetKind.LOG:
                self._senders.to_log(target.address, payload)
        return Sent()

    async def until_done(self, source: str, target: Target, payload: str) -> None:
        """Deliver a payload as Lambda invokes asynchronously: after an error again.

        Parameters
        ----------
        source
            The rule or the schedule, for the log.
        """
        retries = self._retries.get(target.address, RETRIES)
        for attempt in range(1, retries + 2):
            try:
                result = await self.once(target, payload)
            except Exception:  # noqa: BLE001 - a rule outlives whatever kept its target from running
                _log.exception("%s: %s could not be reached", source, target.address)
            else:
                if result.function_error is None:
                    return
                _log.warning(
                    "%s: %s failed: %s", source, target.address, result.payload[:500].decode()
                )
            if attempt <= retries:
                await self._sleep(self._backoff.delay(attempt))
        if target.kind is TargetKind.FUNCTION:
            self._metrics.add("AWS/Lambda", "AsyncEventsDropped", 1, FunctionName=target.address)
        _log.error("%s: %s given up after %d attempts", source, target.address, retries + 1)
