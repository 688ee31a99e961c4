"""The chat system on an engine, and the HTTP APIs of its functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chat.patterns import MESSAGE_CREATE
from chat.repository import Repository
from chat.rollup import Rollup
from chat.settings import Settings
from chat.system import SYSTEM
from chat.tables import Message
from keyline.run import UniqueClock
from tests.support.events import event
from tests.support.systems import Answer, HttpFunction, OnEngine

STAFF = {"cognito:groups": "[staff]"}
"""What marks a token as staff's, as API Gateway hands it over."""

__all__ = ["STAFF", "Answer", "Api", "Chat", "MakeChat"]


class Chat(OnEngine[Settings]):
    """The chat system on an engine, with tables of its own."""

    system = SYSTEM

    def __post_init__(self) -> None:
        super().__post_init__()
        self.repository = Repository(self.store, self.settings)
        self.rollup = Rollup(self.store, self.settings)

    def process(self, clock: UniqueClock) -> Repository:
        """Return the repository of another process, with a clock of its own."""
        return Repository(self.store_at(clock), self.settings)

    def add(self, message: Message) -> Message:
        """Store a message at its own timestamp."""
        return self.store.put(MESSAGE_CREATE, message)

    def app(self, function: str) -> Api:
        """Return the HTTP API of a function."""
        return Api(self.module(function))


class Api(HttpFunction):
    """The routes of one function."""

    def __call__(
        self,
        route: str,
        path: dict[str, Any] | None = None,
        *,
        query: str = "",
        body: Any = None,
        student: int | None = None,
        subject: str | None = None,
        claims: Mapping[str, str] | None = None,
        **raw: Any,
    ) -> Answer:
        """Call a route as staff, as a student, or with other claims about who asks."""
        name = subject or (f"student-{student}" if student else "staff")
        mark = STAFF if student is None else {"student_id": str(student)}
        said = {"sub": name, **(mark if claims is None else claims)}
        given = {name: str(value) for name, value in (path or {}).items()}
        return self.answer(event(route, given, query, body, claims=said, **raw))


MakeChat = Callable[..., Chat]
