"""A server in front of an engine that keeps what is asked of DynamoDB."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_LOOPBACK = "127.0.0.1"
Call = tuple[str, dict[str, Any]]
"""An operation as boto3 names it, and its parameters."""


@dataclass
class Recorder:
    """The calls since the last time that they were taken.

    Attributes
    ----------
    url
        Where DynamoDB is asked.
    """

    url: str = ""
    _calls: list[Call] = field(default_factory=list)

    def note(self, target: str, body: bytes) -> None:
        """Keep a call."""
        operation = target.rpartition(".")[2]
        self._calls.append((re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower(), json.loads(body)))

    def take(self) -> list[Call]:
        """Return what was kept, and keep it no more."""
        taken, self._calls = self._calls, []
        return taken


@contextmanager
def recorder(engine: str) -> Iterator[Recorder]:
    """Run a recorder in front of an engine."""
    where, found = urlsplit(engine).netloc, Recorder()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.note(self.headers["X-Amz-Target"], body)
            onward = HTTPConnection(where)
            onward.request("POST", "/", body, dict(self.headers))
            answer = onward.getresponse()
            said = answer.read()
            onward.close()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in {"connection", "content-length", "date", "server"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer((_LOOPBACK, 0), Handler) as server:
        server.daemon_threads = True
        found.url = f"http://{_LOOPBACK}:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()
