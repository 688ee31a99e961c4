"""The embedded engine for tests and benchmarks: in memory, on a free loopback port."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

_BINARY = Path(__file__).parents[2] / "node_modules" / "@dynoxide" / "linux-x64" / "dynoxide"
CREDENTIALS = ("local", "local")
REGION = "us-east-1"


@contextlib.contextmanager
def running_engine() -> Iterator[str]:
    """Start an engine, give its URL, and stop it however the block ends."""
    port = _free_port()
    process = subprocess.Popen(
        [str(_BINARY), "serve", "--port", str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _until_it_listens(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the engine ended with code {process.returncode}")
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.02)
    raise RuntimeError("the engine did not listen in 20 s")
