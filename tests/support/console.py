"""The console of a platform that runs nothing but an engine."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
from starlette.applications import Starlette

from keyline import variables
from keyline.model import Function, System, Table, access_of, function_name
from keyline_deploy.alarms import State
from keyline_deploy.environment import load
from keyline_deploy.project import ROOT
from keyline_ops.console.app import Console
from tests.support.sample.shop import LARGE
from tests.support.tables import create_table_params

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/"
URL = "http://127.0.0.1:18769"
AT = datetime(2026, 1, 1, tzinfo=UTC)


def platform(system: System = LARGE, engine: str = "http://127.0.0.1:1") -> Any:
    """Return what the console sees of a platform that runs the functions of a system."""
    deployment = SimpleNamespace(
        environment="local",
        region="us-east-1",
        tables=[_table(table) for table in system.tables],
        functions=[_function(system, function) for function in system.functions],
    )
    status = SimpleNamespace(
        apis=[SimpleNamespace(name="a<b", title="Orders & <more>", url=URL, pages={"docs": "/d"})],
        engine=engine,
        aws="http://127.0.0.1:2",
        tables=[table.name for table in deployment.tables],
        functions=[function.name for function in deployment.functions],
        streams=[],
        schedules={"daily": AT, "once": None},
        alarms=[],
        faults=[],
        time=AT,
    )
    return SimpleNamespace(
        deployment=deployment,
        endpoints=SimpleNamespace(engine=engine, issuer=URL),
        status=lambda: status,
        logs=SimpleNamespace(lines=[]),
        alarms=lambda: status.alarms,
        event_sources=Sources(),
    )


class Sources:
    """The stream consumers of a platform, and the records of every stream."""

    def __init__(self) -> None:
        self.of_table: dict[str, list[Any]] = {}
        self.records: list[Mapping[str, Any]] = []

    def consumers(self, table: str) -> Sequence[Any]:
        return self.of_table.get(table, [])

    async def look(self, table: str, count: int, first: str | None) -> Sequence[Any]:
        begin = int(first) if first else max(len(self.records) - count + 1, 1)
        return self.records[begin - 1 :][:count]


def alarm(name: str, state: State, **more: Any) -> Any:
    """Return an alarm in a state."""
    told = {"since": None, "told": None, "runbook": "", "when": "> 0", "meaning": "", "reason": ""}
    return SimpleNamespace(**{"stack": "Orders", "name": name, "state": state, **told, **more})


def _table(table: Table) -> Any:
    name = table.physical_name("local")
    stream = {"StreamSpecification": {"StreamEnabled": True}} if table.stream else {}
    create = create_table_params(table, "local") | stream
    return SimpleNamespace(name=name, arn=ARN + name, create=create)


def _function(system: System, function: Function) -> Any:
    statements = [
        SimpleNamespace(
            effect="Allow",
            actions=[f"dynamodb:{each.action}"],
            resources=[_arn(system, each.table, each.index)],
            conditions={},
        )
        for each in sorted(access_of(function.patterns))
    ]
    return SimpleNamespace(
        name=function_name(system.name, function.name, "local"),
        handler=function.handler,
        statements=statements,
        environment={variables.SYSTEM: system.name},
    )


def _arn(system: System, table: str, index: str) -> str:
    return ARN + system.table(table).physical_name("local") + (f"/index/{index}" if index else "")


def console(of: Any = None, systems: Sequence[System] = (LARGE,), root: Path = ROOT) -> Starlette:
    """Return the console of a platform as an app; of no platform in particular, the same one."""
    return _app(of, systems, root) if of or systems != (LARGE,) or root != ROOT else _plain()


@cache
def _plain() -> Starlette:
    return _app(None, (LARGE,), ROOT)


def _app(of: Any, systems: Sequence[System], root: Path) -> Starlette:
    return Starlette(routes=Console(of or platform(), load("local"), systems, root).routes())


def answer(app: Starlette, path: str, *, method: str = "GET", **more: Any) -> httpx.Response:
    """Return what the console answers."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=URL) as http:
            return await http.request(method, path, **more)

    return asyncio.run(ask())


def asked(pattern: str, values: Mapping[str, Any], system: System = LARGE) -> tuple[str, Any]:
    """Return the address of a pattern's page, and the query that runs it."""
    return f"/patterns/{system.name}/{pattern}", {**values, "run": "1"}
