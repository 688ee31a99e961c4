"""Consumers of the stream that count messages: each message once, whatever is delivered twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import pytest

from chat.prices import COST, Prices
from chat.rollup import Rollup
from chat.tables import MESSAGES, Message
from chat.totals import Totals
from keyline.metrics import Metrics, MetricUnit
from keyline.model import System
from keyline.run import ItemWriter, Store, TableSettings, UniqueClock, Write
from keyline.stream import BatchFailedError
from tests.support.faults import Fault
from tests.support.protocols.crash import Crash
from tests.support.protocols.driver import assert_found, drive
from tests.support.protocols.network import Network
from tests.support.protocols.plan import Plan
from tests.systems.chat.counted import MODULES, PROVIDERS, STUDENTS, assert_counted_once
from tests.systems.chat.on_engine import Chat, MakeChat
from tests.systems.chat.unit.examples import DAY_MS, START, message

pytestmark = [pytest.mark.usefixtures("no_sleep"), pytest.mark.soak]

CONSUMERS = ("a", "b", "c")
LARGEST = 60
"""Messages of a batch: enough for several transactions."""
STEPS = 12
ROUNDING = 1e-6
"""USD that a published cost may differ from the exact one."""


class Consumers:
    """Three processes of the stream's function count messages, which come in batches of any size.

    A batch that fails comes again, in another cut and to any process. Some of what was counted
    comes again as well.
    """

    def __init__(self, plan: Plan, chat: Chat) -> None:
        self.plan, self.chat = plan, chat
        self.network = Network(chat.endpoint, plan)
        self.network.meanwhile = self._deliver_to_another
        self.close = self.network.close
        self.published: defaultdict[str, float] = defaultdict(float)
        self.publications = 0
        chat.monkeypatch.setattr(Metrics, "put", self._publish)
        self.functions = {name: self._started(name) for name in CONSUMERS}
        self.writer = ItemWriter(
            MESSAGES, MESSAGES.entity_of(Message), TableSettings(chat.settings)
        )
        self.messages: list[Message] = []
        self.open: list[int] = []

    def step(self) -> None:
        """Let some messages be written, and a batch be delivered."""
        for _ in range(self.plan.draw.randint(0, 25)):
            self.open.append(len(self.messages))
            self.messages.append(self._message())
        self._deliver(self.plan.draw.choice(CONSUMERS))

    def finish(self) -> None:
        """Deliver what is left, and compare the totals with a recount of all messages."""
        self.network.heal()
        while self.open:
            self._deliver(CONSUMERS[0])
        assert_counted_once(self.chat, self.messages)
        for provider, usd in self.cost.items():
            most = usd + ROUNDING * self.publications
            assert self.published[provider] <= most, f"a cost of {provider} is published twice"

    @property
    def cost(self) -> dict[str, float]:
        """USD of all messages by provider."""
        prices = Prices.of(self.chat.settings)
        tokens: Counter[str] = Counter()
        for each in self.messages:
            tokens[each.provider] += each.tokenCount
        return {
            provider: float(used * prices.per_1k[provider] / 1000)
            for provider, used in tokens.items()
        }

    def _started(self, name: str) -> ModuleType:
        """Return the function's module as in a new process."""
        store = self.chat.store_behind(self.network.client(name), UniqueClock())

        def for_function(_: type[Store], system: System) -> Store:
            return store

        self.chat.monkeypatch.setattr(Store, "for_function", classmethod(for_function))
        return self.chat.module("rollup-stream")

    def _publish(self, name: str, value: float, unit: MetricUnit, **dimensions: str) -> None:
        if name == COST:
            self.published[dimensions["Provider"]] += value
            self.publications += 1

    def _message(self) -> Message:
        draw = self.plan.draw
        return message(
            timestamp=round(START + draw.uniform(0, 5 * DAY_MS), 3),
            moduleId=draw.choice(MODULES),
            studentId=draw.choice((None, *STUDENTS)),
            provider=draw.choice(PROVIDERS),
            modelUsed=draw.choice(("small", "large")),
            tokenCount=draw.randrange(3000),
            responseTime=draw.randrange(15_000),
        )

    def _deliver_to_another(self, actor: str) -> None:
        self._deliver(self.plan.draw.choice([name for name in CONSUMERS if name != actor]))

    def _deliver(self, name: str) -> None:
        batch = self._batch()
        if not batch:
            return
        self.plan.note(name, f"gets {len(batch)} messages, {len(self.open)} are open")
        try:
            answer = self.functions[name].handler(self._event(batch), None)
        except BatchFailedError:
            self.plan.note(name, "  none is done")
            return
        except Crash:
            self.functions[name] = self._started(name)
            return
        failed = [batch.index(int(each["itemIdentifier"])) for each in answer["batchItemFailures"]]
        done = batch[: min(failed)] if failed else batch
        self.plan.note(name, f"  {len(done)} are done")
        self.open = [number for number in self.open if number not in done]

    def _batch(self) -> list[int]:
        """Return the messages that are open, and some that are done already."""
        draw = self.plan.draw
        fresh = draw.sample(self.open, draw.randint(0, min(LARGEST, len(self.open))))
        done = [number for number in range(len(self.messages)) if number not in self.open]
        again = draw.sample(done, min(len(done), draw.choice((0, 0, 5))))
        return sorted(fresh or self.open[:1]) + again

    def _event(self, batch: Sequence[int]) -> dict[str, Any]:
        return {"Records": [self._record(number) for number in batch]}

    def _record(self, number: int) -> dict[str, Any]:
        image = self.writer.attributes(self.messages[number], START / 1000)
        keys = {name: image[name] for name in MESSAGES.key.attributes}
        change = {"NewImage": image, "Keys": keys, "SequenceNumber": str(number)}
        return {"eventID": str(number), "eventName": "INSERT", "dynamodb": change}


@pytest.mark.requirement("T-43")
def test_each_message_counts_once(make_chat: MakeChat) -> None:
    drive(lambda plan: Consumers(plan, make_chat()), runs=3, steps=STEPS)


def test_the_driver_finds_messages_that_are_not_marked(
    make_chat: MakeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = Rollup._writes

    def unmarked(rollup: Rollup, part: Sequence[Message], totals: Totals) -> list[Write]:
        return writes(rollup, part, totals)[len(part) :]

    monkeypatch.setattr(Rollup, "_writes", unmarked)
    assert_found(lambda plan: Consumers(plan, make_chat()), steps=STEPS)


class CertainCosts(Consumers):
    """Consumers whose calls are refused or not sent, so that each knows what it has counted."""

    kinds = (Fault.THROTTLED, Fault.UNSENT)

    def finish(self) -> None:
        """Compare what was published with the cost of all messages."""
        super().finish()
        most = ROUNDING * self.publications
        for provider, usd in self.cost.items():
            published = self.published[provider]
            assert abs(published - usd) <= most, f"{published} of {usd} USD are published"


def test_the_cost_of_all_that_is_counted_is_published(make_chat: MakeChat) -> None:
    drive(
        lambda plan: CertainCosts(plan, make_chat()),
        runs=4,
        kinds=CertainCosts.kinds,
        steps=STEPS,
    )
