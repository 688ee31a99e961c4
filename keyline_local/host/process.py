"""Child processes that are watched while they run and never outlive the platform."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import itertools
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from keyline_local.host.errors import LocalPlatformError
from keyline_local.host.tasks import end

LOOPBACK = "127.0.0.1"
_PORTS = range(20_000, 32_000)  # below those of connections, on Linux from 32,768
_places = itertools.count(secrets.randbelow(len(_PORTS)))  # elsewhere in each process
_giving = threading.Lock()
_PR_SET_PDEATHSIG = 1
_SHORT_LIFE = 1.0  # seconds
_SHORT_LIVES = 3  # in a row, before a restart waits
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def free_port() -> int:
    """Return a loopback TCP port that nothing listens on at this moment."""
    return free_ports(1)


def free_ports(count: int) -> int:
    """Return the first of so many loopback TCP ports in a row that nothing listens on now.

    Each port is given once. Ports that the system takes for connections are left out: a
    connection could have such a port before its asker listens.
    """
    while True:
        with _giving:
            first, *_ = [_PORTS[next(_places) % len(_PORTS)] for _ in range(count)]
        with contextlib.ExitStack() as probes, contextlib.suppress(OSError):
            for port in range(first, first + count):
                probes.enter_context(socket.socket()).bind((LOOPBACK, port))
            return first


def is_taken(port: int) -> bool:
    """Tell whether something listens on the loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def _can_be_had(port: int) -> bool:
    """Tell whether a server could have the loopback port: the system gives some to connections."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            return error.errno != errno.EADDRINUSE
    return True


def require_free(
    port: int, name: str, advice: str = "Stop what listens there, or choose another port."
) -> None:
    """Refuse a port that something listens on already, or that a connection has.

    Parameters
    ----------
    advice
        What a reader is told to do about it.

    Raises
    ------
    LocalPlatformError
        The port that `name` needs is taken.
    """
    if is_taken(port) or not _can_be_had(port):
        raise LocalPlatformError(
            f"{LOOPBACK}:{port}",
            f"the port {name} needs is taken.",
            advice,
        )


def die_with_parent() -> Callable[[], None]:
    """Return a `preexec_fn` that ties a child's life to the thread that starts it.

    On Linux the kernel kills the child when that thread ends, `kill -9` of the
    platform included (prctl(2), PR_SET_PDEATHSIG); elsewhere the child is only
    stopped by an orderly end.
    """
    parent = os.getpid()

    def arm() -> None:
        if _LIBC is None:
            return
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the call above
            os._exit(1)

    return arm


@dataclass
class Child:
    """One supervised child process.

    The process is ready once `probe` says so, is started again with the same arguments when it dies
    unasked, and ends with SIGTERM, then SIGKILL after `grace` seconds.

    Attributes
    ----------
    name
        What messages call it.
    command
        Program and arguments.
    port
        The port it listens on; a taken one is refused before the start.
    probe
        Returns True once the process serves requests.
    log
        The file that receives its stdout and stderr.
    advice
        What a reader is told to do where it does not start.
    on_restart
        Runs after each unasked restart, when the process is ready again.
    restarts
        How often it was started again.
    """

    name: str
    command: Sequence[str]
    port: int
    probe: Callable[[], Awaitable[bool]]
    log: Path
    environment: Mapping[str, str] | None = None
    advice: str = "Read its output in this file."
    on_restart: Callable[[], Awaitable[None]] | None = None
    ready_within: float = 30.0
    grace: float = 5.0
    restarts: int = 0
    _process: asyncio.subprocess.Process | None = field(default=None, repr=False)
    _watch: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def pid(self) -> int | None:
        """Process id of the running child, or None."""
        return self._process.pid if self._process else None

    @property
    def supervisor(self) -> asyncio.Task[None] | None:
        """The task that watches the child; it ends with an error if a restart fails."""
        return self._watch

    async def start(self) -> None:
        """Start the process and return when it is ready.

        Raises
        ------
        LocalPlatformError
            The port is taken, the process died, or it was not ready in time.
        """
        require_free(self.port, self.name)
        await self._launch()
        self._watch = asyncio.create_task(self._supervise(), name=f"supervise {self.name}")

    async def stop(self) -> None:
        """End the process; nothing happens if it does not run."""
        if self._watch:
            await end([self._watch])
            self._watch = None
        await self._end()

    async def _launch(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = await self._spawn(log)
        try:
            await asyncio.wait_for(self._until_ready(), self.ready_within)
        except TimeoutError:
            await self._end()
            raise LocalPlatformError(
                str(self.log),
                f"{self.name} was not ready after {self.ready_within:g} s",
                self.advice,
            ) from None
        except BaseException:
            await self._end()
            raise

    async def _spawn(self, log: IO[bytes]) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self.command,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C reaches the platform, which stops in order
            preexec_fn=die_with_parent(),
        )

    async def _until_ready(self) -> None:
        while not await self.probe():
            self._check_alive()
            await asyncio.sleep(0.02)
        self._check_alive()  # or something else answered in its place

    def _check_alive(self) -> None:
        code = self._process.returncode if self._process else None
        if code is not None:
            raise LocalPlatformError(
                str(self.log),
                f"{self.name} ended with code {code} before it was ready: {self._last_line()}",
                self.advice,
            )

    def _last_line(self) -> str:
        lines = self.log.read_text(errors="replace", encoding="utf-8").split("\n")
        return next((line for line in reversed(lines) if line.strip()), "no output")

    async def _supervise(self) -> None:
        clock = asyncio.get_running_loop().time
        short_lives = 0
        while self._process:
            since = clock()
            await self._process.wait()
            self.restarts += 1
            short_lives = short_lives + 1 if clock() - since < _SHORT_LIFE else 0
            if short_lives > _SHORT_LIVES:  # a process that cannot live must not spin
                await asyncio.sleep(_SHORT_LIFE)
            await self._launch()
            if self.on_restart:
                await self.on_restart()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):  # it ended by itself meanwhile
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), self.grace)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):  # it ended at this moment
                process.kill()
            await process.wait()
