"""The queues of a deployment as CloudWatch sees them: how full, how old, what was sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from keyline_local.host.clock import Clock
from keyline_local.resources import Queue
from keyline_local.services.aws import Aws
from keyline_local.services.metric_store import MetricStore

NAMESPACE = "AWS/SQS"
ACTIVE_SECONDS = 6 * 3600
"""How long after the last message a queue is measured (SQS developer guide, "CloudWatch
metrics for SQS": active for up to six hours)."""
_FRESH_SECONDS = 1.0
"""For how many seconds of the machine's time a look at a queue holds: where time is moved, many
minutes pass within it."""


@dataclass(frozen=True)
class Waiting:
    """The messages that wait in a queue.

    Attributes
    ----------
    oldest
        When the oldest message was sent, in epoch seconds of the machine's time; None if the queue
        is empty.
    """

    messages: int
    oldest: float | None


class Queues:
    """Sends messages, and measures the queues at the end of each minute."""

    def __init__(self, queues: Iterable[Queue], aws: Aws, clock: Clock, store: MetricStore) -> None:
        self._names = {queue.url: queue.name for queue in queues}
        self._aws = aws
        self._clock = clock
        self._store = store
        self._sent = dict.fromkeys(self._names, 0)
        self._active_until = dict.fromkeys(self._names, 0.0)
        self._seen: dict[str, Waiting] = {}
        self._looked = float("-inf")

    async def send(self, url: str, body: str) -> None:
        """Send a message to a queue by its URL."""
        await self._aws.send(url, body)
        if url in self._sent:
            self._sent[url] += 1
            self._store.add(NAMESPACE, "NumberOfMessagesSent", 1, QueueName=self._names[url])

    async def measure(self, minute: int) -> None:
        """Take note of each queue that is active, for a minute since the epoch."""
        await self._look()
        for url, name in self._names.items():
            waiting = self._seen[url]
            if waiting.messages or self._sent[url]:
                self._active_until[url] = self._clock.now() + ACTIVE_SECONDS
            self._sent[url] = 0
            if self._active_until[url] < self._clock.now():
                continue
            age = 0.0 if waiting.oldest is None else self._clock.age(waiting.oldest)
            for metric, value in (
                ("NumberOfMessagesSent", 0.0),
                ("ApproximateNumberOfMessagesVisible", float(waiting.messages)),
                ("ApproximateAgeOfOldestMessage", age),
            ):
                self._store.add_in(minute, NAMESPACE, metric, value, QueueName=name)

    def look_again(self) -> None:
        """Ask the queues at the next measurement, however soon it is."""
        self._looked = float("-inf")

    async def _look(self) -> None:
        if 0 <= self._clock.machine() - self._looked < _FRESH_SECONDS:  # it may have gone back
            return
        for url in self._names:
            messages, oldest = await self._aws.waiting(url)
            if messages and oldest is None and url in self._seen:
                oldest = self._seen[url].oldest  # somebody has received it, and not deleted it
            self._seen[url] = Waiting(messages, oldest)
        self._looked = self._clock.machine()
