"""Apps of other teams, as they are, on the platform: nothing in them knows of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from keyline_deploy.project import ROOT
from keyline_local.platform import Platform
from tests.keyline_local.foreign_apps import events_app, plain_template, synthesized

pytestmark = pytest.mark.xdist_group("foreign apps")


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return synthesized(tmp_path_factory.mktemp("foreign"))


@asynccontextmanager
async def running(assembly: Path, state: Path, **more: Any) -> AsyncIterator[Platform]:
    async with Platform(root=ROOT, assembly=assembly, state=state, **more) as platform:
        yield platform


async def eventually(ask: Callable[[], Awaitable[Any]]) -> Any:
    """Ask until there is an answer; the timeout of the test ends it otherwise."""
    while not (found := await ask()):
        await asyncio.sleep(0.05)
    return found


def test_a_template_with_inline_code_runs_with_the_sdk_of_the_runtime(tmp_path: Path) -> None:
    async def run() -> None:
        assembly, parameters = plain_template(tmp_path), {"Stage": "dev"}
        async with running(assembly, tmp_path / "state", parameters=parameters) as platform:
            name = platform.deployment.outputs["visits.Name"]
            for visits in (1, 2):
                done = await platform.invoke(name, {"page": "home"})
                assert done.function_error is None, done.payload
                assert done.payload == b'{"visits": %d, "stage": "dev"}' % visits
            (scheduled,) = await platform.run_schedule("Daily")
            assert scheduled.payload == b'{"visits": 1, "stage": "dev"}'
            assert {*platform.deployment.skipped} == {"AWS::EC2::VPC", "AWS::EC2::Subnet"}

    asyncio.run(run())


def test_a_rest_api_with_a_queue_and_a_topic_runs(apps: tuple[Path, Path], tmp_path: Path) -> None:
    async def run() -> None:
        async with (
            running(apps[0], tmp_path / "state") as platform,
            httpx.AsyncClient(trust_env=False, timeout=60) as http,
        ):
            (endpoint,) = [v for k, v in platform.deployment.outputs.items() if "Endpoint" in k]
            assert endpoint == f"{platform.gateways[0].url}/"

            async def found(order: str) -> Any:
                answer = await http.get(f"{endpoint}orders/{order}")
                return answer.json() if answer.status_code == 200 else None

            sent = await http.post(f"{endpoint}orders/a", json={"id": "a"})
            assert (sent.status_code, sent.json()) == (202, {"customer": {"id": "a"}})
            await http.post(f"{endpoint}orders/b", json={"id": "b", "bad_until": 1})
            await eventually(lambda: found("a"))
            await eventually(lambda: found("told-a"))
            await eventually(lambda: found("audited-a"))
            assert int((await eventually(lambda: found("b")))["tries"]) > 1
            missing = await http.get(f"{endpoint}other")
            assert (missing.status_code, missing.json()) == (
                403,
                {"message": "Missing Authentication Token"},
            )
            preflight = await http.options(f"{endpoint}orders/a")
            assert preflight.status_code == 204
            assert preflight.headers["access-control-allow-origin"] == "*"

    asyncio.run(run())


def test_an_http_api_with_a_stream_runs_out_of_a_stage(
    apps: tuple[Path, Path], tmp_path: Path
) -> None:
    async def run() -> None:
        async with (
            running(apps[1], tmp_path / "state") as platform,
            httpx.AsyncClient(trust_env=False, timeout=60) as http,
        ):
            url = platform.gateways[0].url
            stored = await http.put(f"{url}/notes/x", content="hello")
            assert stored.json() == {"stored": True}

            async def copied() -> Any:
                return (await http.get(f"{url}/notes/copy-x")).json()

            assert await eventually(copied) == {"id": "copy-x", "text": "hello"}

    asyncio.run(run())


def test_a_bucket_and_an_event_bus_and_a_schedule_reach_functions(tmp_path: Path) -> None:
    async def run() -> None:
        async with running(events_app(tmp_path), tmp_path / "state") as platform:
            by_id = {each.logical_id[:-8]: each.name for each in platform.deployment.functions}
            table = platform.deployment.tables[0].name

            def ids() -> set[str]:
                items = platform.dynamodb().scan(TableName=table)["Items"]
                return {item["id"]["S"] for item in items}

            for key in ("in/a.txt", "in/b.png"):
                done = await platform.invoke(by_id["Upload"], {"key": key})
                assert done.function_error is None, done.payload
            message = {"MessageBody": json.dumps({"detail": {"key": "by a route"}})}
            async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
                (queued,) = [each for each in platform.gateways if each.api.name == "Http"]
                sent = await http.post(f"{queued.url}/queued", json=message)
                assert sent.status_code == 200, sent.text
                put = await http.post(f"{platform.deployment.outputs['Events.Url']}out/c.txt")
                assert put.status_code == 200, put.text
            expected = {"noted in/a.txt", "queued in/a.txt", "queued by a route"}
            expected |= {f"bridged {key}" for key in ("in/a.txt", "in/b.png", "out/c.txt")}

            async def all_there() -> bool:
                return expected <= await asyncio.to_thread(ids)

            await eventually(all_there)
            (scheduled,) = await platform.run_schedule("daily")
            assert scheduled.function_error is None, scheduled.payload
            due = platform.schedules.next_runs()["daily"]
            assert due is not None
            assert due.astimezone(ZoneInfo("Europe/Madrid")).hour == 9
            assert await asyncio.to_thread(ids) == expected | {"scheduled"}

    asyncio.run(run())
