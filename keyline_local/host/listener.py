"""An ASGI application on a loopback port, inside the platform's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Generator

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from keyline_local.host.part import Part
from keyline_local.host.process import LOOPBACK

REQUEST_SECONDS = 30.0
"""How long a client may take for a request, from the connection or from the answer before it."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave the signals alone: the platform stops all its listeners itself."""
        yield


class _Connection(H11Protocol):
    """A connection of HTTP/1.1 that ends if a request does not come whole in time.

    h11 reads the body of a request that asks for another protocol too, and refuses a transfer
    coding other than chunked. httptools, which uvicorn prefers, does neither.
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows for mypy
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        super().handle_events()
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            self._watch()
        else:
            self._unwatch()

    def _should_upgrade(self) -> bool:
        """Ignore `Upgrade`, as a server may (RFC 9110, section 7.8) and an HTTP API does."""
        return False

    def _watch(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(REQUEST_SECONDS, self.transport.close)

    def _unwatch(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class Listener(Part):
    """uvicorn serving `app`; `port` 0 takes a free one, known once started.

    Raises
    ------
    OSError
        On start, when the port is taken.
    """

    def __init__(self, app: ASGIApp, port: int = 0) -> None:
        self.port = port
        config = uvicorn.Config(
            app,
            http=_Connection,
            ws="none",
            lifespan="off",
            interface="asgi3",
            proxy_headers=False,
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    async def start(self) -> None:
        # With the protocol named, asyncio sets TCP_NODELAY; without it a response of two
        # writes waits 40 ms for the client's delayed acknowledgement.
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((LOOPBACK, self.port))
        except OSError:
            listening.close()
            raise
        self.port = listening.getsockname()[1]
        self._task = asyncio.create_task(self._server.serve(sockets=[listening]))
        while not self._server.started and not self._task.done():
            await asyncio.sleep(0.005)
        if self._task.done():
            await self._task

    async def stop(self) -> None:
        if self._task is not None:
            self._server.should_exit = True
            await self._task
