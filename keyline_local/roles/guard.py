"""Stands between the functions and the engine: IAM as AWS would apply it, and a record of it.

Every request is judged by the role of the function whose access key signed it, then passed
on unchanged. Signatures are not verified: the credentials are names (`identity`).
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import httptools
import msgspec

from keyline_local.cloudformation.resource_names import STREAM_LABEL
from keyline_local.dynamodb.table_meter import TableMeter
from keyline_local.dynamodb.throttling import Throttling
from keyline_local.dynamodb.uses import Use, operation_of, uses
from keyline_local.host.http1 import Request, Server, response
from keyline_local.host.part import Part
from keyline_local.host.process import LOOPBACK
from keyline_local.resources import Function
from keyline_local.roles.iam import Decision, evaluate
from keyline_local.roles.identity import Credentials, access_key_of
from keyline_local.services.metric_store import MetricStore

_log = logging.getLogger(__name__)

_CONTENT_TYPE = "application/x-amz-json-1.0"
_PARTIQL = frozenset({"ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"})


@dataclass(frozen=True, slots=True)
class Access:
    """One use of an IAM action on a table (or one of its indexes) by a function."""

    function: str
    action: str
    table: str
    index: str | None


class Guard(Part):
    """An HTTP proxy in front of the engine.

    Parameters
    ----------
    meter
        Is told of every answer.
    throttling
        Refuses what is throttled on purpose.
    port
        0 takes a free one.

    Attributes
    ----------
    seen, denied
        Every distinct `Access` that was granted and refused so far.
    on_write
        Called with the name of a table that may have been written to.
    port
        The port it listens on.
    """

    def __init__(
        self,
        functions: Iterable[Function],
        engine_port: int,
        port: int = 0,
        *,
        meter: TableMeter | None = None,
        throttling: Throttling | None = None,
    ) -> None:
        self.seen: set[Access] = set()
        self.denied: set[Access] = set()
        self.on_write: Callable[[str], None] = lambda _: None
        self._functions = {Credentials.of(each.name).access_key: each for each in functions}
        self._decisions: dict[tuple[str, Use], Decision] = {}
        self._meter = meter or TableMeter(MetricStore())
        self._throttling = throttling
        self._engine = _Engine(engine_port)
        self._server = Server(self._handle, port)

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._server.port}"

    async def start(self) -> None:
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop()
        self._engine.close()

    def _handle(self, request: Request) -> bytes | asyncio.Future[bytes]:
        function = self._functions.get(
            access_key_of(request.headers.get(b"authorization", b"")) or ""
        )
        if function is None:
            message = "The security token included in the request is invalid."
            return self._wrong(
                _error("com.amazon.coral.service#UnrecognizedClientException", message)
            )
        operation = operation_of(request.headers)
        try:
            touched = uses(operation, request.body)
        except msgspec.DecodeError as error:
            return self._wrong(
                _error("com.amazon.coral.service#SerializationException", str(error))
            )
        denied = self._denial(function, operation, touched)
        if denied is not None:
            return self._wrong(denied)
        throttled = self._throttling and self._throttling.answer(operation, touched)
        if throttled:
            return _reply(400, throttled)
        answer = self._engine.send(request)
        told = partial(self._answered, operation, touched, time.perf_counter())
        answer.add_done_callback(told)
        return answer

    def _denial(self, function: Function, operation: str, touched: Sequence[Use]) -> bytes | None:
        if operation in _PARTIQL:
            return _access_denied(
                f"{operation}: PartiQL is refused here, since its tables cannot be told from the "
                "request; use the item operations"
            )
        for use in touched:
            decision = self._decide(function, use)
            access = Access(function.name, use.action, use.table_name, use.index)
            if not decision.allowed:
                self.denied.add(access)
                return _access_denied(_wording(function, use, decision))
            self.seen.add(access)
        return None

    def _answered(
        self,
        operation: str,
        touched: Sequence[Use],
        started: float,
        answer: asyncio.Future[bytes],
    ) -> None:
        if not answer.cancelled():
            seconds = time.perf_counter() - started
            self._meter.answered(operation, touched, answer.result(), seconds)
        for use in touched:  # an answer that nobody waits for may be to a write as well
            if use.writes:
                self.on_write(use.table_name)

    def _wrong(self, answer: bytes) -> bytes:
        self._meter.wrong()
        return answer

    def _decide(self, function: Function, use: Use) -> Decision:
        key = (function.name, use)
        decision = self._decisions.get(key)
        if decision is None:
            action, resource = f"dynamodb:{use.action}", _resource(function, use)
            decision = evaluate(function.statements, action, resource)
            self._decisions[key] = decision
        return decision


def _resource(function: Function, use: Use) -> str:
    if use.arn is not None:
        return use.arn
    if not use.table:
        return "*"
    arn = use.table
    if not arn.startswith("arn:"):
        _, partition, _, region, account, *_ = function.arn.split(":")
        arn = f"arn:{partition}:dynamodb:{region}:{account}:table/{use.table}"
    if use.action == "GetRecords":
        return f"{arn}/stream/{STREAM_LABEL}"
    return f"{arn}/index/{use.index}" if use.index else arn


def _wording(function: Function, use: Use, decision: Decision) -> str:
    _, partition, _, _, account, *_ = function.arn.split(":")
    role = function.role or function.name
    user = f"arn:{partition}:sts::{account}:assumed-role/{role}/{function.name}"
    action = f"dynamodb:{use.action}"
    why = (
        "with an explicit deny in an identity-based policy"
        if decision.explicit
        else f"because no identity-based policy allows the {action} action"
    )
    return (
        f"User: {user} is not authorized to perform: {action} "
        f"on resource: {_resource(function, use)} {why}"
    )


def _access_denied(message: str) -> bytes:
    _log.warning("%s", message)
    body = {"__type": "com.amazon.coral.service#AccessDeniedException", "Message": message}
    return _reply(400, body)


def _error(kind: str, message: str, status: int = 400) -> bytes:
    return _reply(status, {"__type": kind, "message": message})


def _reply(status: int, body: Mapping[str, object]) -> bytes:
    request_id = uuid.uuid4().hex.upper()
    return response(status, json.dumps(body).encode(), _CONTENT_TYPE, x_amzn_RequestId=request_id)


class _Engine:
    """A keep-alive pool of connections to the engine."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[_Upstream] = []
        self._open: set[_Upstream] = set()

    def send(self, request: Request) -> asyncio.Future[bytes]:
        """Pass a request on; resolves to the response's bytes.

        Nothing is sent twice: only the caller knows whether its request may be repeated. An
        engine that does not answer is reported as DynamoDB's InternalServerError, which
        the AWS SDKs retry.
        """
        data = _render(request)
        if self._idle:
            return self._idle.pop().send(data)
        return asyncio.ensure_future(self._connect_and_send(data))

    async def _connect_and_send(self, data: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        try:
            _, upstream = await loop.create_connection(
                lambda: _Upstream(self._idle, self._open), LOOPBACK, self._port
            )
        except OSError as error:
            return _unavailable(error)
        return await upstream.send(data)

    def close(self) -> None:
        for upstream in tuple(self._open):
            upstream.close()


def _unavailable(error: object) -> bytes:
    _log.warning("the engine does not answer: %s", error)
    kind = "com.amazonaws.dynamodb.v20120810#InternalServerError"
    return _error(kind, "The local engine does not answer.", status=500)


def _render(request: Request) -> bytes:
    head = f"{request.method} {request.target} HTTP/1.1\r\n".encode("latin-1")
    headers: Sequence[bytes] = [
        name + b": " + value + b"\r\n"
        for name, value in request.headers.items()
        if name not in (b"connection", b"expect", b"transfer-encoding", b"content-length")
    ]
    length = b"content-length: %d\r\n\r\n" % len(request.body)
    return b"".join((head, *headers, length, request.body))


class _Upstream(asyncio.Protocol):
    """One connection to the engine; gathers the bytes of one response at a time.

    A connection is in `idle` exactly while it can take a request, and in `open` while it lives.
    """

    def __init__(self, idle: list[_Upstream], open_: set[_Upstream]) -> None:
        self._idle = idle
        self._open = open_
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._received: list[bytes] = []
        self._complete = False
        self._keep_alive = False

    def send(self, data: bytes) -> asyncio.Future[bytes]:
        assert self._transport is not None  # noqa: S101 - it is connected
        self._received = []
        self._complete = False
        self._parser = httptools.HttpResponseParser(self)
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(data)
        return self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows for mypy
        self._transport = transport
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.discard(self)
        if self in self._idle:
            self._idle.remove(self)
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(_unavailable(exc or "it closed the connection"))

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._answer.done():
            self.close()  # its caller went away, or nobody asked: this connection is of no use
            return
        self._received.append(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._answer.set_result(_unavailable(error))
            self.close()
            return
        if self._complete:
            if self._keep_alive:
                self._idle.append(self)
            self._answer.set_result(b"".join(self._received))

    def on_message_complete(self) -> None:
        self._complete = True
        self._keep_alive = self._parser.should_keep_alive()
