"""An HTTP server that answers each request with the bytes that a test says."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from zlib import crc32

LOOPBACK = "127.0.0.1"
Step = bytes | Callable[[socket.socket], None]
"""What a request is answered with, or what is done with its connection; that closes it."""
ITEM = b'{"Item":{"id":{"S":"a"}},"ConsumedCapacity":{"TableName":"t","CapacityUnits":0.5}}'


def reply(
    body: bytes = ITEM, status: int = 200, headers: Mapping[str, str | None] | None = None
) -> bytes:
    """Return a response of DynamoDB; a header that is None is left out."""
    said: dict[str, str | None] = {
        "Content-Type": "application/x-amz-json-1.0",
        "Content-Length": str(len(body)),
        "x-amzn-RequestId": "request",
        "x-amz-crc32": str(crc32(body)),
        **(headers or {}),
    }
    lines = [f"{name}: {value}" for name, value in said.items() if value is not None]
    return "\r\n".join([f"HTTP/1.1 {status} Said", *lines, "", ""]).encode() + body


def refusal(code: str, status: int = 400) -> bytes:
    """DynamoDB's refusal of a request."""
    kind = f"com.amazonaws.dynamodb.v20120810#{code}"
    return reply(json.dumps({"__type": kind, "message": "said"}).encode(), status)


def chunked(body: bytes = ITEM, size: int = 10) -> bytes:
    """Return a response in chunks."""
    named = {"Content-Length": None, "Transfer-Encoding": "chunked"}
    head = reply(body, headers=named).partition(b"\r\n\r\n")[0]
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return head + b"\r\n\r\n" + chunks + b"0\r\n\r\n"


def close(_: socket.socket) -> None:
    """Answer nothing."""


def dribble(answer: bytes) -> Step:
    """Answer a few bytes at a time."""

    def step(connection: socket.socket) -> None:
        for at in range(0, len(answer), 17):
            connection.sendall(answer[at : at + 17])
            time.sleep(0.0005)

    return step


def hang(connection: socket.socket) -> None:
    """Answer nothing until the client goes."""
    with contextlib.suppress(OSError):
        connection.recv(1)


class Scripted:
    """A server and what it saw.

    Attributes
    ----------
    steps
        What the next requests are answered with.
    answer
        What a request's body is answered with where no step is left.
    requests
        What came: the head, and the body.
    connections, closed
        How many connections were opened, and how many of them the server has closed.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.steps: deque[Step] = deque()
        self.answer: Callable[[bytes], bytes] = lambda _: reply()
        self.requests: list[tuple[bytes, bytes]] = []
        self.connections = self.closed = 0
        self._tls = tls
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://{'localhost' if tls else LOOPBACK}:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def header(self, name: str) -> list[str]:
        """Return the values of a header, by request; an empty text where it is missing."""
        found = []
        for head, _ in self.requests:
            lines = [line.partition(b": ") for line in head.split(b"\r\n")]
            said = [value for key, _, value in lines if key.lower() == name.lower().encode()]
            found.append(said[0].decode() if said else "")
        return found

    def close(self) -> None:
        """Take no more connections."""
        with contextlib.suppress(OSError):  # it is closed already
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                opened, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(opened,), daemon=True).start()

    def _serve(self, opened: socket.socket) -> None:
        self._answer(opened)
        self.closed += 1

    def _answer(self, opened: socket.socket) -> None:
        with contextlib.suppress(OSError), opened:
            connection = self._tls.wrap_socket(opened, server_side=True) if self._tls else opened
            data = b""
            while True:
                while b"\r\n\r\n" not in data:
                    more = connection.recv(65536)
                    if not more:
                        return
                    data += more
                head, _, data = data.partition(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                while len(data) < length:
                    data += connection.recv(65536)
                body, data = data[:length], data[length:]
                self.requests.append((head, body))
                step = self.steps.popleft() if self.steps else self.answer(body)
                if not isinstance(step, bytes):
                    step(connection)
                    return
                connection.sendall(step)


@contextlib.contextmanager
def scripted(tls: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    """Run such a server."""
    server = Scripted(tls)
    try:
        yield server
    finally:
        server.close()
