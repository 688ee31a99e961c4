"""One execution environment: a process of AWS's runtime interface client for one function.

The isolated interpreter runs with `-S` (no site-packages, no .pth files) and `-P` (neither script
folder nor working folder on the path). PYTHONPATH has exactly the function's asset, its layers, and
two more folders. One links the runtime interface client and its two dependencies. The other, which
is the last, links the AWS SDK, as each Python runtime of Lambda has it. The environment variables
are built from nothing, so neither the user's AWS configuration nor the project's virtual
environment can be seen.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import distribution
from pathlib import Path

from keyline.moments import iso, us_of_seconds
from keyline_local.lambdas.runtime_api import InvocationEnd, RuntimeApi, Work, failure
from keyline_local.resources import Function
from keyline_local.roles.identity import Credentials

INIT_SECONDS = 10.0
"""Lambda's limit of the init phase; the function's own timeout comes on top, as on AWS,
where a slow init is started again within the invocation."""

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
_RUNTIME_PACKAGES = ("awslambdaric", "simplejson", "snapshot-restore-py")
_SDK_PACKAGES = (
    *("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3"),
)
"""The packages that each Python runtime of Lambda has; a function's own copy comes first."""
_LINE_LIMIT = 256 * 1024  # CloudWatch's largest log event, bytes


class InitError(Exception):
    """The environment did not come up; `outcome` is what its caller gets."""

    def __init__(self, outcome: InvocationEnd, lines: Sequence[str] = ()) -> None:
        super().__init__(outcome.payload.decode(errors="replace"))
        self.outcome = outcome
        self.lines = tuple(lines)


@dataclass(frozen=True, slots=True)
class Host:
    """The parts that all environments share.

    Attributes
    ----------
    interpreter
        The Python that runs the functions.
    runtime, sdk
        The folders made by `link_runtime` and `link_sdk`.
    scratch
        Where each environment gets a temporary folder of its own.
    bytecode
        Where compiled code is kept: out of the assets, and for all functions and environments.
    lifeline
        Read end of the pipe at whose end of file the processes exit.
    variables
        Environment variables for every function, such as AWS_ENDPOINT_URL_DYNAMODB.
    """

    interpreter: str
    runtime: Path
    sdk: Path
    scratch: Path
    bytecode: Path
    lifeline: int
    variables: Mapping[str, str]


def link_runtime(folder: Path) -> Path:
    """Link the runtime interface client and what it needs, and nothing else, into `folder`."""
    return _link(_RUNTIME_PACKAGES, folder)


def link_sdk(folder: Path) -> Path:
    """Link boto3 and what it needs, and nothing else, into `folder`."""
    return _link(_SDK_PACKAGES, folder)


def _link(packages: Sequence[str], folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for package in packages:
        found = distribution(package)
        tops = {
            file.parts[0]
            for file in found.files or ()
            if not file.parts[0].endswith((".dist-info", "..", "__pycache__"))
        }
        for top in tops:
            (folder / top).symlink_to(str(found.locate_file(top)))
    return folder


class Environment:
    """A process that runs one invocation at a time.

    Parameters
    ----------
    write
        Called with (request id or None, line) for everything the process prints.
    """

    def __init__(
        self, function: Function, host: Host, write: Callable[[str | None, str], None]
    ) -> None:
        self.function = function
        self.alive = False
        self.served = 0
        self._stopped = False
        self.idle_timer: asyncio.TimerHandle | None = None
        self._host = host
        self._write = write
        self._id = secrets.token_hex(16)
        self._scratch = host.scratch / self._id
        self._api = RuntimeApi()
        self._process: asyncio.subprocess.Process | None = None
        self._exit: asyncio.Task[None] | None = None
        self._request: str | None = None
        self._lines: list[str] = []
        self._output = _Output(self._line)
        self._code = f"{function.code}{os.sep}"
        self._copies = {f"{function.code / path.name}": str(path) for path in function.sources}

    async def start(self) -> None:
        """Start the process and wait until it asks for work.

        Raises
        ------
        InitError
            The handler could not be imported, or the process died or hung before it was ready.
        """
        self._scratch.mkdir(parents=True)
        await self._api.start()
        try:
            self._process = await self._spawn()
        except OSError as error:
            await self.stop()
            raise InitError(failure("Runtime.InvalidEntrypoint", str(error))) from error
        self.alive = True
        self._exit = asyncio.create_task(self._watch(self._process))
        if self._stopped:  # while the process was being started
            self._kill()
        limit = INIT_SECONDS + self.function.timeout
        timer = asyncio.get_running_loop().call_later(limit, self._overrun, "-", limit)
        failed = await self._api.ready
        timer.cancel()
        if failed is not None:
            lines = self._take_lines()
            await self.stop()
            raise InitError(failed, lines)

    async def invoke(
        self, work: Work, *, crash: bool = False
    ) -> tuple[InvocationEnd, list[str]] | None:
        """Run one invocation.

        Parameters
        ----------
        crash
            Whether the process is killed as soon as it has fetched the work.

        Returns
        -------
        tuple or None
            The outcome and the lines it printed; None if the process had ended before it
            fetched the work, which can then be given to another environment.
        """
        self.served += 1
        self._request = work.request_id
        loop = asyncio.get_running_loop()
        timeout = self.function.timeout
        timer = loop.call_later(timeout, self._overrun, work.request_id, timeout)
        try:
            outcome = await self._api.submit(work, fetched=self._kill if crash else None)
        finally:
            timer.cancel()
            lines = self._take_lines()
            self._request = None
        return (outcome, lines) if self._api.delivered else None

    async def stop(self) -> None:
        """Kill the process with all it started, and remove its temporary folder."""
        self.alive = False
        self._stopped = True
        if self.idle_timer is not None:
            self.idle_timer.cancel()
        self._kill()
        if self._exit is not None:
            await self._exit
        await self._api.stop()
        self._output.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    async def _spawn(self) -> asyncio.subprocess.Process:
        with self._output.writer() as writer:
            return await asyncio.create_subprocess_exec(
                *self._command(),
                cwd=self.function.code,
                env=self._variables(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writer,
                stderr=writer,
                pass_fds=(self._host.lifeline,),
                start_new_session=True,
            )

    def _take_lines(self) -> list[str]:
        """Return what was printed; what was written before an answer is already in the pipe."""
        self._output.drain()
        self._output.flush()
        lines, self._lines = self._lines, []
        return lines

    def _command(self) -> Sequence[str]:
        host = self._host
        told = (str(host.lifeline), str(host.bytecode), self.function.handler)
        return (host.interpreter, "-S", "-P", str(_BOOTSTRAP), *told)

    def _variables(self) -> dict[str, str]:
        function = self.function
        region = function.arn.split(":")[3]
        credentials = Credentials.of(function.name)
        stream = f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{self._id}"
        variables = {
            **function.environment,
            **self._host.variables,
            "_HANDLER": function.handler,
            "AWS_ACCESS_KEY_ID": credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
            "AWS_SESSION_TOKEN": credentials.session_token,
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
            "HOME": str(self._scratch),
            "LAMBDA_RUNTIME_DIR": str(self._host.runtime),
            "LAMBDA_TASK_ROOT": str(function.code),
            "LANG": "en_US.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": os.pathsep.join(self._import_path()),
            "TMPDIR": str(self._scratch),
            "TZ": ":UTC",
        }
        # An interpreter that is linked against a library outside the system's paths needs it.
        if library_path := os.environ.get("LD_LIBRARY_PATH"):
            variables["LD_LIBRARY_PATH"] = library_path
        return variables

    def _import_path(self) -> list[str]:
        version = self.function.runtime.removeprefix("python")
        layers = [
            path
            for layer in self.function.layers
            for path in (layer / f"python/lib/python{version}/site-packages", layer / "python")
        ]
        own = self.function.environment.get("PYTHONPATH")
        first = (self.function.code, *layers, self._host.runtime)
        return [*map(str, first), *([own] if own else []), str(self._host.sdk)]

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        code = await process.wait()
        message = f"RequestId: {self._request or '-'} Error: {_exit_reason(code)}"
        if self.alive:  # nobody here ended it
            self._output.drain()
            self._output.flush()
            self._line(f"{message} Runtime.ExitError")
        self.alive = False
        self._api.end(failure("Runtime.ExitError", message))

    def _overrun(self, request_id: str, seconds: float) -> None:
        self.alive = False
        message = f"Task timed out after {seconds:.2f} seconds"
        self._output.drain()
        self._line(f"{iso(us_of_seconds(time.time()))} {request_id} {message}")
        self._api.end(failure("Sandbox.Timedout", f"RequestId: {request_id} Error: {message}"))
        self._kill()

    def _kill(self) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # it ended by itself, and is about to be reaped

    def _line(self, text: str) -> None:
        if self._code in text:  # a traceback: it names the sources, not the asset's copy of them
            for copy, source in self._copies.items():
                text = re.sub(rf"{re.escape(copy)}(?=[/\"'])", source, text)
        self._lines.append(text)
        self._write(self._request, text)


def _exit_reason(code: int) -> str:
    """Word an exit as Lambda does."""
    if code == 0:
        return "Runtime exited without providing a reason"
    if code < 0:
        name = signal.strsignal(-code) or str(-code)
        return f"Runtime exited with error: signal: {name.lower()}"
    return f"Runtime exited with error: exit status {code}"


class _Output:
    """The pipe that a process prints to, cut into lines.

    The pipe is read by the event loop and, before an invocation ends, once more on the spot.
    """

    def __init__(self, line: Callable[[str], None]) -> None:
        self._emit = line
        self._rest = b""
        self._reader, self._write_end = os.pipe()
        os.set_blocking(self._reader, False)
        asyncio.get_running_loop().add_reader(self._reader, self.drain)

    def writer(self) -> _Closing:
        return _Closing(self._write_end)

    def drain(self) -> None:
        """Read all there is now."""
        while self._reader >= 0:
            try:
                chunk = os.read(self._reader, 65536)
            except BlockingIOError:
                return
            if not chunk:
                self.close()
                return
            self._cut(chunk)

    def flush(self) -> None:
        """Emit what has no line end yet."""
        if self._rest:
            rest, self._rest = self._rest, b""
            self._emit(rest.decode(errors="replace"))

    def close(self) -> None:
        if self._reader >= 0:
            self.flush()
            asyncio.get_running_loop().remove_reader(self._reader)
            os.close(self._reader)
            self._reader = -1

    def _cut(self, chunk: bytes) -> None:
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        for line in whole:
            if line:
                self._emit(line.decode(errors="replace"))
        if len(self._rest) > _LINE_LIMIT:
            self.flush()


class _Closing:
    """A file descriptor for the child; the parent's copy is closed on leaving."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __enter__(self) -> int:
        return self._descriptor

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def deadline_ms(seconds: float) -> int:
    """Return the epoch milliseconds of the moment that is `seconds` from now."""
    return int((time.time() + seconds) * 1000)
