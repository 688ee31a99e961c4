"""The chat system on an engine, and the HTTP APIs of its functions."""

from __future__ import annotations

from collections.abc import Callable
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

__all__ = ["Answer", "Api", "Chat", "MakeChat"]


class Chat(OnEngine[Settings]):
    """The chat system on an engine, with tables of its own."""

    system = SYSTEM

    def __post_init__(self) -> None:
        super().__post_init__()
        self.repository = Repository(self.store, self.settings)
        self.rollup = Rollup(self.store, self.settings)

    def process(self, clock: UniqueClock) -> Repository:
        """The repository of another process, with a clock of its own."""
        return Repository(self.store_at(clock), self.settings)

    def add(self, message: Message) -> Message:
        """Store a message at its own timestamp."""
        return self.store.put(MESSAGE_CREATE, message)

    def app(self, function: str) -> Api:
        """The HTTP API of a function."""
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
        **raw: Any,
    ) -> Answer:
        """Call a route as staff, or as a student."""
        claims = {"sub": subject or (f"student-{student}" if student else "staff")}
        if student is not None:
            claims["student_id"] = str(student)
        given = {name: str(value) for name, value in (path or {}).items()}
        return self.answer(event(route, given, query, body, claims=claims, **raw))


MakeChat = Callable[..., Chat]
