"""What a second terminal may ask of a running platform: its state, a TTL sweep, a schedule's run.

Served beside the token issuer, on loopback. A web page cannot call it: it asks for a header
that a browser sends to another origin only with that origin's leave, which is never given.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from keyline.errors import KeylineError
from keyline_local.host.errors import LocalPlatformError

if TYPE_CHECKING:
    from keyline_local.platform import Platform

PREFIX = "/_keyline"
_HEADER = "x-keyline"
_ADDRESS = "issuer.url"

Handler = Callable[[Request], Awaitable[Response]]


def control_app(platform: Platform, issuer: Starlette) -> Starlette:
    """The issuer's app with the platform's control mounted under `/_keyline`."""

    def guarded(handler: Handler) -> Handler:
        async def answer(request: Request) -> Response:
            if not platform.is_up:
                return JSONResponse({"message": "the platform is starting"}, status_code=503)
            if _HEADER not in request.headers:
                return JSONResponse({"message": f"send the header {_HEADER}"}, status_code=403)
            try:
                return await handler(request)
            except KeylineError as error:
                return JSONResponse(
                    {
                        "path": error.path,
                        "message": error.message,
                        "suggestion": error.suggestion,
                    },
                    status_code=409,
                )

        return answer

    async def status(_: Request) -> Response:
        sources = platform.event_sources.status()
        return JSONResponse(
            {
                "apis": {
                    api.name: url
                    for api, url in zip(
                        platform.deployment.apis, platform.endpoints.apis, strict=True
                    )
                },
                "engine": platform.endpoints.engine,
                "aws": platform.endpoints.aws,
                "tables": [table.name for table in platform.deployment.tables],
                "functions": [function.name for function in platform.deployment.functions],
                "streams": [dataclasses.asdict(source) for source in sources.values()],
                "schedules": {
                    name: at.isoformat() if at else None
                    for name, at in platform.schedules.next_runs().items()
                },
            }
        )

    async def sweep(request: Request) -> Response:
        done = await platform.sweep_ttl(dry_run=request.query_params.get("dry_run") == "1")
        return JSONResponse(dataclasses.asdict(done))

    async def run_schedule(request: Request) -> Response:
        results = await platform.schedules.trigger(request.path_params["name"])
        return JSONResponse(
            [{"error": r.function_error, "payload": r.payload.decode()} for r in results]
        )

    return Starlette(
        routes=[
            Route(f"{PREFIX}/status", guarded(status), methods=["GET"]),
            Route(f"{PREFIX}/sweep", guarded(sweep), methods=["POST"]),
            Route(f"{PREFIX}/schedules/{{name}}", guarded(run_schedule), methods=["POST"]),
            Mount("/", issuer),
        ]
    )


@contextlib.contextmanager
def announced(url: str, state: Path) -> Iterator[None]:
    """Say in the state folder where the issuer answers, while it does: on free ports, say."""
    file = state / _ADDRESS
    file.write_text(url)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def issuer_url(state: Path, otherwise: str) -> str:
    """The address of the issuer that runs on a state folder.

    Parameters
    ----------
    otherwise
        The address where none runs there.
    """
    file = state / _ADDRESS
    return file.read_text() if file.is_file() else otherwise


def ask(url: str, method: str, path: str, **params: str) -> Any:
    """Ask a running platform.

    Parameters
    ----------
    url
        Its issuer's address.

    Raises
    ------
    LocalPlatformError
        If none runs there, or it refuses.
    """
    try:
        response = httpx.request(
            method, f"{url}{PREFIX}{path}", params=params, headers={_HEADER: "1"}, timeout=120
        )
    except httpx.TransportError as error:
        raise LocalPlatformError(
            url, f"no local platform answers there ({error}).", "Start one with `make up`."
        ) from error
    if response.status_code == 503:
        raise LocalPlatformError(url, "the local platform is starting.", "Ask again in a moment.")
    if response.status_code == 409:
        raise LocalPlatformError(**response.json())
    response.raise_for_status()
    return response.json()
