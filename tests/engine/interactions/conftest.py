"""An engine with the interactions system's tables as the synthesized template has them."""

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

from interactions.history import History
from interactions.rate_limit import DynamoRateLimiter
from interactions.repository import DynamoStore
from interactions.settings import Settings
from interactions.system import SYSTEM
from interactions.tables import Check, Session
from keyline.run import Store, UniqueClock, dynamodb_client
from keyline.run.meter import PROCESS, Meter
from tests.support.engine import admin_client, running_engine, where
from tests.support.tables import created, of_template
from tests.templates import resources, shipped
from tests.unit.keyline.http.events import Context, event

TABLE = "AWS::DynamoDB::GlobalTable"
ADDRESS = "192.0.2.1"
"""Where the tests' requests come from unless they say otherwise."""
_environments = itertools.count(1)
_run = uuid.uuid4().hex[:8]


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """Where the engine listens."""
    with running_engine() as url:
        yield url


@pytest.fixture(scope="session")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """CreateTable's parameters of the system's tables, from the template of `local`."""
    stacks = shipped("local", tmp_path_factory.mktemp("synth"))
    template = stacks["interactions-data-local"].template
    return [of_template(properties) for properties in resources(template, TABLE).values()]


@dataclass
class Mediphant:
    """The interactions system on an engine, with tables of its own."""

    endpoint: str
    environment: str
    settings: Settings
    monkeypatch: pytest.MonkeyPatch

    def __post_init__(self) -> None:
        self.meter = Meter()
        self.dynamodb = admin_client(self.endpoint)
        self.client = dynamodb_client(**where(self.endpoint), read_timeout=10)
        self.store = Store(
            system=SYSTEM,
            environment=self.environment,
            settings=self.settings,
            client=self.client,
            meter=self.meter,
            measure_sizes=True,
        )
        self.repository = DynamoStore(self.store, self.settings)
        self.history = self.at_clock(UniqueClock())

    def at_clock(self, clock: UniqueClock) -> History:
        """The history of a process with this clock."""
        return History(self.repository, self.settings, clock)

    def at_ms(self, moment: float) -> History:
        """The history of a process whose clock stands still, at an epoch ms."""
        return self.at_clock(UniqueClock(lambda: round(moment * 1_000_000)))

    def limiter(self, now: float) -> DynamoRateLimiter:
        """A rate limiter of another process, at an epoch second."""
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
        """The HTTP API of a function, imported as in a new process of that function."""
        values = {
            "AWS_ENDPOINT_URL_DYNAMODB": self.endpoint,
            "AWS_REGION": self.dynamodb.meta.region_name,
            "KEYLINE_SYSTEM": SYSTEM.name,
            "KEYLINE_ENV": self.environment,
            "KEYLINE_FUNCTION": function,
            "KEYLINE_SETTINGS": msgspec.json.encode(self.settings).decode(),
            "KEYLINE_CURSOR_SECRET": "a secret of the tests",
            "KEYLINE_MEASURE_SIZES": "1",
            "POWERTOOLS_SERVICE_NAME": SYSTEM.name,
            **environ,
        }
        for name, value in values.items():
            self.monkeypatch.setenv(name, value)
        PROCESS.flush()
        handlers = f"{SYSTEM.name}.handlers"
        for name in [n for n in sys.modules if n == "interactions.context" or handlers in n]:
            del sys.modules[name]
        return Api(importlib.import_module(SYSTEM.function(function).handler.rpartition(".")[0]))

    def rows(self, kind: str = "") -> list[dict[str, Any]]:
        """Every item of the data table, or those of a kind, as stored."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.table_name)
        items = [item for page in pages for item in page["Items"]]
        return [item for item in items if kind in ("", item["EntityType"]["S"])]

    @property
    def table_name(self) -> str:
        """The data table's deployed name."""
        return SYSTEM.table("mediphant-data").physical_name(self.environment)


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
        answer = self.module.handler(request, Context())
        text = answer.get("body") or ""
        headers = {name.lower(): value for name, value in (answer.get("headers") or {}).items()}
        for name, values in (answer.get("multiValueHeaders") or {}).items():
            headers[name.lower()] = values[0]
        return Answer(answer["statusCode"], headers, msgspec.json.decode(text) if text else None)


MakeMediphant = Callable[..., Mediphant]


@pytest.fixture
def make_mediphant(
    endpoint: str, definitions: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[MakeMediphant]:
    """Make the interactions system on fresh tables, with some settings of its own."""
    with contextlib.ExitStack() as made:

        def make(**settings: Any) -> Mediphant:
            environment = f"{_run}-{next(_environments)}"
            system = Mediphant(
                endpoint, environment, msgspec.convert(settings, Settings), monkeypatch
            )
            tables = [
                {**it, "TableName": it["TableName"].removesuffix("-local") + f"-{environment}"}
                for it in definitions
            ]
            made.enter_context(created(system.dynamodb, tables))
            return system

        yield make


@pytest.fixture
def mediphant(make_mediphant: MakeMediphant) -> Mediphant:
    """The interactions system with default settings on fresh tables."""
    return make_mediphant()
