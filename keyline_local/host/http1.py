"""A lean HTTP/1.1 server on loopback for the two hot paths: the Runtime API and the guard.

httptools (Node's parser) reads the bytes; what is left here is one request at a time per
connection, keep-alive and `Expect: 100-continue`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

import httptools

from keyline_local.host.process import LOOPBACK

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Request:
    """One whole request; header names are lower-case."""

    method: str = ""
    target: str = ""
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""


Handler = Callable[[Request], bytes | asyncio.Future[bytes]]
"""Returns the response's bytes, head included, or what will be them."""


def response(
    status: int, body: bytes = b"", content_type: str = "application/json", **headers: str
) -> bytes:
    """Render a response; underscores in header names stand for hyphens."""
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


_FAILED = response(500, b'{"message":"internal error"}')


class Server:
    """Serves `handler` on a loopback port of its own.

    A future that the handler returned is cancelled when the client goes away.
    """

    def __init__(self, handler: Handler, port: int = 0) -> None:
        self.handler = handler
        self.port = port
        self.connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self), LOOPBACK, self.port, backlog=512
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in tuple(self.connections):
            connection.close()


class _Connection(asyncio.Protocol):
    """One client connection; httptools calls the `on_…` methods while it parses."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._parser = httptools.HttpRequestParser(self)
        self._pending: deque[tuple[Request, bool]] = deque()
        self._answer: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows for mypy
        self._transport = transport
        self._server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self)
        if self._answer is not None:
            self._answer.cancel()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._write(response(400, b'{"message":"malformed HTTP request"}'))
            self.close()

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        if self._headers.get(b"expect", b"").lower() == b"100-continue":
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        request = Request(
            self._parser.get_method().decode("ascii"),
            self._url.decode("latin-1"),
            self._headers,
            b"".join(self._body),
        )
        self._pending.append((request, self._parser.should_keep_alive()))
        if self._answer is None:
            self._answer_pending()

    def _answer_pending(self) -> None:
        while self._pending:
            request, _ = self._pending[0]
            try:
                answer = self._server.handler(request)
            except Exception:  # noqa: BLE001 - one request must not end the server
                _log.exception("%s %s failed", request.method, request.target)
                answer = _FAILED
            if isinstance(answer, asyncio.Future):
                self._answer = answer
                answer.add_done_callback(self._answered)
                return
            self._finish(answer)

    def _answered(self, answer: asyncio.Future[bytes]) -> None:
        self._answer = None
        if answer.cancelled():
            self.close()
            return
        error = answer.exception()
        if error is not None:
            _log.error("%s failed", self._pending[0][0].target, exc_info=error)
        self._finish(_FAILED if error is not None else answer.result())
        self._answer_pending()

    def _finish(self, answer: bytes) -> None:
        _, keep_alive = self._pending.popleft()
        self._write(answer)
        if not keep_alive and self._transport is not None:
            self._transport.close()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)
