"""An engine with the reports system's tables as the synthesized template has them."""

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

from keyline.run import Store, dynamodb_client
from keyline.run.meter import PROCESS, Meter
from reports.settings import Settings
from reports.system import SYSTEM
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
    """CreateTable's parameters of the system's tables, from the template of `local`."""
    stacks = shipped("local", tmp_path_factory.mktemp("synth"))
    template = stacks["reports-data-local"].template
    return [of_template(properties) for properties in resources(template, TABLE).values()]


@dataclass
class Reports:
    """The reports system on an engine, with tables of its own."""

    endpoint: str
    environment: str
    settings: Settings
    monkeypatch: pytest.MonkeyPatch

    def __post_init__(self) -> None:
        self.meter = Meter()
        self.dynamodb = admin_client(self.endpoint)
        self.store = Store(
            system=SYSTEM,
            environment=self.environment,
            settings=self.settings,
            client=dynamodb_client(**where(self.endpoint), read_timeout=10),
            meter=self.meter,
            measure_sizes=True,
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
            "POWERTOOLS_SERVICE_NAME": f"reports-{function}",
            **environ,
        }
        for name, value in values.items():
            self.monkeypatch.setenv(name, value)
        PROCESS.flush()
        for name in [
            n for n in sys.modules if n == "reports.context" or n.startswith("reports.handlers")
        ]:
            del sys.modules[name]
        handler = SYSTEM.function(function).handler
        return Api(importlib.import_module(handler.rpartition(".")[0]))

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
        path: dict[str, str] | None = None,
        *,
        query: str = "",
        body: Any = None,
        user: str | None = "ada",
        claims: Mapping[str, str] | None = None,
        **raw: Any,
    ) -> Answer:
        """Call a route as a user, with further claims; as None without a token."""
        all_claims = None if user is None else {"sub": user, **(claims or {})}
        request = event(route, path, query, body, claims=all_claims, **raw)
        answer = self.module.handler(request, Context())
        text = answer.get("body") or ""
        headers = {name.lower(): value for name, value in (answer.get("headers") or {}).items()}
        for name, values in (answer.get("multiValueHeaders") or {}).items():
            headers[name.lower()] = values[0]
        return Answer(answer["statusCode"], headers, msgspec.json.decode(text) if text else None)


MakeReports = Callable[..., Reports]


@pytest.fixture
def make_reports(
    endpoint: str, definitions: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[MakeReports]:
    """Make the reports system on fresh tables, with some settings of its own."""
    with contextlib.ExitStack() as made:

        def make(**settings: Any) -> Reports:
            environment = f"{_run}-{next(_environments)}"
            system = Reports(
                endpoint, environment, msgspec.convert(settings, Settings), monkeypatch
            )
            tables = [
                {**it, "TableName": it["TableName"].removesuffix("local") + environment}
                for it in definitions
            ]
            made.enter_context(created(system.dynamodb, tables))
            return system

        yield make


@pytest.fixture
def reports(make_reports: MakeReports) -> Reports:
    """The reports system with default settings on fresh tables."""
    return make_reports()
