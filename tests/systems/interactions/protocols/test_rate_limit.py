"""Processes that count the same clients' requests: no window admits more than the limit."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, field

import pytest

from interactions.patterns import RATE_WINDOW
from interactions.rate_limit import DynamoRateLimiter, LimitReachedError, Span, Usage
from keyline.run import Store, ThrottledError, UnavailableError, UniqueClock
from tests.support.protocols.clocks import Time
from tests.support.protocols.crash import Crash
from tests.support.protocols.driver import assert_found, drive
from tests.support.protocols.network import Network
from tests.support.protocols.plan import Plan
from tests.systems.interactions.on_engine import MakeMediphant, Mediphant

pytestmark = [pytest.mark.usefixtures("no_sleep"), pytest.mark.soak]

LIMIT, SECONDS = 5, 60
SKEWS = {"a": 0.0, "b": 0.0, "c": 20.0, "d": -20.0}
CLIENTS = ("x", "y")


@dataclass
class Window:
    """The known state of a client's window: the requests that were sent, and the answers."""

    sent: int = 0
    admitted: list[int] = field(default_factory=list)


class Limiters:
    """Four processes admit the requests of two clients, by clocks that differ."""

    def __init__(self, plan: Plan, mediphant: Mediphant) -> None:
        self.plan = plan
        self.settings = mediphant.settings
        self.time = Time()
        self.network = Network(mediphant.endpoint, plan)
        self.network.meanwhile = self._request_of_another
        self.close = self.network.close
        self.direct = mediphant.store_behind(mediphant.client, UniqueClock())
        self.clocks = {name: self.time.clock(skew) for name, skew in SKEWS.items()}
        self.limiters = {
            name: DynamoRateLimiter(self._store(mediphant, name), self.settings, clock.seconds)
            for name, clock in self.clocks.items()
        }
        self.clients = {name: f"{name}-{uuid.uuid4()}" for name in CLIENTS}
        self.windows: dict[tuple[str, str], Window] = {}

    def step(self) -> None:
        """Let a request come; now and then time goes by."""
        if self.plan.draw.random() < 0.2:
            self.time.advance(self.plan.draw.uniform(0, SECONDS / 2))
        self._request(self.plan.draw.choice(list(SKEWS)))

    def finish(self) -> None:
        """Check that each window holds what was admitted, and never more than the limit."""
        self.network.heal()
        for (client, name), window in self.windows.items():
            where = f"the window {name} of {client}"
            held, admitted = self._held(client, name), len(window.admitted)
            assert admitted <= LIMIT, f"{where} has admitted {admitted}"
            assert max(Counter(window.admitted).values(), default=1) == 1, f"{where} counts twice"
            assert admitted <= held <= LIMIT, f"{where} holds {held}, and has admitted {admitted}"
            assert held <= window.sent * 3, f"{where} holds {held} of {window.sent} requests"

    def _store(self, mediphant: Mediphant, name: str) -> Store:
        return mediphant.store_behind(self.network.client(name), UniqueClock())

    def _request_of_another(self, actor: str) -> None:
        self._request(self.plan.draw.choice([name for name in SKEWS if name != actor]))

    def _request(self, actor: str) -> None:
        client, asks = self.plan.draw.choice(CLIENTS), self.plan.draw.random() < 0.2
        name = Span.at(self.clocks[actor].seconds(), SECONDS).name
        window = self.windows.setdefault((client, name), Window())
        self.plan.note(actor, f"{'asks for' if asks else 'admits'} {client} in {name}")
        try:
            if asks:
                self._ask(actor, client, window)
            else:
                self._admit(actor, client, window)
        except LimitReachedError:
            held = self._held(client, name)
            assert held >= LIMIT, f"{client} is refused in {name} after {held} requests"
            self.plan.note(actor, "  refused")
        except (ThrottledError, UnavailableError) as error:
            self.plan.note(actor, f"  {type(error).__name__}")
        except Crash:
            pass  # a limiter has no memory

    def _admit(self, actor: str, client: str, window: Window) -> None:
        window.sent += 1
        usage = self.limiters[actor].admit(self.clients[client])
        window.admitted.append(usage.count)
        self.plan.note(actor, f"  admitted as {usage.count}")

    def _ask(self, actor: str, client: str, window: Window) -> None:
        least = len(window.admitted)
        usage: Usage = self.limiters[actor].usage(self.clients[client])
        assert least <= usage.count <= LIMIT, f"{client} is told {usage.count}, not {least}"

    def _held(self, client: str, window: str) -> int:
        key = {"client": self.clients[client], "windowStart": window}
        item = self.direct.get(RATE_WINDOW, **key)
        return item.count if item else 0


@pytest.mark.requirement("M-19")
def test_no_window_admits_more_than_its_limit(make_mediphant: MakeMediphant) -> None:
    mediphant = make_mediphant(rate_limit=LIMIT, rate_window_seconds=SECONDS)
    drive(lambda plan: Limiters(plan, mediphant), runs=5)


def test_the_driver_finds_a_limit_that_is_passed_by_one(make_mediphant: MakeMediphant) -> None:
    mediphant = make_mediphant(rate_limit=LIMIT + 1, rate_window_seconds=SECONDS)
    assert_found(lambda plan: Limiters(plan, mediphant))
