"""Test what the HTTP client of the platform looks for while it sends."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

import httpx
import pytest

from keyline_local.host.http1 import Server, response


class _Watching:
    """Notes the modules that are looked for."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        self.names.append(name)
        return None


def test_a_request_looks_for_no_module(monkeypatch: pytest.MonkeyPatch) -> None:
    watching = _Watching()

    async def ask() -> None:
        server = Server(lambda _: response(200, b"{}"))
        await server.start()
        async with httpx.AsyncClient(trust_env=False) as http:
            url = f"http://127.0.0.1:{server.port}/"
            await http.get(url)
            monkeypatch.setattr(sys, "meta_path", [watching, *sys.meta_path])
            await http.get(url)
        await server.stop()

    asyncio.run(ask())
    assert watching.names == []
