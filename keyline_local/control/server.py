"""Answers of a running platform to a second terminal: state, sweeps, runs, records.

Served beside the token issuer, on loopback. A web page cannot call it: it asks for a header
that a browser sends to another origin only with that origin's leave, which is never given. A
request by another name than this machine's is refused, so that no name of the network can be made
to lead here. The front pages alone need no header: a browser shows them.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from keyline.errors import KeylineError, instead_of
from keyline_deploy.alarms import State
from keyline_local.control.client import ADDRESS, HEADER, PREFIX
from keyline_local.control.index import index_page
from keyline_local.control.status import Status, alarm_json, fault_json
from keyline_local.dynamodb.ttl import Sweep
from keyline_local.host.errors import LocalPlatformError
from keyline_local.host.process import LOOPBACK
from keyline_local.lambdas.functions import (
    Invocation,
    PayloadTooLargeError,
    ThrottledError,
    UnknownFunctionError,
)
from keyline_local.services.faults import Fault, Kind
from keyline_local.services.live_alarms import LiveAlarm
from keyline_local.triggers.event_source import Result
from keyline_local.triggers.stream_retry import Record

LOG_BYTES = 4096
"""How much of its log an invocation answers (Lambda API reference, Invoke, LogResult)."""

Handler = Callable[[Request], Awaitable[Response]]


class Controlled(Protocol):
    """A platform, as far as the control needs it."""

    is_up: bool

    def status(self) -> Status:
        """Say what runs."""

    async def sweep_ttl(self, *, dry_run: bool = False) -> Sweep:
        """Delete the expired items now."""

    async def run_schedule(self, name: str) -> Sequence[Result]:
        """Run a scheduled rule now."""

    async def invoke(self, function: str, payload: bytes) -> Invocation:
        """Run a function with an event."""

    def alarms(self) -> Sequence[LiveAlarm]:
        """Say how the alarms are."""

    def dashboards(self) -> Sequence[Mapping[str, Any]]:
        """Return the dashboards with what was measured, as JSON has them."""

    async def advance(self, seconds: float) -> None:
        """Move time forward."""

    def begin_fault(self, kind: Kind, name: str, seconds: float) -> Fault:
        """Let something go wrong on purpose."""

    def end_faults(self, name: str | None) -> Sequence[Fault]:
        """End what goes wrong on purpose, of a name or all."""

    async def records(self, function: str, first: str, last: str) -> Sequence[Record] | None:
        """Return a stretch of the stream that a function consumes; None if it is gone."""


def index_route(platform: Controlled) -> Route:
    """Return the front page of a platform that is given none."""

    async def index(_: Request) -> Response:
        return HTMLResponse(index_page(platform.status()))

    return Route("/", index, methods=["GET"])


def control_app(
    platform: Controlled, issuer: Starlette, front: Sequence[BaseRoute] = ()
) -> Starlette:
    """Return the issuer's app with the platform's control under `/_keyline`, and front pages.

    Parameters
    ----------
    front
        The front pages; the index page by default.
    """

    def guarded(handler: Handler) -> Handler:
        async def answer(request: Request) -> Response:
            if not platform.is_up:
                return _starting()
            if HEADER not in request.headers:
                return JSONResponse({"message": f"send the header {HEADER}"}, status_code=403)
            try:
                return await handler(request)
            except KeylineError as error:
                return _refusal(error)

        return answer

    async def status(_: Request) -> Response:
        return JSONResponse(platform.status().as_json())

    async def sweep(request: Request) -> Response:
        done = await platform.sweep_ttl(dry_run=request.query_params.get("dry_run") == "1")
        return JSONResponse(dataclasses.asdict(done))

    async def run_schedule(request: Request) -> Response:
        results = await platform.run_schedule(request.path_params["name"])
        return JSONResponse(
            [{"error": r.function_error, "payload": r.payload.decode()} for r in results]
        )

    async def invoke(request: Request) -> Response:
        name = request.path_params["name"]
        try:
            done = await platform.invoke(name, await request.body())
        except UnknownFunctionError as error:
            known = platform.status().functions
            raise LocalPlatformError(
                name, "no such function runs.", instead_of(name, known)
            ) from error
        except PayloadTooLargeError as error:
            raise LocalPlatformError(
                name, f"the event is too large: {error}.", "Send a smaller one."
            ) from error
        except ThrottledError as error:
            raise LocalPlatformError(name, f"{error}", "Try again in a moment.") from error
        return JSONResponse(
            {
                "error": done.function_error,
                "payload": done.payload.decode(),
                "request_id": done.request_id,
                "duration_ms": round(done.duration * 1000, 1),
                "cold": done.cold,
                "log": _tail(done.lines),
            }
        )

    async def alarms(_: Request) -> Response:
        return JSONResponse([alarm_json(each) for each in platform.alarms()])

    async def dashboards(_: Request) -> Response:
        joining = [each for each in platform.alarms() if each.joins]
        return JSONResponse(
            {
                "time": platform.status().time.isoformat(timespec="seconds"),
                "states": [alarm_json(each) for each in joining],
                "dashboards": platform.dashboards(),
            }
        )

    async def advance(request: Request) -> Response:
        before = {(a.stack, a.name): a.state for a in platform.alarms()}
        await platform.advance(_seconds(request))
        changed = [
            alarm
            for alarm in platform.alarms()
            if State.ALARM in (was := {alarm.state, before[alarm.stack, alarm.name]})
            and len(was) > 1
        ]
        status = platform.status().as_json()
        return JSONResponse(
            {
                "time": status["time"],
                "ahead": status["ahead"],
                "changed": [alarm_json(each) for each in changed],
            }
        )

    async def begin_fault(request: Request) -> Response:
        fault = platform.begin_fault(_kind(request), _asked(request, "name"), _seconds(request))
        return JSONResponse(fault_json(fault))

    async def end_faults(request: Request) -> Response:
        ended = platform.end_faults(request.query_params.get("name"))
        return JSONResponse([fault_json(each) for each in ended])

    async def records(request: Request) -> Response:
        name = request.path_params["name"]
        found = await platform.records(name, _asked(request, "first"), _asked(request, "last"))
        return JSONResponse({"records": found if found is None else list(found)})

    return Starlette(
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[LOOPBACK, "localhost"])],
        routes=[
            Route(f"{PREFIX}/status", guarded(status), methods=["GET"]),
            Route(f"{PREFIX}/sweep", guarded(sweep), methods=["POST"]),
            Route(f"{PREFIX}/schedules/{{name}}", guarded(run_schedule), methods=["POST"]),
            Route(f"{PREFIX}/functions/{{name}}", guarded(invoke), methods=["POST"]),
            Route(f"{PREFIX}/alarms", guarded(alarms), methods=["GET"]),
            Route(f"{PREFIX}/dashboards", guarded(dashboards), methods=["GET"]),
            Route(f"{PREFIX}/time", guarded(advance), methods=["POST"]),
            Route(f"{PREFIX}/faults", guarded(end_faults), methods=["DELETE"]),
            Route(f"{PREFIX}/faults/{{kind}}", guarded(begin_fault), methods=["POST"]),
            Route(f"{PREFIX}/streams/{{name}}", guarded(records), methods=["GET"]),
            *issuer.routes,
            Mount("/", _once_up(platform, Router(front or [index_route(platform)]))),
        ],
    )


def _once_up(platform: Controlled, app: ASGIApp) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await (app if platform.is_up else _starting())(scope, receive, send)

    return answer


class _BadRequestError(LocalPlatformError):
    """A request that is wrong in itself, whatever state the platform is in."""


def _refusal(error: KeylineError) -> Response:
    told = {"path": error.path, "message": error.message, "suggestion": error.suggestion}
    return JSONResponse(told, status_code=400 if isinstance(error, _BadRequestError) else 409)


def _asked(request: Request, name: str) -> str:
    """Return a parameter of the query that a request must have."""
    given = request.query_params.get(name)
    if given is None:
        raise _BadRequestError(name, "is not in the query.", f"Add {name}=VALUE to the query.")
    return given


def _seconds(request: Request) -> float:
    given = _asked(request, "seconds")
    try:
        return float(given)
    except ValueError:
        raise _BadRequestError(
            "seconds", f"{given!r} is not a number.", "Give a number of seconds."
        ) from None


def _kind(request: Request) -> Kind:
    given = request.path_params["kind"]
    try:
        return Kind(given)
    except ValueError:
        raise _BadRequestError(
            "kind",
            f"{given!r} is not a kind of fault.",
            instead_of(given, [kind.value for kind in Kind]),
        ) from None


def _tail(lines: Sequence[str]) -> list[str]:
    """Return the last whole lines of a log that fit what Lambda's `LogResult` holds."""
    kept: list[str] = []
    left = LOG_BYTES
    for line in reversed(lines):
        left -= len(line.encode()) + 1
        if left < 0:
            break
        kept.append(line)
    return kept[::-1]


@contextlib.contextmanager
def announced(url: str, state: Path) -> Iterator[None]:
    """Say in the state folder where the issuer answers, while it does.

    The file is locked meanwhile, so that one that a killed platform left behind says nothing.
    """
    path = state / ADDRESS
    path.unlink(missing_ok=True)
    with path.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(url)
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _starting() -> Response:
    return JSONResponse({"message": "the platform is starting"}, status_code=503)
