"""A function host and an API with tiny handlers, in an event loop of its own thread."""

from __future__ import annotations

import asyncio
import json
import textwrap
import threading
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from keyline_local.api.gateway import Gateway
from keyline_local.api.issuer import Issuer
from keyline_local.host.listener import Listener
from keyline_local.host.process import free_port
from keyline_local.lambdas.functions import Functions, Invocation
from keyline_local.resources import Api, Function
from keyline_local.services.logs import Logs

Result = TypeVar("Result")


class Host:
    """Runs the platform's parts beside the test, and stops what it started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.logs = Logs(folder / "logs")
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        self._stops: list[Callable[[], Coroutine[Any, Any, None]]] = []

    def run(self, work: Coroutine[Any, Any, Result], timeout: float = 60.0) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout)

    def function(self, source: str, name: str = "demo", **settings: Any) -> Function:
        code = self.folder / "assets" / name
        code.mkdir(parents=True)
        (code / "app.py").write_text(textwrap.dedent(source))
        function = Function(
            logical_id=name.title(),
            name=name,
            arn=f"arn:aws:lambda:us-east-1:123456789012:function:{name}",
            handler="app.handler",
            runtime="python3.13",
            code=code,
            environment={},
            timeout=10,
            memory=128,
            statements=(),
        )
        return replace(function, **settings)

    def functions(self, *functions: Function, **settings: Any) -> Functions:
        async def start() -> Functions:
            started = Functions(functions, state=self.folder / "state", logs=self.logs, **settings)
            await started.start()
            return started

        started = self.run(start())
        self._stops.append(started.stop)
        return started

    def invoke(self, functions: Functions, event: Any = None, name: str = "demo") -> Invocation:
        return self.run(functions.invoke(name, json.dumps(event).encode()))

    def gateway(self, api: Api, functions: Functions, **settings: Any) -> Gateway:
        async def start() -> Gateway:
            started = Gateway(api, functions, self.logs, **settings)
            await started.start()
            return started

        started = self.run(start())
        self._stops.append(started.stop)
        return started

    def issuer(self) -> Issuer:
        port = free_port()
        issuer = Issuer(f"http://127.0.0.1:{port}", self.folder)
        listener = Listener(issuer.app(), port)
        self.run(listener.start())
        self._stops.append(listener.stop)
        return issuer

    def stop_later(self, stop: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._stops.append(stop)

    def close(self) -> None:
        for stop in reversed(self._stops):
            self.run(stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()
        self.logs.close()
