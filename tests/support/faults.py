"""A proxy before the engine that makes real requests fail, in the ways that DynamoDB's do."""

from __future__ import annotations

import contextlib
import http.client
import random
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"


class Fault(StrEnum):
    """The fate of a request.

    The proxy can do those up to `LATE`, and `SLOW`. `tests.support.protocols.network` can do all
    of them but `HANGS`.
    """

    UNSENT = "unsent"
    """The connection ends before the engine has seen it."""
    LOST = "lost"
    """The engine carries it out, and the answer never arrives."""
    THROTTLED = "throttled"
    """It is refused for its throughput."""
    HANGS = "hangs"
    """No answer comes for as long as the client waits."""
    FAILED = "failed"
    """The engine carries it out, and the answer is that the service is at fault."""
    CUT = "cut"
    """The engine carries it out, and the answer ends before its length."""
    DAMAGED = "damaged"
    """The engine carries it out, and the answer has another checksum."""
    LATE = "late"
    """The client stops waiting, and the engine carries it out after newer requests."""
    WAITS = "waits"
    """Others act before the engine carries it out."""
    SLOW = "slow"
    """Others act after the engine has carried it out, and before its answer arrives. Of the proxy
    it is a pause before the answer."""
    KILLED = "killed"
    """The process ends before the engine has seen it."""
    KILLED_AFTER = "killed after"
    """The process ends after the engine has carried it out."""


KINDS = (Fault.UNSENT, Fault.LOST, Fault.THROTTLED)
UNREACHED = (Fault.UNSENT, Fault.THROTTLED, Fault.HANGS, Fault.LATE)
"""What keeps a request from the engine."""
FAILURE = (
    b'{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"It failed."}'
)
"""The answer of a service that is at fault."""
REFUSAL = (
    b'{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",'
    b'"message":"The level of configured provisioned throughput was exceeded."}'
)
"""The answer to a request that is throttled."""


SLOW_SECONDS = 0.02
"""How late a slow answer is."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # clients connect again after each fault, many of them at once


class FaultProxy:
    """The plan of a fault proxy for requests; safe to change while they come.

    Attributes
    ----------
    share
        Which share of the requests fails, 0 to 1, in each of `kinds` equally often.
    script
        What happens to the next requests, before any share; None lets one through.
    only
        The operations that may fail; all where empty.
    passed, failed
        Requests by operation; those that failed by their fault as well.
    meanwhile
        What somebody else does once, between the next request that fails and the client's next
        attempt.
    """

    def __init__(self, engine: str, seed: int = 0) -> None:
        split = urlsplit(engine)
        self._engine = split.hostname or LOOPBACK, split.port or 80
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self.share = 0.0
        self.kinds: tuple[Fault, ...] = KINDS
        self.script: deque[Fault | None] = deque()
        self.only: frozenset[str] = frozenset()
        self.passed: Counter[str] = Counter()
        self.failed: Counter[tuple[Fault, str]] = Counter()
        self.meanwhile: Callable[[], object] | None = None
        self.released = threading.Event()
        self._late: deque[tuple[str, bytes, dict[str, str]]] = deque()
        self._server = _Server((LOOPBACK, 0), self._handler())
        self.url = f"http://{LOOPBACK}:{self._server.server_address[1]}"

    @property
    def requests(self) -> int:
        """Requests that came, whatever happened to them."""
        return self.passed.total() + self.failed.total()

    def next(self, *faults: Fault | None) -> None:
        """Say what happens to the next requests."""
        self.script.extend(faults)

    def heal(self) -> None:
        """Let all requests through from now on."""
        self.share = 0.0
        self.script.clear()

    def fate(self, operation: str) -> Fault | None:
        """Return what happens to a request."""
        with self._lock:
            fault = self._drawn(operation)
            if fault is None:
                self.passed[operation] += 1
            else:
                self.failed[fault, operation] += 1
            return fault

    def interrupt(self) -> None:
        """Let somebody else do what was to be done after a fault."""
        with self._lock:
            action, self.meanwhile = self.meanwhile, None
        if action is not None:
            action()

    def keep(self, path: str, body: bytes, headers: dict[str, str]) -> None:
        """Keep a request back."""
        self._late.append((path, body, headers))

    def deliver(self) -> list[int]:
        """Let the engine see the requests that are late; return the statuses of its answers."""
        statuses: list[int] = []
        with contextlib.closing(http.client.HTTPConnection(*self._engine, timeout=30)) as engine:
            while self._late:
                engine.request("POST", *self._late.popleft())
                answer = engine.getresponse()
                answer.read()
                statuses.append(answer.status)
        return statuses

    def _drawn(self, operation: str) -> Fault | None:
        if self.only and operation not in self.only:
            return None
        if self.script:
            return self.script.popleft()
        if self._random.random() < self.share:
            return self._random.choice(self.kinds)
        return None

    def serve(self) -> None:
        """Serve until it is stopped."""
        self._server.serve_forever(poll_interval=0.05)

    def stop(self) -> None:
        """End it."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1  # headers and body of an answer in one segment
            engine: http.client.HTTPConnection | None = None

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                operation = self.headers["X-Amz-Target"].rpartition(".")[2]
                fault = proxy.fate(operation)
                answer = None if fault in UNREACHED else self._ask(body)
                if fault is Fault.LATE:
                    proxy.keep(self.path, body, self._headers())
                if fault is not None:
                    proxy.interrupt()
                match fault, answer:
                    case Fault.THROTTLED, _:
                        self._answer(400, {"x-amzn-requestid": "throttled"}, REFUSAL)
                    case Fault.SLOW, (status, headers, content):
                        time.sleep(SLOW_SECONDS)
                        self._answer(status, headers, content)
                    case Fault.HANGS, _:
                        proxy.released.wait()
                        self._hang_up()
                    case Fault.FAILED, _:
                        self._answer(500, {"x-amzn-requestid": "failed"}, FAILURE)
                    case Fault.CUT, (status, headers, content):
                        self._answer(status, headers, content, cut=1)
                        self._hang_up()
                    case Fault.DAMAGED, (status, headers, content):
                        kept = {k: v for k, v in headers.items() if k.lower() != "x-amz-crc32"}
                        self._answer(status, {**kept, "x-amz-crc32": "1"}, content)
                    case None, (status, headers, content):
                        self._answer(status, headers, content)
                    case _:
                        self._hang_up()

            def _ask(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
                if self.engine is None:
                    self.engine = http.client.HTTPConnection(*proxy._engine, timeout=30)
                    self.engine.connect()
                    self.engine.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.engine.request("POST", self.path, body, self._headers())
                answer = self.engine.getresponse()
                return answer.status, dict(answer.headers.items()), answer.read()

            def _headers(self) -> dict[str, str]:
                return {k: v for k, v in self.headers.items() if k.lower() != "connection"}

            def _answer(
                self, status: int, headers: dict[str, str], body: bytes, cut: int = 0
            ) -> None:
                self.send_response_only(status)
                dropped = {"content-length", "connection", "transfer-encoding", "keep-alive"}
                for name, value in headers.items():
                    if name.lower() not in dropped:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) - cut])
                self.wfile.flush()

            def _hang_up(self) -> None:
                self.close_connection = True
                with contextlib.suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)

            def finish(self) -> None:
                if self.engine is not None:
                    self.engine.close()
                with contextlib.suppress(OSError):
                    super().finish()

        return Handler


@contextlib.contextmanager
def fault_proxy(engine: str, seed: int = 0) -> Iterator[FaultProxy]:
    """Yield a proxy that lets all through until it is told otherwise."""
    proxy = FaultProxy(engine, seed)
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.stop()
        thread.join()
