"""Metrics of queues, as CloudWatch has it of SQS."""

from __future__ import annotations

import asyncio
from typing import cast

from keyline_local.host.clock import Clock
from keyline_local.resources import Queue
from keyline_local.services.aws import Aws
from keyline_local.services.metric_store import MetricStore
from keyline_local.services.queues import ACTIVE_SECONDS, Queues
from tests.keyline_local.measured import measured

BEGAN = 1_767_225_600.0
MINUTE = int(BEGAN // 60)
QUEUE = Queue(logical_id="Q", name="failures", arn="arn", url="http://failures", attributes={})


class Server:
    """Holds messages by when they were sent; asked as often as `looks` says."""

    def __init__(self) -> None:
        self.sent: list[float] = []
        self.hidden = False
        self.looks = 0

    async def send(self, url: str, body: str) -> None:
        self.sent.append(float(body))

    async def waiting(self, url: str) -> tuple[int, float | None]:
        self.looks += 1
        return len(self.sent), None if self.hidden else min(self.sent, default=None)


class Rig:
    def __init__(self) -> None:
        self.machine = BEGAN
        self.clock = Clock(lambda: self.machine)
        self.store = MetricStore(self.clock)
        self.server = Server()
        aws = cast(Aws, self.server)
        self.queues = Queues([QUEUE], aws, self.clock, self.store)

    def measure(self, minute: int) -> dict[str, float]:
        before = measured(self.store, "AWS/SQS")
        asyncio.run(self.queues.measure(MINUTE + minute))
        after = measured(self.store, "AWS/SQS")
        return {name: after[name, *at] - before.get((name, *at), 0) for name, *at in after}


def test_a_message_is_counted_when_it_is_sent_and_grows_old() -> None:
    rig = Rig()
    assert rig.measure(0) == {}  # nothing was ever sent
    rig.machine += 10
    asyncio.run(rig.queues.send(QUEUE.url, str(rig.machine)))
    assert measured(rig.store, "AWS/SQS")["NumberOfMessagesSent", "failures"] == 1
    rig.machine += 1
    rig.clock.move_to(BEGAN + 3_611)
    rig.machine += 5
    found = rig.measure(60)
    assert found["ApproximateNumberOfMessagesVisible"] == 1
    assert found["ApproximateAgeOfOldestMessage"] == 3_606


def test_a_message_that_somebody_has_received_keeps_its_age() -> None:
    rig = Rig()
    asyncio.run(rig.queues.send(QUEUE.url, str(rig.machine)))
    rig.measure(0)
    rig.server.hidden = True
    rig.machine += 60
    assert rig.measure(1)["ApproximateAgeOfOldestMessage"] == 60


def test_an_empty_queue_is_measured_for_hours_and_then_no_longer() -> None:
    rig = Rig()
    asyncio.run(rig.queues.send(QUEUE.url, str(rig.machine)))
    rig.measure(0)
    rig.server.sent.clear()
    rig.queues.look_again()
    rig.clock.move_to(BEGAN + 120)
    rig.measure(1)
    points = rig.store.newest
    metric = next(m for m in rig.store.metrics() if m.name == "ApproximateNumberOfMessagesVisible")
    assert points(metric) == MINUTE + 1
    rig.clock.move_to(BEGAN + ACTIVE_SECONDS + 1)
    rig.measure(400)
    assert points(metric) == MINUTE + 1


def test_where_time_is_moved_the_queue_is_asked_once() -> None:
    rig = Rig()
    for minute in range(5):
        rig.clock.move_to(rig.clock.now() + 60)
        rig.measure(minute)
    assert rig.server.looks == 1
    rig.machine += 2
    rig.measure(5)
    assert rig.server.looks == 2


def test_the_queue_is_asked_again_where_the_clock_has_gone_back() -> None:
    rig = Rig()
    for looks, step in enumerate((0, -3_600, -86_400, 86_400), start=1):
        rig.machine += step
        rig.measure(0)
        assert rig.server.looks == looks
