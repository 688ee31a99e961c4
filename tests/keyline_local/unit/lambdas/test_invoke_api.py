"""Invoke without an answer: what is refused at once, and what is tried again."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import cast

import httpx
import pytest

from keyline_local.lambdas.functions import MAX_REQUEST, Functions
from keyline_local.lambdas.invoke_api import InvokeApi
from keyline_local.triggers.stream_retry import Backoff
from keyline_local.triggers.targets import Sent, Targets


class World:
    """One function, which does each time what is next."""

    def __init__(self, *does: Exception | Sent) -> None:
        self.does = deque(does)
        self.over = asyncio.Event()

    def __contains__(self, name: object) -> bool:
        return name == "f"

    async def invoke(self, name: str, payload: bytes) -> Sent:
        done = self.does.popleft()
        if not self.does:
            self.over.set()
        if isinstance(done, Exception):
            raise done
        return done


def call(world: World, body: bytes) -> int:
    targets = Targets(world, backoff=Backoff(base=0.0))

    async def run() -> int:
        async with (
            InvokeApi(lambda: cast(Functions, world), lambda: targets) as api,
            httpx.AsyncClient(trust_env=False) as http,
        ):
            url = f"{api.url}/2015-03-31/functions/f/invocations"
            headers = {"x-amz-invocation-type": "Event"}
            status = (await http.post(url, content=body, headers=headers)).status_code
            if status == 202:
                await world.over.wait()
                await asyncio.sleep(0)
            return status

    return asyncio.run(run())


def test_a_payload_that_is_too_large_is_refused_at_once() -> None:
    assert call(World(), b" " * (MAX_REQUEST + 1)) == 413


@pytest.mark.parametrize("fault", [OSError("no process"), Sent(function_error="Unhandled")])
def test_whatever_kept_a_function_from_running_it_is_tried_again(fault: Exception | Sent) -> None:
    world = World(fault, fault, Sent())
    assert call(world, b"{}") == 202
    assert not world.does
