"""All systems as they are synthesized, on a local platform that runs beside the tests of one."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import threading
import traceback
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

import psutil
import pytest

from keyline import variables
from keyline_deploy.environment import load
from keyline_local import Api, Function, Platform, Ports
from keyline_local.testing import (
    DynamoApi,
    Invocation,
    StreamMapping,
    StreamReader,
    Sweep,
    Table,
)
from keyline_ops.openapi.pages import project_pages
from keyline_ops.running import local_ports
from tests.support.served import Issuer
from tests.support.stored import items_of

Result = TypeVar("Result")

CODE = "lambda_src"


class Running:
    """A platform in an event loop of its own thread, on the same ports after a restart.

    Its functions are made from a copy of the code, so that nobody's edits reach a test and no
    test edits the checkout.

    Parameters
    ----------
    system
        The one that is tested, by name.
    checkout
        The project.
    assembly
        Its synthesized local environment.
    declared
        The ports written into the assembly's templates.
    folder
        Where the copy and the state go.
    """

    def __init__(
        self, system: str, checkout: Path, assembly: Path, declared: Ports, folder: Path
    ) -> None:
        self.system = system
        self.root = folder / "project"
        self.assembly = assembly
        self.removed: list[dict[str, Any]] = []
        self._state = folder / "state"
        self._declared = declared
        self._ports = Ports().chosen()
        self._others: list[psutil.Process] = []
        self._ports_of_others: list[int] = []
        self._platform: Platform | None = None
        copy_code(checkout, self.root)
        compiled = folder.parent / "bytecode"  # of one code, however many platforms run it
        compiled.mkdir(exist_ok=True)
        self._state.mkdir()
        (self._state / "bytecode").symlink_to(compiled)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="platform")
        self._thread.start()

    @property
    def platform(self) -> Platform:
        assert self._platform is not None, "it does not run"
        return self._platform

    @property
    def state(self) -> Path:
        """Return where the platform keeps its data and its logs."""
        return self._state

    @property
    def api(self) -> Api:
        """The system's API as it is deployed."""
        return self.platform.deployment.apis[self._place]

    @property
    def url(self) -> str:
        """Return where it listens."""
        return self.platform.endpoints.apis[self._place]

    @property
    def functions(self) -> set[str]:
        """The names of the system's functions."""
        found = self.platform.deployment.functions
        return {f.name for f in found if f.environment.get("KEYLINE_SYSTEM") == self.system}

    @property
    def mappings(self) -> list[StreamMapping]:
        """The stream mappings of the system's functions."""
        return [m for m in self.platform.deployment.mappings if m.function in self.functions]

    @property
    def issuer(self) -> Issuer:
        """Return who signs its tokens."""
        return self.platform.issuer

    @cached_property
    def dynamodb(self) -> Any:
        """A client of the engine, past the guard; the engine's port outlives a restart."""
        return self.platform.dynamodb()

    def start(self) -> None:
        self._others = psutil.Process().children(recursive=True)
        self._ports_of_others = _listening([psutil.Process(), *self._others])

        async def enter() -> Platform:
            return await Platform(
                root=self.root,
                assembly=self.assembly,
                state=self._state,
                ports=self._ports,
                declared=self._declared,
                pages=project_pages,
            ).__aenter__()

        self._platform = self.run(enter())

    def stop(self) -> None:
        platform, self._platform = self._platform, None
        if platform is not None:
            self.run(platform.__aexit__(None, None, None))

    def close(self) -> None:
        try:
            self.stop()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def run(self, work: Coroutine[Any, Any, Result], timeout: float = 90.0) -> Result:
        """Run a coroutine where the platform runs."""
        running = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return running.result(timeout)
        except TimeoutError as error:
            if not running.done():  # it is not an error of the coroutine's own
                error.add_note(self._where_tasks_are())
            raise

    def _where_tasks_are(self) -> str:
        """Say where the platform's thread and each of its tasks are."""
        frame = sys._current_frames().get(self._thread.ident or 0)
        told = ["".join(traceback.format_stack(frame))]
        for task in asyncio.all_tasks(self._loop):
            told.append(task.get_name())
            waits: Any = task.get_coro()
            while (frame := getattr(waits, "cr_frame", None)) is not None:
                told.append(f"  {frame.f_code.co_filename}:{frame.f_lineno}")
                waits = waits.cr_await
        return "\n".join(told)

    def settle(self) -> None:
        """Wait until the stream consumers are done with all that was written."""
        self.run(self.platform.event_sources.drain(timeout=30))

    def invoke(self, function: str, payload: Mapping[str, Any]) -> Invocation:
        return self.run(self.platform.invoke(function, payload))

    def sweep(self, *, dry_run: bool = False) -> Sweep:
        return self.run(self.platform.sweep_ttl(dry_run=dry_run))

    def run_schedules(self) -> list[bool]:
        """Run what every scheduled rule runs; whether each failed."""

        async def trigger() -> list[bool]:
            run = self.platform.schedules.trigger
            rules = [rule.name for rule in self.platform.deployment.schedules]
            return [bool(done.function_error) for rule in rules for done in await run(rule)]

        return self.run(trigger())

    def function(self, name: str) -> Function:
        return next(f for f in self.platform.deployment.functions if f.name == name)

    def table(self, name: str) -> Table:
        return next(t for t in self.platform.deployment.tables if t.name == name)

    def items(self, table: str) -> list[dict[str, Any]]:
        """Return every item of a table, past all that the system does when it reads."""
        return items_of(self.dynamodb, table)

    def by_key(self, table: str) -> dict[tuple[Any, ...], dict[str, Any]]:
        """Return the same by key, to compare before and after."""
        key = [part["AttributeName"] for part in self.table(table).create["KeySchema"]]
        return {tuple(item[name] for name in key): item for item in self.items(table)}

    def stream_records(self, table: str) -> list[Mapping[str, Any]]:
        """Return all records of a table's stream, in the form in which a function receives them."""

        async def read() -> list[Mapping[str, Any]]:
            region = self.platform.deployment.region
            async with DynamoApi(self.platform.endpoints.engine, region) as api:
                reader = StreamReader(api, self.table(table), region)
                stream = await reader.find()
                iterator = await reader.iterator(stream, None, "TRIM_HORIZON")
                found: list[Mapping[str, Any]] = []
                while True:
                    page = await reader.read(stream, iterator, 1000)
                    if page.last is None:
                        return found
                    found += page.records
                    iterator = page.iterator

        return self.run(read())

    def children(self) -> Sequence[psutil.Process]:
        """Return the platform's processes, without those that ran already (another system's
        platform, node of the CDK)."""
        found = psutil.Process().children(recursive=True)
        return [process for process in found if process not in self._others]

    def ports(self) -> list[int]:
        """Return every port that the platform or a process of its listens on."""
        found = _listening([psutil.Process(), *self.children()])
        return [port for port in found if port not in self._ports_of_others]

    @property
    def _place(self) -> int:
        names = [api.name for api in self.platform.deployment.apis]
        return names.index(f"{self.system}-local")


@contextmanager
def running_platform(
    system: str,
    checkout: Path,
    folder: Path,
    *,
    assembly: Path,
    engine: str | None = None,
) -> Iterator[Running]:
    """Run the local environment, to test one system of it.

    Parameters
    ----------
    assembly
        What to run: a copy, `linked` or `copied`, whose templates are this platform's alone.
    engine
        Where an engine of the test's own answers; the platform starts one where it is None.
    """
    with pytest.MonkeyPatch.context() as patch:
        if engine is None:
            patch.delenv(variables.DYNAMODB_ENDPOINT, raising=False)
        else:
            patch.setenv(variables.DYNAMODB_ENDPOINT, engine)
        running = Running(system, checkout, assembly, local_ports(load("local")), folder)
        try:
            running.start()
            yield running
        finally:
            running.close()


class SomeClient(Protocol):
    """A client of a system's API, which is closed at the end."""

    def __init__(self, running: Running) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *error: Any) -> None: ...


def platform_fixtures(
    system: str,
    client: type[SomeClient],
    changed: Callable[[Path, Path], Path],
) -> tuple[object, object]:
    """Return two fixtures: `running`, a system on a platform, and `api`, a client of it.

    Both end with the last test of the package: an idle platform polls its streams all the same.

    Parameters
    ----------
    changed
        Makes the platform's own copy of the local assembly in a folder.
    """

    @pytest.fixture(name="running", scope="package")
    def running(
        request: pytest.FixtureRequest,
        root: Path,
        local_assembly: Path,
        tmp_path_factory: pytest.TempPathFactory,
    ) -> Iterator[Running]:
        folder_is_package = isinstance(request.node, pytest.Package)
        assert folder_is_package, "without an __init__.py there it would run until the end"
        folder = tmp_path_factory.mktemp(system)
        own = changed(local_assembly, folder)
        with running_platform(system, root, folder, assembly=own) as running:
            yield running

    @pytest.fixture(name="api", scope="package")
    def api(running: Running) -> Iterator[SomeClient]:
        with client(running) as opened:
            yield opened

    return running, api


def _listening(processes: Sequence[psutil.Process]) -> list[int]:
    found = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # it has ended, and listens nowhere
            found += process.net_connections(kind="inet")
    return sorted({c.laddr.port for c in found if c.status == psutil.CONN_LISTEN})


def copy_code(checkout: Path, root: Path) -> None:
    """Copy what functions are made from; the engine's binary stays where it is."""
    root.mkdir(parents=True)
    shutil.copytree(checkout / CODE, root / CODE, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "node_modules").symlink_to(checkout / "node_modules")


def result_of(invocation: Invocation) -> Any:
    """Return what a function returned; its error fails the test."""
    assert invocation.function_error is None, invocation.payload.decode()
    return json.loads(invocation.payload)
