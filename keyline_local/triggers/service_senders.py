"""Sends to the services of this platform that receive events: queues, topics, buses and logs."""

from __future__ import annotations

import json

from keyline_local.resources import Target
from keyline_local.services.aws import Aws
from keyline_local.services.logs import Logs
from keyline_local.triggers.event_bus import EventBuses, Refused


class ServiceSenders:
    """The senders to the services of this platform.

    Attributes
    ----------
    buses
        The event buses, which send to these receivers themselves.
    """

    buses: EventBuses

    def __init__(self, aws: Aws, logs: Logs) -> None:
        self._aws = aws
        self._logs = logs

    async def to_queue(self, url: str, body: str, group: str | None) -> None:
        """Send a message to a queue."""
        await self._aws.send(url, body, group)

    async def to_topic(self, arn: str, message: str) -> None:
        """Publish a message to a topic."""
        await self._aws.publish(arn, None, message)

    def to_bus(self, target: Target, payload: str) -> None:
        """Put an event on a bus: the payload, or an entry whose detail the payload is.

        Raises
        ------
        ValueError
            The bus does not take the event.
        """
        if target.entry:
            entry = {**target.entry, "Detail": payload, "EventBusName": target.address}
            (result,) = self.buses.put([entry])
            if isinstance(result, Refused):
                raise ValueError(f"{result.code}: {result.message}")
        else:
            self.buses.publish(target.address, json.loads(payload))

    def to_log(self, group: str, line: str) -> None:
        """Write a line to the log that is named like the group."""
        self._logs.write(group.strip("/").replace("/", "-"), None, line)
