"""Test how a child process is ended."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Awaitable
from pathlib import Path

import pytest

from keyline_local.host.errors import LocalPlatformError
from keyline_local.host.process import LOOPBACK, Child, free_port, require_free

SLEEPS = "import time; time.sleep(60)"


def test_a_child_that_ends_at_the_end_of_its_grace_is_not_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def is_ready() -> bool:
        return True

    async def too_late(waits: Awaitable[object], _: float) -> None:
        await waits
        await asyncio.sleep(0.05)  # the transport has closed
        raise TimeoutError

    async def start_and_stop() -> int | None:
        child = Child(
            name="a child",
            command=[sys.executable, "-c", SLEEPS],
            port=free_port(),
            probe=is_ready,
            log=tmp_path / "log",
        )
        await child.start()
        monkeypatch.setattr(asyncio, "wait_for", too_late)
        await child.stop()
        return child.pid

    assert asyncio.run(start_and_stop()) is None


def test_a_port_that_a_connection_has_is_refused_and_free_again_after_it() -> None:
    with socket.socket() as server, socket.socket() as connection:
        server.bind((LOOPBACK, 0))
        server.listen()
        connection.connect(server.getsockname())
        port = connection.getsockname()[1]
        with pytest.raises(LocalPlatformError, match="the port the engine needs is taken"):
            require_free(port, "the engine")
    require_free(port, "the engine")
