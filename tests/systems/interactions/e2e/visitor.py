"""A user of one process, who knows what every answer has to be."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.systems.interactions.e2e.api import Api, fresh


@dataclass
class Known:
    """The content of a session: its checks, oldest first, and how many were ever made."""

    checks: list[dict[str, Any]] = field(default_factory=list)
    count: int = 0


class Visitor:
    """Sends one request after the other and judges each answer, exactly.

    Every request has to be served.

    Attributes
    ----------
    sessions
        What every session of the user holds.
    requests
        Requests that were answered as they had to be.
    token
        The user's.
    """

    def __init__(self, api: Api, seed: int) -> None:
        self.sessions: dict[str, Known] = {}
        self.requests = 0
        self._api = api
        self._draw = random.Random(seed)
        self.token = api.user()

    def step(self) -> None:
        """Send a request of any kind."""
        if len(self.sessions) < 2 or self._draw.random() < 0.1:
            self.open()
        else:
            session = self._draw.choice(list(self.sessions)[-4:])
            kinds = [self.check, self.look, self.read, self.clear]
            self._draw.choices(kinds, weights=(40, 20, 35, 5))[0](session)

    def open(self) -> str:
        session = self._api.open(self.token)
        self.sessions[session] = Known()
        self.requests += 1
        return session

    def check(self, session: str) -> None:
        known = self.sessions[session]
        known.checks.append(self._api.check(session, "warfarin", fresh(), self.token))
        known.count += 1
        self.requests += 1

    def read(self, session: str) -> None:
        """Read the history, of which nothing may be missing and nothing too much."""
        limit = self._draw.choice((1, 10, 100))
        found = self._api.history(session, self.token, limit=limit)
        assert found == self.sessions[session].checks[::-1][:limit]
        self.requests += 1

    def look(self, session: str) -> None:
        """Look at the session, which has counted every check."""
        found = self._api.get(f"/sessions/{session}", self.token)
        assert found["queryCount"] == self.sessions[session].count
        self.requests += 1

    def clear(self, session: str) -> None:
        answer = self._api.call("DELETE", f"/sessions/{session}/history", token=self.token)
        assert answer.status_code == 204, answer.text
        self.sessions[session].checks.clear()
        self.requests += 1

    def look_at_all(self) -> None:
        """Read every history and every session."""
        for session in self.sessions:
            self.read(session)
            self.look(session)

    def go_on(self, seconds: float) -> None:
        """Send requests for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.step()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Let the visitor go on meanwhile; the first wrong answer is raised at the end."""
        stop = threading.Event()
        failures: list[BaseException] = []

        def work() -> None:
            try:
                while not stop.is_set():
                    self.step()
            except BaseException as error:  # noqa: BLE001 - raised where it can be seen
                failures.append(error)

        thread = threading.Thread(target=work, name="visitor")
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
        if failures:
            raise failures[0]
