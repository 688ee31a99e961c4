"""An API in front of the functions: from the socket to the function's event and back.

A client gets the answers of HTTP APIs when no function answers. A path or a method without a route
is 404. A body above 10 MB (and above Lambda's 6 MB) is 413. The throttled stage is 429, and headers
above 10,240 bytes are 431. A function that fails, or whose result is not a response, is 500. A
function that overruns the integration's timeout, or cannot be started for lack of concurrency, is
503. REST APIs and function URLs have other statuses and words. The JSON of a failed function's
answer has one member more than on AWS: `log`, the file to read.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import httpx
from starlette.routing import BaseRoute, Mount, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from keyline_local.api import access_log, cors, rest_event
from keyline_local.api.authorizer import Grant, JwtAuthorizer, TokenRefusedError
from keyline_local.api.http_event import (
    HttpRequest,
    HttpResponse,
    MalformedResponseError,
    joined,
    now,
    request_time,
    to_event,
    to_response,
)
from keyline_local.api.http_routes import Match, RouteTable
from keyline_local.api.service_calls import MissingPartError, ServiceCalls
from keyline_local.api.throttle import Throttle
from keyline_local.host.listener import Listener
from keyline_local.host.part import Part
from keyline_local.host.tasks import end
from keyline_local.lambdas.functions import (
    Functions,
    Invocation,
    PayloadTooLargeError,
    ThrottledError,
    new_trace_id,
)
from keyline_local.resources import Api, Route, ServiceCall
from keyline_local.services.logs import Logs
from keyline_local.services.metric_store import MetricStore

MAX_BODY = 10 * 1024 * 1024
"""Bytes of a request's body (API Gateway quotas)."""
MAX_HEADERS = 10_240
"""Bytes of all request headers together (API Gateway quotas)."""
RESERVED_PREFIX = "/_keyline"
"""Where pages of the platform itself are mounted; never a path of the API."""

_DEFAULT_ACCOUNT = "000000000000"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Words:
    """The answers that a kind of API gives by itself: status and message.

    Attributes
    ----------
    no_route
        No route matches the request.
    failed
        The function failed, or its result is not a response.
    late, busy
        The function overran the timeout; no more of it may be started.
    too_long
        The body is too large.
    """

    no_route: tuple[int, str]
    failed: tuple[int, str]
    late: tuple[int, str]
    busy: tuple[int, str]
    too_long: tuple[int, str]


_HTTP = _Words(
    no_route=(404, "Not Found"),
    failed=(500, "Internal Server Error"),
    late=(503, "Service Unavailable"),
    busy=(503, "Service Unavailable"),
    too_long=(413, "Request Entity Too Large"),
)
_REST = _Words(
    no_route=(403, "Missing Authentication Token"),
    failed=(502, "Internal server error"),
    late=(504, "Endpoint request timed out"),
    busy=(500, "Internal server error"),
    too_long=(413, "Request Too Long"),
)
_URL = replace(
    _HTTP,
    failed=(502, "Internal Server Error"),
    late=(502, "Internal Server Error"),
    busy=(429, "Rate Exceeded."),
)
"""The answers of a function URL. Source of 429: "Creating and managing Lambda function URLs"."""


def _words_of(api: Api) -> _Words:
    if api.is_function_url:
        return _URL
    return _REST if api.is_rest else _HTTP


class _EndedError(Exception):
    """The gateway answers by itself."""

    def __init__(self, status: int, message: str, reason: str, challenge: str = "") -> None:
        super().__init__(reason)
        self.status = status
        self.message = message
        self.challenge = challenge

    def response(self) -> HttpResponse:
        headers = [("content-type", "application/json")]
        if self.challenge:
            headers.append(("www-authenticate", self.challenge))
        return HttpResponse(
            self.status,
            headers,
            json.dumps({"message": self.message}, separators=(",", ":")).encode(),
        )


@dataclass(slots=True)
class _Exchange:
    """One request on its way, with what the access log may ask about it."""

    request: HttpRequest
    headers: dict[str, str]
    request_id: str
    started: float
    match: Match | None = None
    grant: Grant | None = None
    invocation: Invocation | None = None
    integration_seconds: float | None = None
    error: _EndedError | None = None


class Gateway(Part):
    """Serves one API on a loopback port of its own.

    Parameters
    ----------
    account
        Twelve digits for the events' `accountId`.
    port
        0 takes a free one.
    calls
        Calls services of AWS for the routes that have no function.
    extra_routes
        Pages to mount under `RESERVED_PREFIX`; they bypass the API's authorizers.
    """

    def __init__(
        self,
        api: Api,
        functions: Functions,
        logs: Logs,
        *,
        metrics: MetricStore | None = None,
        account: str = _DEFAULT_ACCOUNT,
        port: int = 0,
        calls: ServiceCalls | None = None,
        extra_routes: Sequence[BaseRoute] = (),
    ) -> None:
        self.api = api
        self._words = _words_of(api)
        self._functions = functions
        self._logs = logs
        self._metrics = metrics or MetricStore()
        self._account = account
        self._calls = calls
        self._routes = RouteTable(api.routes)
        self._client = httpx.AsyncClient(trust_env=False, timeout=5.0)
        self._authorizers = {
            route.authorizer.logical_id: JwtAuthorizer(route.authorizer, self._client)
            for route in api.routes
            if route.authorizer is not None
        }
        self._throttle = None
        if api.rate is not None:
            self._throttle = Throttle(api.rate, max(1, int(api.burst or api.rate)))
        self._integrations: set[asyncio.Task[Invocation]] = set()
        app: ASGIApp = self._serve
        if extra_routes:
            app = Router([Mount(RESERVED_PREFIX, routes=extra_routes)], default=self._serve)
        self._listener = Listener(app, port)

    @property
    def port(self) -> int:
        return self._listener.port

    @property
    def url(self) -> str:
        """Return where the stage answers, without a trailing slash."""
        stage = "" if self.api.stage == "$default" else f"/{self.api.stage}"
        return self._listener.url + stage

    async def start(self) -> None:
        await self._listener.start()

    async def stop(self) -> None:
        await self._listener.stop()
        await end(self._integrations)
        await self._client.aclose()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = _exchange(scope)
        try:
            response = await self._answer(exchange, scope, receive)
        except _EndedError as error:
            exchange.error = error
            response = error.response()
        except asyncio.CancelledError:  # the listener stops, and this took too long to wait for
            exchange.error = _EndedError(503, "Service Unavailable", "the platform stops")
            response = exchange.error.response()
        except Exception as error:  # noqa: BLE001 - a client never sees a fault of ours
            _log.exception("%s %s failed", scope["method"], scope["path"])
            exchange.error = _EndedError(500, "Internal Server Error", repr(error))
            response = exchange.error.response()
        if response.status in (500, 502) and exchange.match and exchange.invocation:
            response = _with_log(response, self._logs.file_of(exchange.match.route.function))
        origin = exchange.headers.get("origin")
        if self.api.cors is not None and origin and exchange.request.method != "OPTIONS":
            response = cors.decorate(self.api.cors, origin, response)
        if self.api.access_log_format is not None:
            line = access_log.render(self.api.access_log_format, self._context(exchange, response))
            self._logs.write(f"{self.api.name}.access", exchange.request_id, line)
        self._measure(response.status, time.perf_counter() - exchange.started)
        await _send(send, response, exchange.request_id)

    def _measure(self, status: int, seconds: float) -> None:
        """Count a request as HTTP APIs do, under the id that the template has for the API."""
        values = {
            "Count": 1.0,
            "4xx": float(status // 100 == 4),
            "5xx": float(status // 100 == 5),
            "Latency": seconds * 1000,
        }
        for name, value in values.items():
            self._metrics.add("AWS/ApiGateway", name, value, ApiId=self.api.logical_id)

    async def _answer(self, exchange: _Exchange, scope: Scope, receive: Receive) -> HttpResponse:
        request = exchange.request
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADERS:
            raise _EndedError(431, "Request Header Fields Too Large", "the headers are too large")
        body = await _read(receive)
        if self.api.cors is not None and cors.is_preflight(request.method, exchange.headers):
            return cors.preflight(self.api.cors, exchange.headers)
        exchange.match = self._select(request)
        if self._throttle is not None and not self._throttle.admit():
            raise _EndedError(429, "Too Many Requests", "the stage's throttle is exceeded")
        if body is None:
            raise _EndedError(*self._words.too_long, "the body exceeds 10 MB")
        route = exchange.match.route
        if route.answer is not None:
            return HttpResponse(route.answer.status, [*route.answer.headers.items()], b"")
        exchange.grant = await self._authorize(exchange, route)
        if route.call is not None:
            return await self._call(route.call, exchange, body, exchange.match.parameters)
        trace_id = new_trace_id()
        event = self._event(exchange, exchange.match, body, trace_id.partition(";")[0])
        invocation = await self._integrate(exchange, route, event, trace_id)
        if invocation.function_error is not None:
            reason = invocation.payload.decode(errors="replace")[:1000]
            raise _EndedError(*self._words.failed, reason)
        try:
            if self._is_first_format(route):
                return rest_event.to_response(invocation.payload, request, self.api)
            return to_response(invocation.payload)
        except MalformedResponseError as error:
            _log.warning("%s: %s", route.function, error)
            raise _EndedError(*self._words.failed, str(error)) from error

    def _is_first_format(self, route: Route) -> bool:
        return self.api.is_rest or route.payload == "1.0"

    def _event(self, exchange: _Exchange, match: Match, body: bytes, trace_id: str) -> bytes:
        if self._is_first_format(match.route):
            return rest_event.to_event(
                exchange.request,
                body,
                api=self.api,
                route=match.route,
                request_id=exchange.request_id,
                account=self._account,
                trace_id=trace_id,
                parameters=match.parameters,
                grant=exchange.grant,
            )
        return to_event(
            exchange.request,
            body,
            request_id=exchange.request_id,
            route_key=match.route.key,
            stage=self.api.stage,
            api_id=self.api.api_id,
            account=self._account,
            trace_id=trace_id,
            parameters=match.parameters,
            grant=exchange.grant,
        )

    async def _call(
        self, call: ServiceCall, exchange: _Exchange, body: bytes, parameters: Mapping[str, str]
    ) -> HttpResponse:
        assert self._calls is not None, "the platform gives them to each gateway"  # noqa: S101
        context = {"requestId": exchange.request_id, "stage": self.api.stage}
        try:
            return await self._calls.answer(call, exchange.request, body, parameters, context)
        except MissingPartError as error:
            raise _EndedError(400, "Bad Request", str(error)) from error

    def _select(self, request: HttpRequest) -> Match:
        path = request.path
        if self.api.stage != "$default":
            stage, _, rest = path[1:].partition("/")
            path = f"/{rest}" if stage == self.api.stage else ""
        match = self._routes.select(request.method, path) if path else None
        if match is None:
            reason = f"no route for {request.method} {request.path}"
            raise _EndedError(*self._words.no_route, reason)
        return match

    async def _authorize(self, exchange: _Exchange, route: Route) -> Grant | None:
        if route.authorizer is None:
            return None
        authorizer = self._authorizers[route.authorizer.logical_id]
        try:
            return await authorizer.authorize(
                exchange.headers, exchange.request.query, route.scopes
            )
        except TokenRefusedError as error:
            message = "Unauthorized" if error.status == 401 else "Forbidden"
            raise _EndedError(error.status, message, str(error), error.challenge) from error

    async def _integrate(
        self, exchange: _Exchange, route: Route, event: bytes, trace_id: str
    ) -> Invocation:
        """Invoke the function; one that overruns the integration's timeout runs on, unheard."""
        started = time.perf_counter()
        task = asyncio.ensure_future(
            self._functions.invoke(route.function, event, trace_id=trace_id)
        )
        self._integrations.add(task)
        task.add_done_callback(partial(_forget, self._integrations))
        try:
            async with asyncio.timeout(route.timeout):
                exchange.invocation = await asyncio.shield(task)
        except TimeoutError:
            reason = f"{route.function} did not answer in {route.timeout:g} s"
            raise _EndedError(*self._words.late, reason) from None
        except ThrottledError as error:
            raise _EndedError(*self._words.busy, str(error)) from error
        except PayloadTooLargeError as error:
            raise _EndedError(*self._words.too_long, str(error)) from error
        finally:
            exchange.integration_seconds = time.perf_counter() - started
        return exchange.invocation

    def _context(self, exchange: _Exchange, response: HttpResponse) -> dict[str, object]:
        """Return those `$context` variables of "Customize HTTP API access logs" that exist here."""
        request, error = exchange.request, exchange.error
        seconds, invocation = exchange.integration_seconds, exchange.invocation
        latency = None if seconds is None else round(seconds * 1000)
        failure = None
        if invocation is not None and invocation.function_error is not None:
            failure = invocation.payload.decode(errors="replace")
        context: dict[str, object] = {
            "accountId": self._account,
            "apiId": self.api.api_id,
            "domainName": exchange.headers.get("host", "").partition(":")[0],
            "extendedRequestId": exchange.request_id,
            "httpMethod": request.method,
            "identity.sourceIp": request.source_ip,
            "identity.userAgent": exchange.headers.get("user-agent"),
            "path": request.path,
            "protocol": request.protocol,
            "requestId": exchange.request_id,
            "requestTime": request_time(request.received),
            "requestTimeEpoch": int(request.received.timestamp() * 1000),
            "responseLatency": round((time.perf_counter() - exchange.started) * 1000),
            "responseLength": len(response.body),
            "routeKey": None if exchange.match is None else exchange.match.route.key,
            "stage": self.api.stage,
            "status": response.status,
            "integrationLatency": latency,
            "integration.latency": latency,
            "integrationErrorMessage": failure,
            "integration.error": failure,
            "integration.requestId": None if invocation is None else invocation.request_id,
            "integrationStatus": None if invocation is None else 200,
            "integration.integrationStatus": None if invocation is None else 200,
            "integration.status": None if invocation is None else 200,
            "error.message": None if error is None else error.message,
            "error.messageString": None if error is None else json.dumps(error.message),
            "authorizer.error": str(error) if error is not None and error.challenge else None,
        }
        for name, value in (exchange.grant.claims if exchange.grant else {}).items():
            context[f"authorizer.claims.{name}"] = value
        return context


def _forget(tasks: set[asyncio.Task[Invocation]], task: asyncio.Task[Invocation]) -> None:
    tasks.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.debug("integration ended with %r", error)


def _with_log(response: HttpResponse, log: Path) -> HttpResponse:
    """Name the log file in the body, if that is a JSON object."""
    try:
        document = json.loads(response.body)
    except ValueError:
        return response
    if not isinstance(document, dict):
        return response
    body = json.dumps({**document, "log": str(log)}, separators=(",", ":")).encode()
    return replace(response, body=body)


def _exchange(scope: Scope) -> _Exchange:
    headers = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
    ]
    client = scope.get("client")
    request = HttpRequest(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        source_ip=client[0] if client else "127.0.0.1",
        protocol=f"HTTP/{scope['http_version']}",
        received=now(),
    )
    request_id = base64.b64encode(secrets.token_bytes(11)).decode()
    return _Exchange(request, joined(headers), request_id, time.perf_counter())


async def _read(receive: Receive) -> bytes | None:
    """Read the whole body; None if it is too large, read to its end all the same.

    Raises
    ------
    _EndedError
        If the client went away before the end: half of a body is not handed to a function.
    """
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _EndedError(400, "Bad Request", "the body did not come whole")
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size <= MAX_BODY:
            chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks) if size <= MAX_BODY else None


async def _send(send: Send, response: HttpResponse, request_id: str) -> None:
    headers = [(name.encode(), value.encode()) for name, value in response.headers]
    headers.append((b"apigw-requestid", request_id.encode()))
    body = response.body
    if response.status in (204, 304):  # HTTP gives these no body
        body = b""
    else:
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
