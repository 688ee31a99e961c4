"""The project's own token issuer, served beside the tests."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

from keyline_local import Issuer
from keyline_local.testing import LOOPBACK, Listener, free_port


@contextlib.contextmanager
def running_issuer(folder: Path) -> Iterator[Issuer]:
    """Serve an issuer on a free loopback port, in a thread of its own."""
    port = free_port()
    issuer = Issuer(f"http://{LOOPBACK}:{port}", folder)
    listener = Listener(issuer.app(), port)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="issuer")
    thread.start()

    def run(work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, loop).result(20)

    try:
        run(listener.start())
        yield issuer
        run(listener.stop())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
