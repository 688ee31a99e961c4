"""An engine with the chat system's tables as the synthesized template has them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chat.patterns import MESSAGE_CREATE
from chat.repository import Repository
from chat.rollup import Rollup
from chat.settings import Settings
from chat.system import SYSTEM
from chat.tables import Message
from keyline.run import UniqueClock
from tests.keyline.unit.http.events import event
from tests.support.systems import Answer, HttpFunction, OnEngine, definitions_of, fresh_tables

__all__ = ["Answer", "Api", "Chat", "MakeChat"]


@pytest.fixture(scope="session")
def definitions(local_assembly: Path) -> list[dict[str, Any]]:
    """CreateTable's parameters of the system's tables."""
    return definitions_of(SYSTEM, local_assembly)


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


@pytest.fixture
def make_chat(
    endpoint: str, definitions: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[MakeChat]:
    """Make the chat system on fresh tables, with some settings of its own."""
    with contextlib.ExitStack() as made:

        def make(**settings: Any) -> Chat:
            environment = made.enter_context(fresh_tables(endpoint, definitions))
            return Chat(endpoint, environment, msgspec.convert(settings, Settings), monkeypatch)

        yield make


@pytest.fixture
def chat(make_chat: MakeChat) -> Chat:
    """The chat system with default settings on fresh tables."""
    return make_chat()
