"""The local platform whole: a synthesized assembly, running on this machine.

```
async with Platform(root=ROOT, assembly=out, state=LOCAL_STATE) as platform:
    await platform.wait()
```
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from rich.console import Console
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Route

from keyline import variables
from keyline.errors import KeylineError, instead_of
from keyline.moments import DAY_SECONDS
from keyline_deploy import bundling
from keyline_deploy.alarms import State
from keyline_local.api.gateway import Gateway
from keyline_local.api.issuer import Issuer
from keyline_local.api.service_calls import ServiceCalls
from keyline_local.cloudformation.apis import api_names
from keyline_local.cloudformation.assembly import read_assembly
from keyline_local.cloudformation.deployment import resolve_deployment
from keyline_local.cloudformation.secret_store import SecretStore
from keyline_local.control.client import PREFIX
from keyline_local.control.server import announced, control_app
from keyline_local.control.status import ApiStatus, Status
from keyline_local.dynamodb.dynamodb_api import DynamoApi
from keyline_local.dynamodb.engine import Engine, find_binary
from keyline_local.dynamodb.table_meter import TableMeter
from keyline_local.dynamodb.tables import Change, update_tables
from keyline_local.dynamodb.throttling import Throttling, indexes_of
from keyline_local.dynamodb.ttl import Sweep, sweep
from keyline_local.host.clients import client
from keyline_local.host.clock import Clock
from keyline_local.host.errors import LocalPlatformError
from keyline_local.host.listener import Listener
from keyline_local.host.part import Part
from keyline_local.host.ports import Endpoints, Ports, endpoints
from keyline_local.host.process import LOOPBACK, Child, require_free
from keyline_local.host.state_folder import forget, refusal, state_locked, usable
from keyline_local.lambdas.functions import Functions, Invocation
from keyline_local.lambdas.invoke_api import InvokeApi
from keyline_local.resources import Api, Deployment, Function
from keyline_local.roles.guard import Guard
from keyline_local.services.aws import Aws
from keyline_local.services.cache import Cache
from keyline_local.services.dashboards import measured_dashboards
from keyline_local.services.faults import Fault, Faults, Kind
from keyline_local.services.live_alarms import LiveAlarm, LiveAlarms, alarm_line
from keyline_local.services.logs import Logs
from keyline_local.services.metric_store import MINUTE, MetricStore
from keyline_local.services.minutes import MOST_SECONDS, Minutes
from keyline_local.services.notices import Notices
from keyline_local.services.queues import Queues
from keyline_local.triggers.event_bus import EventBuses
from keyline_local.triggers.event_source import EventSources, Result, Timing
from keyline_local.triggers.events_api import EventsApi
from keyline_local.triggers.queue_source import QueueSources
from keyline_local.triggers.schedule import Schedules
from keyline_local.triggers.service_senders import ServiceSenders
from keyline_local.triggers.stream_retry import Record, arrival
from keyline_local.triggers.targets import Targets

Pages = Callable[[Api, Deployment], Sequence[BaseRoute]]
"""Makes the pages of an API: routes below `/_keyline`, for its own port."""
FrontPages = Callable[["Platform"], Sequence[BaseRoute]]
"""Makes the front pages of a platform: routes of the address at which it is asked."""

_IDLE = 1.0
"""Seconds between two looks at a stream in which there was nothing. The guard tells of writes."""
_SERVERS = {
    "engine": "the engine",
    "engine_mcp": "the engine's tool interface",
    "aws": "the server of the other AWS APIs",
    "cache": "the cache",
    "issuer": "the issuer",
}
"""What messages call the servers whose ports `Ports.servers` names."""


class Platform:
    """Runs everything a cloud assembly declares, on loopback, until it is left.

    Whatever ends it, nothing is left running: an error while it starts, SIGINT, SIGTERM, and
    on Linux `kill -9` too. A signal ends `wait`; outside of it, it cancels the task that
    entered the platform.

    Parameters
    ----------
    root
        The project's folder.
    assembly
        The folder of the synthesized assembly. Code that changed since is copied into its
        assets.
    state
        Folder for all that outlasts a restart.
    fresh
        Whether what earlier runs left in the state folder is removed first: tables, places in
        streams, cache, logs. Keys and secrets stay, so that tokens and cursors stay valid.
    ports
        Where to listen; free ports by default.
    declared
        The ports written into the templates when they were synthesized; addresses with
        them are moved to the ports really used.
    parameters
        Values of template parameters and of SSM parameters that no stack defines.
    stacks
        The stacks to run, with what these need; all of them by default.
    pages
        Makes the pages beside each API; none by default. The index page lists those whose path
        has no parameter.
    front_pages
        Makes the pages at the platform's own address, from `/` on; the index page by default.
    console
        Where logs are shown; None shows nothing.

    Attributes
    ----------
    deployment, endpoints
        What runs, and where.
    changes
        What the start did to the tables.
    is_up
        Whether everything has started and nothing is being stopped.
    logs, metrics, functions, gateways, event_sources, queue_sources, buses, schedules, issuer,
    guard, engine, aws, events_api
        The parts; `engine` is None when another one is used, `guard` is None when that
        one is not on this machine, and `events_api` is None without event patterns and buses.
    """

    deployment: Deployment
    endpoints: Endpoints
    logs: Logs
    metrics: MetricStore
    functions: Functions
    gateways: Sequence[Gateway]
    event_sources: EventSources
    queue_sources: QueueSources
    buses: EventBuses
    schedules: Schedules
    issuer: Issuer
    aws: Aws

    def __init__(
        self,
        *,
        root: Path,
        assembly: Path,
        state: Path,
        fresh: bool = False,
        ports: Ports | None = None,
        declared: Ports | None = None,
        parameters: Mapping[str, str] | None = None,
        stacks: Sequence[str] = (),
        pages: Pages = lambda api, deployment: (),
        front_pages: FrontPages = lambda platform: (),
        console: Console | None = None,
    ) -> None:
        self._root = root
        self._assembly = assembly
        self._state = state.resolve()
        self._fresh = fresh
        self._requested = ports or Ports()
        self._ports = self._requested.chosen()
        self._declared = declared
        self._parameters = parameters
        self._stacks = stacks
        self._make_pages = pages
        self._make_front_pages = front_pages
        self._pages: Sequence[Sequence[BaseRoute]] = ()
        self._console = console
        self._exit = AsyncExitStack()
        self._asked_to_stop = asyncio.Event()
        self._waiting = False
        self._entered: asyncio.Task[Any] | None = None
        self._failure: LocalPlatformError | None = None
        self.engine: Engine | None = None
        self.cache: Cache | None = None
        self.guard: Guard | None = None
        self.events_api: EventsApi | None = None
        self.changes: Sequence[Change] = ()
        self.is_up = False

    def check(self) -> None:
        """Refuse at once what the start would refuse, before an assembly has been made for it.

        Raises
        ------
        LocalPlatformError
            The state folder is in use, damaged or not a folder, or a port is taken.
        """
        with state_locked(self._state):
            self._check_state()
            self._check_ports()

    async def __aenter__(self) -> Self:
        """Start everything.

        Raises
        ------
        LocalPlatformError
            The assembly cannot be run here, a port is taken, a part does not start, or the
            state folder is in use.
        """
        async with AsyncExitStack() as stack:
            self._exit = stack
            self._entered = asyncio.current_task()
            stack.enter_context(self._told())
            stack.enter_context(self._signals())
            stack.enter_context(state_locked(self._state))
            with usable(self._state):
                if self._fresh:
                    forget(self._state)
                self._check_ports()
                self._read()
                await self._start_services()
                await self._create_resources()
                await self._start_functions()
                await self._start_triggers()
            self._exit = stack.pop_all()
        self.is_up = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything, triggers first and the engine last."""
        self.is_up = False
        await self._exit.__aexit__(kind, error, trace)

    async def wait(self) -> None:
        """Return when a signal asks the platform to stop.

        Raises
        ------
        LocalPlatformError
            A process died and could not be started again, or the disk is full.
        """
        asked = asyncio.create_task(self._asked_to_stop.wait())
        supervisors = [child.supervisor for child in self._children() if child.supervisor]
        self._waiting = True
        try:
            done, _ = await asyncio.wait([asked, *supervisors], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                await task
        finally:
            self._waiting = False
            asked.cancel()
        if self._failure is not None:
            raise self._failure

    async def invoke(self, function: str, payload: Mapping[str, Any] | bytes) -> Invocation:
        """Run a function, by name or ARN, and return what came of it."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return await self.functions.invoke(function, body)

    async def sweep_ttl(self, *, dry_run: bool = False) -> Sweep:
        """Delete the expired items of all tables now; see `ttl.sweep`.

        Raises
        ------
        LocalPlatformError
            The engine is not the embedded one.
        """
        if self.engine is None:
            raise LocalPlatformError(
                self.endpoints.engine,
                "only the embedded engine sweeps on demand.",
                f"Unset {variables.DYNAMODB_ENDPOINT}, or wait for the engine's own TTL.",
            )
        async with DynamoApi(self.endpoints.engine, self.deployment.region) as api:
            swept = await sweep(
                self.deployment.tables, api=api, delete=self.engine.sweep_ttl, dry_run=dry_run
            )
        for table in swept.counts:
            self.event_sources.written(table)
        return swept

    async def run_schedule(self, name: str) -> Sequence[Result]:
        """Run a scheduled rule's targets now, by its name or logical id.

        Raises
        ------
        LocalPlatformError
            There is no such rule.
        """
        return await self.schedules.trigger(name)

    def alarms(self) -> Sequence[LiveAlarm]:
        """Say how the alarms of the deployed templates are."""
        return self._alarms.states()

    def dashboards(self) -> Sequence[Mapping[str, Any]]:
        """Return the dashboards of the templates with what was measured, as JSON has them."""
        now = int(self.clock.now() // MINUTE)
        return list(measured_dashboards(self._templates, self.metrics, now))

    async def advance(self, seconds: float) -> None:
        """Move time forward; what is due on the way happens, and alarms are evaluated.

        Raises
        ------
        LocalPlatformError
            The time is not one that can be moved to.
        """
        if not 0 < seconds <= MOST_SECONDS:
            raise LocalPlatformError(
                "advance",
                f"{seconds:g} s is not a time that can be skipped.",
                f"Take more than 0 and at most {MOST_SECONDS // DAY_SECONDS} days.",
            )
        self._queues.look_again()
        await self._minutes.advance(seconds)

    def begin_fault(self, kind: Kind, name: str, seconds: float) -> Fault:
        """Let something go wrong on purpose, for so many seconds.

        Parameters
        ----------
        name
            A table or `TABLE/INDEX`, a function or a rule, with or without the environment at
            the end of its name.

        Raises
        ------
        LocalPlatformError
            There is no such thing, or the time is not a time.
        """
        if not 0 < seconds <= MOST_SECONDS:
            raise LocalPlatformError(
                kind, f"{seconds:g} s is not a time that a fault can last.", "Use `--for 5m`."
            )
        fault = self.faults.begin(kind, self._breakable(kind, name), seconds)
        self._throttling.probe()
        return fault

    def end_faults(self, name: str | None) -> Sequence[Fault]:
        """End the faults of a name, or all; return those that were on.

        Raises
        ------
        LocalPlatformError
            No fault of that name is on.
        """
        on = {fault.name for fault in self.faults.on()}
        known = next((each for each in self._with_environment(name or "") if each in on), None)
        if name is not None and known is None:
            raise LocalPlatformError(
                name, "nothing goes wrong there on purpose.", instead_of(name, on)
            )
        return self.faults.end(known)

    async def records(self, function: str, first: str, last: str) -> Sequence[Record] | None:
        """Return a stretch of the stream that a function consumes; None if it is gone.

        The engine keeps its streams by the machine's time. What is older than a day by the
        platform's time is gone.
        """
        found = await self.event_sources.records(function, first, last)
        is_old = any(self.clock.age(arrival(record)) > DAY_SECONDS for record in found or ())
        return None if is_old else found

    def status(self) -> Status:
        """Say what runs, and where."""
        apis = zip(self.deployment.apis, self.endpoints.apis, self._pages, strict=True)
        return Status(
            apis=[
                ApiStatus(name=api.name, title=api.title, url=url, pages=_addresses(url, pages))
                for api, url, pages in apis
            ],
            engine=self.endpoints.engine,
            aws=self.endpoints.aws,
            tables=[table.name for table in self.deployment.tables],
            functions=[function.name for function in self.deployment.functions],
            streams=list(self.event_sources.status().values()),
            schedules=self.schedules.next_runs(),
            time=self.clock.at(),
            ahead=self.clock.ahead,
            alarms=[each for each in self._alarms.states() if each.state is State.ALARM],
            faults=list(self.faults.on()),
        )

    def _breakable(self, kind: Kind, name: str) -> str:
        deployment = self.deployment
        known = {
            Kind.THROTTLE: [
                place
                for table in deployment.tables
                for place in (table.name, *(f"{table.name}/{i}" for i in indexes_of(table)))
            ],
            Kind.CRASH: [function.name for function in deployment.functions],
            Kind.PAUSE: [schedule.name for schedule in deployment.schedules],
        }[kind]
        for each in self._with_environment(name):
            if each in known:
                return each
        what = {Kind.THROTTLE: "table or index", Kind.CRASH: "function", Kind.PAUSE: "rule"}[kind]
        raise LocalPlatformError(name, f"there is no such {what}.", instead_of(name, known))

    def _with_environment(self, name: str) -> tuple[str, str]:
        first, slash, index = name.partition("/")
        return name, f"{first}-{self.deployment.environment}{slash}{index}"

    async def _to_the_front(self, _: Request) -> RedirectResponse:
        return RedirectResponse(f"{self.endpoints.issuer}/")

    async def _end_minute(self, minute: int) -> None:
        await self._queues.measure(minute)
        changed, notices = self._alarms.evaluate(minute + 1)
        for each in changed:
            self.logs.write("alarms", None, alarm_line(each))
        await self._notices.tell(notices)
        self._throttling.probe()
        if minute % 60 == 0:
            self.metrics.forget_old()

    async def _begin_minute(self) -> None:
        self.schedules.begin_due()
        await self.schedules.settle()

    def dynamodb(self) -> Any:
        """Return a boto3 client of the engine, past the guard."""
        return client("dynamodb", self.endpoints.engine, self.deployment.region)

    def _check_state(self) -> None:
        """Refuse keys and secrets that cannot be read: what is missing is made at the start."""
        SecretStore(self._state / "secrets.json")
        Issuer.check(self._state / "issuer")

    def _check_ports(self) -> None:
        """Refuse each port that was asked for and is taken, by what needs it."""
        requested = self._requested
        elsewhere = os.environ.get(variables.DYNAMODB_ENDPOINT)
        for name, port in requested.servers.items():
            if port and not (elsewhere and name.startswith("engine")):
                require_free(port, _SERVERS[name], requested.advice)
        for name, port in requested.apis.items():
            require_free(port, f"the API {name}", requested.advice)
        if requested.api and not requested.apis:
            require_free(requested.api, "the first API", requested.advice)

    def _read(self) -> None:
        assembly = read_assembly(self._assembly, self._stacks)
        self.endpoints = endpoints(
            self._ports,
            apis=self._requested.for_apis(api_names(assembly)),
            engine=os.environ.get(variables.DYNAMODB_ENDPOINT, "").rstrip("/") or None,
            declared=self._declared,
        )
        self.deployment = resolve_deployment(
            assembly,
            self.endpoints,
            root=self._root,
            secrets=SecretStore(self._state / "secrets.json"),
            parameters=self._parameters,
            unpacked=self._state / "functions" / "unpacked",
        )
        self.logs = Logs(self._state / "logs", console=self._console, unwritable=self._end_with)
        self._exit.callback(self.logs.close)
        self.clock = Clock()
        self.faults = Faults(self.clock)
        self.metrics = MetricStore(self.clock)
        self.logs.subscribe(self.metrics.add_written)
        self._templates = {stack.id: stack.template for stack in assembly.stacks}
        self._alarms = LiveAlarms(self._templates, self.metrics)
        meter = TableMeter(self.metrics)
        self._throttling = Throttling(self.deployment.tables, self.faults, meter)
        self._meter = meter

    async def _start_services(self) -> None:
        ports, state = self._ports, self._state
        self.issuer = Issuer(self.endpoints.issuer, state / "issuer")
        self._exit.enter_context(announced(self.endpoints.issuer, state))
        self.aws = Aws(
            state / "aws.log",
            port=ports.aws,
            account=self.deployment.account,
            region=self.deployment.region,
            buckets_notify=any(bucket.notifications for bucket in self.deployment.buckets),
        )
        parts: list[Part] = [self.aws]
        if not os.environ.get(variables.DYNAMODB_ENDPOINT):
            self.engine = Engine(
                find_binary(self._root),
                state / "engine.db",
                port=ports.engine,
                mcp_port=ports.engine_mcp,
            )
            parts.append(self.engine)
        if _uses(self.deployment.functions, self.endpoints.cache):
            self.cache = Cache(state / "cache", port=ports.cache)
            parts.append(self.cache)
        require_free(ports.issuer, "the issuer", ports.advice)
        front = self._make_front_pages(self)
        parts.append(Listener(control_app(self, self.issuer.app(), front), ports.issuer))
        await _all(self._start(part) for part in parts)

    async def _create_resources(self) -> None:
        async def bring_tables_up_to_date() -> None:
            self.changes = await asyncio.to_thread(
                lambda: update_tables(
                    self.dynamodb(), self.deployment.tables, embedded=self.engine is not None
                )
            )

        await _all([bring_tables_up_to_date(), self.aws.fill(self.deployment)])

    async def _start_functions(self) -> None:
        engine = urlsplit(self.endpoints.engine)
        data_plane = self.endpoints.engine
        if engine.hostname in (LOOPBACK, "localhost") and engine.port:
            self.guard = Guard(
                self.deployment.functions,
                engine.port,
                meter=self._meter,
                throttling=self._throttling,
            )
            await self._start(self.guard)
            data_plane = self.guard.url
        invoke_api = InvokeApi(lambda: self.functions, lambda: self._targets)
        await self._start(invoke_api)
        of_functions = {
            "AWS_ENDPOINT_URL": self.endpoints.aws,
            "AWS_ENDPOINT_URL_LAMBDA": invoke_api.url,
            "AWS_ENDPOINT_URL_DYNAMODB": data_plane,
            "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": data_plane,
        }
        if self.deployment.rules or self.deployment.buses:
            self.events_api = EventsApi(lambda: self.buses)
            await self._start(self.events_api)
            of_functions["AWS_ENDPOINT_URL_EVENTBRIDGE"] = self.events_api.url
        # The assembly may be older than the code, which the functions of a system share.
        for code, sources in {(f.code, tuple(f.sources)) for f in self.deployment.functions}:
            bundling.refresh(code, sources)
        self.functions = Functions(
            self.deployment.functions,
            state=self._state / "functions",
            logs=self.logs,
            metrics=self.metrics,
            crashes=self.faults.crashes,
            variables=of_functions,
            refresh=bundling.refresh,
        )
        await self._start(self.functions)

    async def _start_triggers(self) -> None:
        deployment = self.deployment
        self._pages = [self._make_pages(api, deployment) for api in deployment.apis]
        front = Route("/", self._to_the_front, methods=["GET"])
        senders = ServiceSenders(self.aws, self.logs)
        self._targets = targets = Targets(
            _Patient(self.functions),
            senders,
            retries={each.name: each.retries for each in deployment.functions},
            metrics=self.metrics,
        )
        self.buses = senders.buses = EventBuses(
            deployment.rules,
            deployment.buses,
            account=deployment.account,
            region=deployment.region,
            targets=targets,
            metrics=self.metrics,
        )
        await self._start(self.buses)
        calls = ServiceCalls(self.aws.sqs, self.buses)
        self.gateways = [
            Gateway(
                api,
                self.functions,
                self.logs,
                metrics=self.metrics,
                account=deployment.account,
                port=_port(url),
                calls=calls,
                extra_routes=[front, *pages],
            )
            for api, url, pages in zip(
                deployment.apis, self.endpoints.apis, self._pages, strict=True
            )
        ]
        self.schedules = Schedules(
            deployment.schedules,
            account=deployment.account,
            region=deployment.region,
            targets=targets,
            metrics=self.metrics,
            is_paused=self.faults.is_paused,
            now=self.clock.at,
        )
        # To look at a queue is to receive a message, which counts where a function consumes it.
        consumed = {mapping.queue.url for mapping in deployment.queue_mappings}
        looked_at = [queue for queue in deployment.queues if queue.url not in consumed]
        self._queues = Queues(looked_at, self.aws, self.clock, self.metrics)
        self._notices = Notices(deployment, self.aws, self.metrics)
        self._minutes = Minutes(self.clock, ended=self._end_minute, began=self._begin_minute)
        self.event_sources = EventSources(
            deployment.mappings,
            tables=deployment.tables,
            functions=deployment.functions,
            endpoint=self.endpoints.engine,
            region=deployment.region,
            invoker=_Patient(self.functions),
            send=self._queues.send,
            state=self._state / "checkpoints",
            unwritable=self._end_with,
            metrics=self.metrics,
            timing=Timing(idle=_IDLE if self.guard else Timing.idle, clock=self.clock),
        )
        if self.guard:
            self.guard.on_write = self.event_sources.written
        await self._start(self._minutes)
        self.queue_sources = QueueSources(
            deployment.queue_mappings,
            sqs=self.aws.sqs,
            region=deployment.region,
            account=deployment.account,
            invoker=_Patient(self.functions),
            targets=targets,
        )
        await self._start(self.schedules)
        await self._start(self.event_sources)
        await self._start(self.queue_sources)
        for gateway, url in zip(self.gateways, self.endpoints.apis, strict=True):
            require_free(_port(url), f"the API {gateway.api.name}", self._requested.advice)
            await self._start(gateway)

    async def _start(self, part: Part) -> None:
        self._exit.push_async_callback(part.stop)  # also when the start fails half-way
        await part.start()

    def _children(self) -> list[Child]:
        parts = (self.engine, self.cache, self.aws)
        return [part.child for part in parts if part is not None and part.child is not None]

    def _stop(self) -> None:
        """End `wait`; outside of it, cancel the task that entered the platform."""
        first = not self._asked_to_stop.is_set()
        self._asked_to_stop.set()
        if self._entered and first and not self._waiting:
            self._entered.cancel()

    def _end_with(self, error: OSError) -> None:
        """Stop, since the state folder cannot be written any longer."""
        if self._failure is None:
            self._failure = refusal(error, self._state) or LocalPlatformError(
                str(self._state), f"cannot be written: {error}.", "Name another with `--state`."
            )
            self._stop()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Let what ended the platform be what its caller sees, not what followed from it."""
        try:
            yield
        except (asyncio.CancelledError, KeylineError):
            if self._failure is None:
                raise
            raise self._failure from None

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Handle SIGINT and SIGTERM meanwhile, where the main thread runs the platform."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop, stop = asyncio.get_running_loop(), self._stop

        handled = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.getsignal(number) for number in handled}
        for number in handled:
            loop.add_signal_handler(number, stop)
        try:
            yield
        finally:
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)


class _Patient:
    """Invokes as stream pollers do: waits for a free environment instead of being throttled."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    async def invoke(self, name: str, payload: bytes) -> Invocation:
        return await self._functions.invoke(name, payload, wait_for_slot=True)


def _uses(functions: Sequence[Function], url: str) -> bool:
    return any(url in value for function in functions for value in function.environment.values())


def _port(url: str) -> int:
    port = urlsplit(url).port
    if port is None:
        raise LocalPlatformError(url, "the address names no port.", "Give it one.")
    return port


async def _all(starts: Iterable[Awaitable[None]]) -> None:
    """Run side by side; raise the first error once all have ended."""
    for result in await asyncio.gather(*starts, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


def _addresses(url: str, pages: Sequence[BaseRoute]) -> dict[str, str]:
    """Return where the pages of an API are, by name; those with a parameter are parts of others."""
    port = urlsplit(url)
    return {
        page.path.strip("/"): f"{port.scheme}://{port.netloc}{PREFIX}{page.path}"
        for page in pages
        if isinstance(page, Route) and "{" not in page.path
    }
