"""Clients of all systems who go on while engine, functions and platform are killed.

Each client repeats a request with its key until it is acknowledged, as clients are told to.
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from http import HTTPStatus

import httpx
import psutil

from tests.support.client import assert_problem
from tests.support.creations import Creations, creations_of
from tests.support.fault_rows import Kills, record
from tests.support.processes import runs_a_function, runs_the_engine
from tests.support.soak import AT_LENGTH
from tests.support.up import Up

CLIENTS = 3
"""Of each system."""
KILLS = 100 if AT_LENGTH else 3
BETWEEN = 3
"""Requests of each system that are acknowledged between two kills, at least."""
_LATEST = 0.5
"""Seconds after those, at most, at which a kill comes."""
_PAUSE = 0.1
"""Seconds before a client sends a request again."""
_SECONDS = 180.0
"""How long those requests may take, on a busy machine too."""
_SEED = 18


class Victim(StrEnum):
    """A process that is killed."""

    ENGINE = "engine"
    FUNCTION = "function"
    PLATFORM = "platform"


class _Sender:
    """The clients of a system, and what became of their requests."""

    def __init__(self, system: str, creations: Creations) -> None:
        self.system, self.creations = system, creations
        self.acknowledged: list[str] = []
        self.requests, self.failed = 0, 0
        self._lock = threading.Lock()

    def go_on(self, client: int, stop: threading.Event) -> None:
        """Create one thing after another until told to stop; the last one is created too."""
        number = 0
        while not stop.is_set():
            name = f"killed-{client}-{number}"
            while not self._is_acknowledged(client, name):
                time.sleep(_PAUSE)
            self.acknowledged.append(name)
            number += 1

    def row(self, killed: Mapping[Victim, int]) -> Kills:
        """Return what became of all."""
        kept = self.creations.kept()
        return Kills(
            system=self.system,
            engine=killed[Victim.ENGINE],
            functions=killed[Victim.FUNCTION],
            platform=killed[Victim.PLATFORM],
            requests=self.requests,
            failed=self.failed,
            acknowledged=len(self.acknowledged),
            lost=sum(kept[name] == 0 for name in self.acknowledged),
            doubled=sum(kept[name] > 1 for name in self.acknowledged),
        )

    def _is_acknowledged(self, client: int, name: str) -> bool:
        headers = {"Idempotency-Key": f'"{name}-{client}"'}
        is_created = _is_created(lambda: self.creations.send(client, name, headers))
        with self._lock:
            self.requests += 1
            self.failed += not is_created
        return is_created


def assert_kept_under_kills(up: Up) -> None:
    """Assert that no system loses or doubles what it acknowledged."""
    killed, chosen = Counter[Victim](), _victims()
    with ExitStack() as stack:
        senders = [
            _Sender(name, stack.enter_context(creations_of(name)(system, CLIENTS)))
            for name, system in up.systems.items()
        ]
        with _sending(senders) as check:
            for victim in chosen:
                _wait_for_more(senders, check)
                time.sleep(random.uniform(0, _LATEST))
                killed[victim] += _kill(victim, up)
            _wait_for_more(senders, check)
        assert set(killed) == set(chosen) and all(killed.values()), killed
        for sender in senders:
            record(sender.row(killed))


def _victims() -> Sequence[Victim]:
    """Return who is killed, in a random order: each kind about as often."""
    kinds = list(Victim)
    chosen = [kinds[number % len(kinds)] for number in range(KILLS)]
    random.Random(_SEED).shuffle(chosen)
    return chosen


@contextmanager
def _sending(senders: Sequence[_Sender]) -> Iterator[Callable[[], None]]:
    """Let all clients send; what is yielded raises what has ended one of them."""
    stop = threading.Event()
    with ThreadPoolExecutor(len(senders) * CLIENTS) as pool:
        clients: list[Future[None]] = [
            pool.submit(sender.go_on, client, stop)
            for sender in senders
            for client in range(CLIENTS)
        ]

        def check() -> None:
            for client in clients:
                if client.done():
                    client.result()

        try:
            yield check
        finally:
            stop.set()
        for client in clients:
            client.result()


def _wait_for_more(senders: Sequence[_Sender], check: Callable[[], None]) -> None:
    wanted = [len(sender.acknowledged) + BETWEEN for sender in senders]
    end = time.monotonic() + _SECONDS
    while not all(len(s.acknowledged) >= w for s, w in zip(senders, wanted, strict=True)):
        check()
        got = {sender.system: len(sender.acknowledged) for sender in senders}
        assert time.monotonic() < end, f"no more was acknowledged: {got}"
        time.sleep(0.02)


def _is_created(send: Callable[[], httpx.Response]) -> bool:
    """Tell whether a request was acknowledged; any other answer is a clean one."""
    try:
        answer = send()
    except httpx.TransportError:  # the platform is gone
        return False
    if answer.status_code == HTTPStatus.CREATED:
        return True
    is_of_the_gateway = answer.headers["content-type"] == "application/json"
    if is_of_the_gateway:  # the function has ended
        assert answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR, answer.text
    else:
        assert_problem(answer, answer.status_code)
        assert answer.status_code in _MAY_BE_REPEATED, answer.text
    return False


_MAY_BE_REPEATED = (
    HTTPStatus.CONFLICT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


def _kill(victim: Victim, up: Up) -> int:
    """Kill a process; return how many were killed."""
    if victim is Victim.PLATFORM:
        up.kill()
        up.start()
        return 1
    is_victim = runs_the_engine if victim is Victim.ENGINE else runs_a_function
    found = [child for child in up.process.children(recursive=True) if is_victim(child)]
    try:
        random.choice(found).send_signal(signal.SIGKILL)
    except (IndexError, psutil.NoSuchProcess):  # it ends or is started again at this moment
        return 0
    return 1
