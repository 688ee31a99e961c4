"""An engine with the chat system's tables as the synthesized template has them."""

from __future__ import annotations

import contextlib
import importlib
import itertools
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import msgspec
import pytest

from chat.patterns import MESSAGE_CREATE
from chat.repository import Repository
from chat.rollup import Rollup
from chat.settings import Settings
from chat.system import SYSTEM
from chat.tables import Message
from keyline.run import Store, UniqueClock, dynamodb_client
from keyline.run.meter import PROCESS, Meter
from tests.support.engine import admin_client, running_engine, where
from tests.support.tables import created, of_template
from tests.templates import resources, shipped
from tests.unit.keyline.http.events import Context, event

TABLE = "AWS::DynamoDB::GlobalTable"
_environments = itertools.count(1)
_run = uuid.uuid4().hex[:8]


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """Where the engine listens."""
    with running_engine() as url:
        yield url


@pytest.fixture(scope="session")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """CreateTable's parameters of the chat tables, from the template of `local`."""
    template = shipped("local", tmp_path_factory.mktemp("synth"))["chat-data-local"].template
    return [of_template(properties) for properties in resources(template, TABLE).values()]


@dataclass
class Chat:
    """The chat system on an engine, with tables of its own."""

    endpoint: str
    environment: str
    settings: Settings
    monkeypatch: pytest.MonkeyPatch

    def __post_init__(self) -> None:
        self.meter = Meter()
        self.store = self._store(UniqueClock())
        self.repository = Repository(self.store, self.settings)
        self.rollup = Rollup(self.store, self.settings)
        self.dynamodb = admin_client(self.endpoint)

    def process(self, clock: UniqueClock) -> Repository:
        """The repository of another process, with a clock of its own."""
        return Repository(self._store(clock), self.settings)

    def _store(self, clock: UniqueClock) -> Store:
        return Store(
            system=SYSTEM,
            environment=self.environment,
            settings=self.settings,
            client=dynamodb_client(**where(self.endpoint), read_timeout=10),
            meter=self.meter,
            measure_sizes=True,
            unique_clock=clock,
        )

    def add(self, message: Message) -> Message:
        """Store a message at its own timestamp."""
        return self.store.put(MESSAGE_CREATE, message)

    def handler(self, function: str) -> ModuleType:
        """The module of a function's handler, imported as in a new process of that function."""
        values = {
            "AWS_ENDPOINT_URL_DYNAMODB": self.endpoint,
            "AWS_REGION": self.dynamodb.meta.region_name,
            "KEYLINE_SYSTEM": SYSTEM.name,
            "KEYLINE_ENV": self.environment,
            "KEYLINE_FUNCTION": function,
            "KEYLINE_SETTINGS": msgspec.json.encode(self.settings).decode(),
            "KEYLINE_CURSOR_SECRET": "a secret of the tests",
            "KEYLINE_MEASURE_SIZES": "1",
            "POWERTOOLS_SERVICE_NAME": f"chat-{function}",
        }
        for name, value in values.items():
            self.monkeypatch.setenv(name, value)
        PROCESS.flush()
        for name in [
            n for n in sys.modules if n == "chat.context" or n.startswith("chat.handlers")
        ]:
            del sys.modules[name]
        return importlib.import_module(SYSTEM.function(function).handler.rpartition(".")[0])

    def app(self, function: str) -> Api:
        """The HTTP API of a function."""
        return Api(self.handler(function))

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Every item of a table, as stored."""
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=SYSTEM.table(table).physical_name(self.environment)
        )
        return [item for page in pages for item in page["Items"]]


@dataclass(frozen=True)
class Answer:
    """What an API answered."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Api:
    """The routes of one function."""

    module: ModuleType

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
        request = event(route, given, query, body, claims=claims, **raw)
        answer = self.module.handler(request, Context())
        text = answer.get("body") or ""
        headers = {name.lower(): value for name, value in (answer.get("headers") or {}).items()}
        for name, values in (answer.get("multiValueHeaders") or {}).items():
            headers[name.lower()] = values[0]
        return Answer(answer["statusCode"], headers, msgspec.json.decode(text) if text else None)


MakeChat = Callable[..., Chat]


@pytest.fixture
def make_chat(
    endpoint: str, definitions: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[MakeChat]:
    """Make the chat system on fresh tables, with some settings of its own."""
    with contextlib.ExitStack() as made:

        def make(**settings: Any) -> Chat:
            environment = f"{_run}-{next(_environments)}"
            chat = Chat(endpoint, environment, msgspec.convert(settings, Settings), monkeypatch)
            tables = [
                {**it, "TableName": it["TableName"].removesuffix("-local") + f"-{environment}"}
                for it in definitions
            ]
            made.enter_context(created(chat.dynamodb, tables))
            return chat

        yield make


@pytest.fixture
def chat(make_chat: MakeChat) -> Chat:
    """The chat system with default settings on fresh tables."""
    return make_chat()
