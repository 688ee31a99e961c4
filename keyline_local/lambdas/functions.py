"""The function host: keeps environments per function and runs invocations in them."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import secrets
import shutil
import sys
import time
import uuid
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import watchfiles

from keyline_local.host.part import Part
from keyline_local.lambdas.assets import Asset, Refresh
from keyline_local.lambdas.environment import (
    Environment,
    Host,
    InitError,
    deadline_ms,
    link_runtime,
    link_sdk,
)
from keyline_local.lambdas.file_events import FileEvents
from keyline_local.lambdas.runtime_api import InvocationEnd, Work, failure
from keyline_local.resources import Function
from keyline_local.services.logs import Logs
from keyline_local.services.metric_store import MetricStore

MAX_REQUEST = 6 * 1024 * 1024
"""Bytes of a synchronous request's payload (Lambda quotas)."""
PROCESSES = min(2 + (os.cpu_count() or 1), 10)
"""Environments of a function. One that waits needs no core, and to start one takes half a second of
a core."""

_log = logging.getLogger(__name__)


class UnknownFunctionError(LookupError):
    """The name or ARN of a function that does not exist (ResourceNotFoundException, 404)."""


class ThrottledError(Exception):
    """All environments are busy and no more may be started (TooManyRequestsException, 429)."""


class PayloadTooLargeError(ValueError):
    """The payload exceeds Lambda's 6 MB (RequestTooLargeException, 413)."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """The result of one invocation.

    Attributes
    ----------
    payload
        What the handler returned, as JSON; or the error document.
    function_error
        None, or "Unhandled" as in AWS's X-Amz-Function-Error.
    lines
        What the function printed, EMF included.
    duration
        Seconds in the handler, without waiting and init.
    cold
        Whether it was the first in its environment.
    """

    request_id: str
    payload: bytes
    function_error: str | None
    lines: tuple[str, ...]
    duration: float
    cold: bool


class Functions(Part):
    """Runs functions, each in processes of its own.

    Parameters
    ----------
    state
        Folder for scratch space and compiled code.
    crashes
        Says of a function whether its processes are killed as soon as they have received an event.
    variables
        Environment variables for every function, over its own.
    refresh
        Called when a file under `Function.sources` changed, once for all functions of an asset.
        The next invocation then runs in a new environment.
    default_concurrency
        Environments of a function without reserved concurrency. The limit is this machine's, not
        AWS's, so its callers wait up to `patience` seconds before they are throttled; those of a
        function with reserved concurrency are throttled at once.
    idle
        Seconds after which an unused environment is stopped.
    """

    def __init__(
        self,
        functions: Iterable[Function],
        *,
        state: Path,
        logs: Logs,
        metrics: MetricStore | None = None,
        crashes: Callable[[str], bool] = lambda _: False,
        variables: Mapping[str, str] | None = None,
        refresh: Refresh | None = None,
        default_concurrency: int = PROCESSES,
        patience: float = 10.0,
        idle: float = 300.0,
        interpreter: str = sys.executable,
    ) -> None:
        self._state = state
        self._logs = logs
        self._metrics = metrics or MetricStore()
        self._running = 0
        self._variables = dict(variables or {})
        self._interpreter = interpreter
        self._pools: dict[str, _Pool] = {}
        self._by_arn: dict[str, str] = {}
        self._stopping = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._lifeline: tuple[int, int] | None = None
        self._events = FileEvents()
        assets: dict[tuple[Path, tuple[Path, ...]], Asset] = {}
        for function in functions:
            reserved = function.concurrency
            code, sources = function.code, tuple(function.sources)
            if refresh and sources and (code, sources) not in assets:
                assets[code, sources] = Asset(code, sources, refresh, self._events)
            self._pools[function.name] = _Pool(
                function,
                logs,
                limit=default_concurrency if reserved is None else reserved,
                patience=patience if reserved is None else 0.0,
                idle_seconds=idle,
                asset=assets.get((code, sources)),
                crashes=crashes,
            )
            self._by_arn[function.arn] = function.name

    async def start(self) -> None:
        """Prepare the folders and begin to watch the sources; starts no process."""
        scratch = self._state / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        self._lifeline = os.pipe()
        host = Host(
            interpreter=self._interpreter,
            runtime=link_runtime(self._state / "runtime"),
            sdk=link_sdk(self._state / "sdk"),
            scratch=scratch,
            bytecode=self._state / "bytecode",
            lifeline=self._lifeline[0],
            variables=self._variables,
        )
        for pool in self._pools.values():
            pool.host = host
        if any(pool.asset for pool in self._pools.values()):
            self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Kill all environments; running invocations end with Runtime.ExitError."""
        self._stopping.set()
        if self._watching is not None:
            await self._watching
        await asyncio.gather(*(pool.stop() for pool in self._pools.values()))
        self._events.close()
        if self._lifeline is not None:
            for descriptor in self._lifeline:
                os.close(descriptor)
            self._lifeline = None

    def __contains__(self, name: str) -> bool:
        return name in self._pools or name in self._by_arn

    async def invoke(
        self,
        name: str,
        payload: bytes,
        *,
        wait_for_slot: bool = False,
        request_id: str | None = None,
        trace_id: str | None = None,
    ) -> Invocation:
        """Run a function, given by name or ARN, and return what came of it.

        Failures of the function are in the result, not raised.

        Parameters
        ----------
        wait_for_slot
            Wait however long instead of being throttled, as stream pollers do.

        Raises
        ------
        UnknownFunctionError, ThrottledError, PayloadTooLargeError
            Before the function ran.
        """
        pool = self._pools.get(self._by_arn.get(name, name))
        if pool is None:
            known = ", ".join(sorted(self._pools)) or "none"
            raise UnknownFunctionError(f"no function {name!r}; there are: {known}")
        if len(payload) > MAX_REQUEST:
            raise PayloadTooLargeError(
                f"{name}: {len(payload)} bytes must be at most {MAX_REQUEST} bytes"
            )
        request_id = request_id or str(uuid.uuid4())
        trace_id = trace_id or new_trace_id()
        self._running += 1
        self._metrics.add("AWS/Lambda", "ConcurrentExecutions", self._running)
        try:
            done = await pool.invoke(request_id, trace_id, payload, wait_for_slot)
        except ThrottledError:
            self._measure(pool.function.name, Throttles=1)
            raise
        finally:
            self._running -= 1
        self._measure(
            pool.function.name,
            Invocations=1,
            Errors=int(done.function_error is not None),
            Duration=done.duration * 1000,
            Throttles=0,
        )
        return done

    def _measure(self, function: str, **values: float) -> None:
        for name, value in values.items():
            self._metrics.add("AWS/Lambda", name, value, FunctionName=function)

    async def _watch(self) -> None:
        """Refresh as soon as a file changes, so that the next request need not wait for it.

        Looked for every five seconds as well: some file systems report no changes.
        """
        roots = {root for pool in self._pools.values() for root in pool.function.sources}
        try:
            async for _ in watchfiles.awatch(
                *(root for root in roots if root.exists()),
                stop_event=self._stopping,
                debounce=200,
                step=20,
                rust_timeout=5000,
                yield_on_timeout=True,
            ):
                self._events.doubt()
                for pool in self._pools.values():
                    await pool.refresh_if_changed()
        except OSError as error:  # for instance the inotify limit; requests still check
            _log.warning(
                "cannot watch the sources (%s); changes are seen at the next request", error
            )


class _Pool:
    """The environments of one function."""

    def __init__(
        self,
        function: Function,
        logs: Logs,
        *,
        limit: int,
        patience: float,
        idle_seconds: float,
        asset: Asset | None,
        crashes: Callable[[str], bool],
    ) -> None:
        self.function = function
        self.host: Host | None = None
        self.asset = asset
        self._logs = logs
        self._limit = limit
        self._patience = patience
        self._idle_seconds = idle_seconds
        self._crashes = crashes
        self._version = self._asset_version
        self._idle: list[Environment] = []
        self._current: set[Environment] = set()
        self._all: set[Environment] = set()
        self._waiting: deque[asyncio.Future[Environment]] = deque()
        self._starting = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    async def invoke(
        self, request_id: str, trace_id: str, payload: bytes, wait_for_slot: bool
    ) -> Invocation:
        broken = await self.refresh_if_changed()
        if broken is not None:
            return Invocation(request_id, broken.payload, broken.error, (), 0.0, False)
        while True:
            try:
                environment = await self._acquire(math.inf if wait_for_slot else self._patience)
            except InitError as error:
                failed = error.outcome
                return Invocation(request_id, failed.payload, failed.error, error.lines, 0.0, True)
            cold = environment.served == 0
            started = time.perf_counter()
            result = await self._run(environment, request_id, trace_id, payload)
            if result is not None:
                outcome, lines = result
                duration = time.perf_counter() - started
                return Invocation(
                    request_id, outcome.payload, outcome.error, tuple(lines), duration, cold
                )

    async def _run(
        self, environment: Environment, request_id: str, trace_id: str, payload: bytes
    ) -> tuple[InvocationEnd, list[str]] | None:
        deadline = deadline_ms(self.function.timeout)
        work = Work(request_id, payload, deadline, self.function.arn, trace_id)
        try:
            return await environment.invoke(work, crash=self._crashes(self.function.name))
        except BaseException:
            # The caller went away in the middle: the process is in an unknown state.
            environment.alive = False
            raise
        finally:
            self._release(environment)

    async def refresh_if_changed(self) -> InvocationEnd | None:
        """Bring the code up to date, and retire the environments that run older code.

        Returns
        -------
        InvocationEnd or None
            The error, if the sources could not be bundled.
        """
        broken = await self.asset.refresh_if_changed() if self.asset else None
        if broken is not None:
            self._logs.write(self.function.name, None, f"[ERROR] {broken}")
            return failure("Runtime.BundleError", broken)
        if self._version != self._asset_version:
            self._version = self._asset_version
            self._retire()
            self._logs.write(self.function.name, None, "sources changed: new code is in place")
        return None

    @property
    def _asset_version(self) -> int:
        return self.asset.version if self.asset else 0

    def _retire(self) -> None:
        """Stop the idle environments; busy ones are no longer current and stop when released."""
        self._current.clear()
        idle, self._idle = self._idle, []
        for environment in idle:
            self._discard(environment)

    async def _acquire(self, patience: float) -> Environment:
        while self._idle:
            environment = self._idle.pop()
            if environment.idle_timer is not None:
                environment.idle_timer.cancel()
            if environment.alive:
                return environment
            self._discard(environment)
        if not self._start_if_needed(len(self._waiting) + 1) and patience <= 0:
            raise ThrottledError(f"{self.function.name}: Rate Exceeded.")
        slot: asyncio.Future[Environment] = asyncio.get_running_loop().create_future()
        self._waiting.append(slot)
        try:  # the slot leaves the queue in `finally` if nobody took it from there
            # A slot whose environment is on its way is not a queue: patience does not apply to it.
            covered = len(self._waiting) <= self._starting
            limit = None if covered or math.isinf(patience) else patience
            return await asyncio.wait_for(slot, limit)
        except TimeoutError:
            raise ThrottledError(
                f"{self.function.name}: Rate Exceeded; {self._limit} environments stayed busy "
                f"for {patience:g} s"
            ) from None
        except asyncio.CancelledError:
            if slot.done() and not slot.cancelled() and slot.exception() is None:
                self._release(slot.result())
            raise
        finally:
            if slot in self._waiting:
                self._waiting.remove(slot)

    def _start_if_needed(self, wanted: int) -> bool:
        """Start an environment unless enough are on their way; False if there is no room."""
        if self._starting >= wanted:
            return True
        if self._busy() >= self._limit:
            return False
        self._starting += 1
        self._spawn(self._start())
        return True

    def _busy(self) -> int:
        return len(self._current) + self._starting

    async def _start(self) -> None:
        assert self.host is not None, "start() comes first"  # noqa: S101
        version = self._asset_version
        environment = Environment(self.function, self.host, self._write)
        self._all.add(environment)
        try:
            await environment.start()
        except InitError as error:
            self._all.discard(environment)
            if version == self._asset_version:  # another start has the code that came since
                self._fail_first(error)
            return
        finally:
            self._starting -= 1
            if self._waiting and not self._stopped and not environment.alive:
                self._start_if_needed(len(self._waiting))
        if version == self._asset_version:
            self._current.add(environment)
        self._release(environment)

    def _write(self, request_id: str | None, text: str) -> None:
        self._logs.write(self.function.name, request_id, text)

    def _fail_first(self, error: InitError) -> None:
        while self._waiting:
            slot = self._waiting.popleft()
            if not slot.done():
                slot.set_exception(error)
                return

    def _release(self, environment: Environment) -> None:
        """Give an environment to the next in line, keep it warm, or stop it."""
        if not environment.alive or environment not in self._current or self._stopped:
            self._discard(environment)
            if self._waiting and not self._stopped:
                self._start_if_needed(len(self._waiting))
            return
        while self._waiting:
            slot = self._waiting.popleft()
            if not slot.done():
                slot.set_result(environment)
                return
        self._idle.append(environment)
        loop = asyncio.get_running_loop()
        environment.idle_timer = loop.call_later(self._idle_seconds, self._expire, environment)

    def _expire(self, environment: Environment) -> None:
        if environment in self._idle:
            self._idle.remove(environment)
            self._discard(environment)

    def _discard(self, environment: Environment) -> None:
        self._current.discard(environment)
        self._all.discard(environment)
        self._spawn(environment.stop())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("environment of %s: %s", self.function.name, error, exc_info=error)

    async def stop(self) -> None:
        self._stopped = True
        for slot in self._waiting:
            slot.cancel()
        self._idle.clear()
        for environment in tuple(self._all):
            self._discard(environment)
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)


def new_trace_id() -> str:
    """Make a trace header as AWS's front ends do."""
    root = f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    return f"Root={root};Parent={secrets.token_hex(8)};Sampled=0"
