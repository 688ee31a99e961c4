"""HTTP/1.1 as the listener reads it: upgrades, transfer codings, requests that never end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from starlette.types import Receive, Scope, Send

from keyline_local.host import listener
from keyline_local.host.listener import Listener
from keyline_local.host.process import LOOPBACK

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the body that came."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def talk(said: Talk) -> None:
    """Start a listener, and talk to it over a connection."""

    async def run() -> None:
        served = Listener(echo)
        await served.start()
        try:
            reader, writer = await asyncio.open_connection(LOOPBACK, served.port)
            async with asyncio.timeout(20):
                await said(reader, writer)
            writer.close()
        finally:
            await served.stop()

    asyncio.run(run())


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.splitlines()
        if line.lower().startswith(b"content-length:")
    )
    return int(head.split()[1]), await reader.readexactly(length)


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket", b"TLS/1.0, h2c"])
def test_an_upgrade_is_ignored_and_the_body_is_read(protocol: bytes) -> None:
    # curl --http2 and Java's HttpClient ask for one with every request to http://
    async def said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for text in (b'{"title":"x"}', b"again"):
            writer.write(
                b"POST / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                b"Upgrade: %b\r\nHTTP2-Settings: AAMAAABk\r\nContent-Length: %d\r\n\r\n%b"
                % (protocol, len(text), text)
            )
            assert await answer(reader) == (200, text)

    talk(said)


@pytest.mark.parametrize("coding", [b"gzip, chunked", b"gzip", b"identity", b"chunked, gzip"])
def test_a_transfer_coding_other_than_chunked_is_refused(coding: bytes) -> None:
    async def said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: %b\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            % coding
        )
        assert (await reader.readline()).split()[1] in (b"400", b"501")

    talk(said)


def test_chunks_are_put_together() -> None:
    async def said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        assert await answer(reader) == (200, b"abcde")

    talk(said)


@pytest.mark.parametrize(
    "half",
    [
        b"",
        b"POST / HTT",
        b"POST / HTTP/1.1\r\nHost: h\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc",
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\nPOST / HTTP/1.1\r\nContent-Length: 9\r\nHost: h\r\n\r\n",
    ],
)
def test_a_request_that_does_not_come_whole_ends_the_connection(
    monkeypatch: pytest.MonkeyPatch, half: bytes
) -> None:
    monkeypatch.setattr(listener, "REQUEST_SECONDS", 0.05)

    async def said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(half)
        if half.startswith(b"GET"):
            assert await answer(reader) == (200, b"")
        assert await reader.read() == b""

    talk(said)
