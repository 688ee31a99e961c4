"""A shipped system on an engine: its tables as deployed, its functions as in their processes."""

from __future__ import annotations

import contextlib
import importlib
import itertools
import json
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Generic, TypeVar

import msgspec
import pytest

from keyline.model import Access, System
from keyline.run import Client, Connection, Meter, Reply, Store, UniqueClock, dynamodb_client
from keyline.run.meter import PROCESS
from keyline_deploy.names import stack_id, stack_name
from tests.support.engine import admin_client, where
from tests.support.events import Context
from tests.support.tables import created, of_template
from tests.support.templates import resources

SettingsT = TypeVar("SettingsT", bound=msgspec.Struct)

_TABLE = "AWS::DynamoDB::GlobalTable"
_TRANSACTED = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
_environments = itertools.count(1)
_run = uuid.uuid4().hex[:8]


def definitions_of(system: System, assembly: Path) -> list[dict[str, Any]]:
    """CreateTable's parameters of a system's tables, from the template of `local`."""
    file = assembly / f"{stack_id(stack_name(system.name, 'data', 'local'))}.template.json"
    template = json.loads(file.read_text())
    return [of_template(properties) for properties in resources(template, _TABLE).values()]


@contextlib.contextmanager
def fresh_tables(endpoint: str, definitions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the name of a new environment that has these tables, empty."""
    environment = f"{_run}-{next(_environments)}"
    tables = [
        {**it, "TableName": it["TableName"].removesuffix("-local") + f"-{environment}"}
        for it in definitions
    ]
    with created(endpoint, tables):
        yield environment


@dataclass
class OnEngine(Generic[SettingsT]):
    """A system on an engine, with tables of its own."""

    system: ClassVar[System]
    endpoint: str
    environment: str
    settings: SettingsT
    monkeypatch: pytest.MonkeyPatch

    def __post_init__(self) -> None:
        self.meter = Meter()
        self.dynamodb = admin_client(self.endpoint)
        self.client = dynamodb_client(**where(self.endpoint), read_timeout=10)
        self.store = self.store_at(UniqueClock())

    def store_at(self, clock: UniqueClock) -> Store:
        """Return a store as of a process with a clock of its own."""
        return Store(
            system=self.system,
            environment=self.environment,
            settings=self.settings,
            client=self.client,
            meter=self.meter,
            measure_sizes=True,
            unique_clock=clock,
        )

    def store_behind(self, client: Client, clock: UniqueClock) -> Store:
        """Return a store as of a process with a clock and a client of its own."""
        return Store(
            system=self.system,
            environment=self.environment,
            settings=self.settings,
            client=client,
            unique_clock=clock,
        )

    def module(self, function: str, **environ: str) -> ModuleType:
        """Return the module of a function's handler, imported as in a new process."""
        name = self.system.name
        values = {
            "AWS_ENDPOINT_URL_DYNAMODB": self.endpoint,
            "AWS_REGION": self.dynamodb.meta.region_name,
            "KEYLINE_SYSTEM": name,
            "KEYLINE_ENV": self.environment,
            "KEYLINE_FUNCTION": function,
            "KEYLINE_SETTINGS": msgspec.json.encode(self.settings).decode(),
            "KEYLINE_CURSOR_SECRET": "a secret of the tests",
            "KEYLINE_MEASURE_SIZES": "1",
            "POWERTOOLS_SERVICE_NAME": f"{name}-{function}",
            **environ,
        }
        for variable, value in values.items():
            self.monkeypatch.setenv(variable, value)
        PROCESS.flush()
        for loaded in list(sys.modules):
            if loaded == f"{name}.context" or loaded.startswith(f"{name}.handlers"):
                self.monkeypatch.delitem(sys.modules, loaded)  # back there for the next test
        return importlib.import_module(self.system.function(function).handler.rpartition(".")[0])

    def stored(self, table: str) -> list[dict[str, Any]]:
        """Return every item of a table, as stored."""
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.system.table(table).physical_name(self.environment)
        )
        return [item for page in pages for item in page["Items"]]

    def accesses(self) -> set[Access]:
        """Yield the requests of functions to the tables as they come, without the test's own."""
        names = {t.physical_name(self.environment): t.name for t in self.system.tables}
        own, send, asked = self.store._calls._connection, Connection.send, set[Access]()

        def listen(
            connection: Connection,
            operation: str,
            request: Mapping[str, Any],
            **more: Any,
        ) -> Reply:
            if connection is not own:
                for action, table, index in _accesses(operation, request):
                    asked.add(Access(action, names[table], index))
            return send(connection, operation, request, **more)

        self.monkeypatch.setattr(Connection, "send", listen)
        return asked


SystemT = TypeVar("SystemT", bound=OnEngine[Any])


def system_fixtures(
    name: str, kind: type[SystemT], settings: type[msgspec.Struct]
) -> tuple[object, object]:
    """Return two fixtures: `make_NAME`, which makes the system on new tables with some settings
    of its own, and `NAME`, the system on new tables with the default settings.
    """
    definitions = cache(partial(definitions_of, kind.system))

    @pytest.fixture(name=f"make_{name}")
    def make(
        endpoint: str, local_assembly: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[Callable[..., SystemT]]:
        with contextlib.ExitStack() as made:

            def make(**changed: Any) -> SystemT:
                environment = made.enter_context(
                    fresh_tables(endpoint, definitions(local_assembly))
                )
                return kind(endpoint, environment, msgspec.convert(changed, settings), monkeypatch)

            yield make

    @pytest.fixture(name=name)
    def one(request: pytest.FixtureRequest) -> SystemT:
        made: SystemT = request.getfixturevalue(f"make_{name}")()
        return made

    return make, one


def _accesses(operation: str, request: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield what a request asks IAM for: action, deployed table, index."""
    if operation.startswith("Transact"):
        for action in request["TransactItems"]:
            ((kind, part),) = action.items()
            yield _TRANSACTED[kind], part["TableName"], ""
    elif operation.startswith("Batch"):
        for table in request["RequestItems"]:
            yield operation, table, ""
    else:
        yield operation, request["TableName"], request.get("IndexName", "")


@dataclass(frozen=True)
class Answer:
    """The answer of an API.

    Attributes
    ----------
    size
        Bytes of the answer as the runtime of AWS sends it.
    """

    status: int
    headers: Mapping[str, str]
    body: Any
    size: int


@dataclass(frozen=True)
class HttpFunction:
    """A function behind routes."""

    module: ModuleType

    def answer(self, request: Mapping[str, Any]) -> Answer:
        """Return what it answers to an event of API Gateway."""
        answer = self.module.handler(request, Context())
        text = answer.get("body") or ""
        headers = {name.lower(): value for name, value in (answer.get("headers") or {}).items()}
        for name, values in (answer.get("multiValueHeaders") or {}).items():
            headers[name.lower()] = values[0]
        body = msgspec.json.decode(text) if text else None
        size = len(json.dumps(answer, ensure_ascii=False).encode())
        return Answer(answer["statusCode"], headers, body, size)
