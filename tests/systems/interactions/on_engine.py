"""The interactions system on an engine, and the HTTP APIs of its functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from interactions.dynamo_store import DynamoStore
from interactions.history import History
from interactions.history_store import HistoryStore
from interactions.rate_limit import DynamoRateLimiter
from interactions.settings import Settings
from interactions.system import SYSTEM
from interactions.tables import DATA, Check, Session
from keyline.run import UniqueClock
from tests.support.events import event
from tests.support.systems import Answer, HttpFunction, OnEngine

__all__ = ["ADDRESS", "Answer", "Api", "MakeMediphant", "Mediphant"]

ADDRESS = "192.0.2.1"
"""Where the tests' requests come from unless they say otherwise."""


class Mediphant(OnEngine[Settings]):
    """The interactions system on an engine, with tables of its own."""

    system = SYSTEM

    def __post_init__(self) -> None:
        super().__post_init__()
        self.repository = DynamoStore(self.store, self.settings)
        self.history = self.at_clock(UniqueClock())

    def at_clock(self, clock: UniqueClock) -> History:
        """Return the history of a process with this clock."""
        return History(self.repository, self.settings, clock)

    def at_ms(self, moment: float) -> History:
        """Return the history of a process whose clock stands still, at an epoch ms."""
        return self.at_clock(UniqueClock(lambda: round(moment * 1_000_000)))

    def limiter(self, now: float) -> DynamoRateLimiter:
        """Return a rate limiter of another process, at an epoch second."""
        return DynamoRateLimiter(self.store, self.settings, lambda: now)

    def check(self, user: str, session: Session, *, names: tuple[str, str] = ("a", "b")) -> Check:
        """Add a check as the service does."""
        return self.history.add_query(
            user,
            session.sessionId,
            med_a=names[0],
            med_b=names[1],
            is_potentially_risky=False,
            reason="none known",
        )

    def app(self, function: str, **environ: str) -> Api:
        """Return the HTTP API of a function, imported as in a new process of that function."""
        return Api(self.module(function, **environ))

    def rows(self, kind: str = "") -> list[dict[str, Any]]:
        """Return every item of the data table, or those of a kind, as stored."""
        items = self.stored(DATA.name)
        return [item for item in items if kind in ("", item["EntityType"]["S"])]

    @property
    def table_name(self) -> str:
        """The data table's deployed name."""
        return DATA.physical_name(self.environment)


class Api(HttpFunction):
    """The routes of one function."""

    def __call__(
        self,
        route: str,
        path: dict[str, str] | None = None,
        *,
        query: str = "",
        body: Any = None,
        user: str | None = "ada",
        address: str = ADDRESS,
        **raw: Any,
    ) -> Answer:
        """Call a route as a user, from an address; as None without a token."""
        claims = None if user is None else {"sub": user}
        request = event(route, path, query, body, claims=claims, **raw)
        request["requestContext"]["http"]["sourceIp"] = address
        return self.answer(request)


def sessions_in_pages(
    store: HistoryStore, user: str, limit: int, between: Callable[[], object] = lambda: None
) -> list[Session]:
    """Return all sessions of a user, read page by page; only a single page may be empty.

    Parameters
    ----------
    between
        Called between two pages.
    """
    found: list[Session] = []
    after = ""
    while True:
        page = store.sessions_of(user, after=after, limit=limit)
        assert len(page.sessions) <= limit
        found += page.sessions
        if page.last is None:
            return found
        assert page.last == page.sessions[-1].sessionId
        after = page.last
        between()


MakeMediphant = Callable[..., Mediphant]
