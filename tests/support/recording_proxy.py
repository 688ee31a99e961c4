"""A proxy that notes who asks for what, and lets nothing through."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"
_REFUSAL = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass
class RecordingProxy:
    """A proxy, and the first lines of the requests that it got.

    Attributes
    ----------
    variables
        The environment variables that name it to a process, in both cases of letters.
    """

    url: str
    asked: list[str] = field(default_factory=list)

    @property
    def variables(self) -> dict[str, str]:
        names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        return {name: self.url for each in names for name in (each, each.lower())}


@contextmanager
def recording_proxy() -> Iterator[RecordingProxy]:
    """Run a proxy."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            proxy.asked.append(self.rfile.readline().decode(errors="replace").strip())
            self.wfile.write(_REFUSAL)

    with socketserver.ThreadingTCPServer((LOOPBACK, 0), Handler) as server:
        server.daemon_threads = True
        proxy = RecordingProxy(f"http://{LOOPBACK}:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
