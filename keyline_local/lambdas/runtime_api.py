"""The Lambda Runtime API, as AWS's runtime interface client speaks it (version 2018-06-01).

Each environment has a server and port of its own. The client builds some of its URLs with
`http.client.HTTPConnection(address)`, which refuses a path after the port, so a path prefix
cannot tell environments apart; a port also keeps one environment from answering for another.

The payload limits and error names are those of "Using the Lambda runtime API for custom
runtimes" and "Lambda quotas".
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass

from keyline_local.host.http1 import Request, Server, response
from keyline_local.host.process import LOOPBACK

MAX_RESPONSE = 6 * 1024 * 1024 + 100
"""Bytes: AWS's limit of 6 MB and the 100 bytes that it grants on top."""

_PREFIX = "/2018-06-01/runtime/"
_ACCEPTED = response(202, b'{"status":"OK"}')


@dataclass(frozen=True, slots=True)
class Work:
    """One invocation as the environment receives it; `deadline_ms` in epoch milliseconds."""

    request_id: str
    payload: bytes
    deadline_ms: int
    function_arn: str
    trace_id: str


@dataclass(frozen=True, slots=True)
class InvocationEnd:
    """The end of an invocation; `error` is AWS's X-Amz-Function-Error."""

    payload: bytes
    error: str | None = None


def failure(error_type: str, message: str) -> InvocationEnd:
    """Return an error that the platform reports, and not the handler."""
    document = {"errorType": error_type, "errorMessage": message}
    return InvocationEnd(json.dumps(document).encode(), "Unhandled")


class RuntimeApi:
    """The Runtime API of one environment.

    `ready` is resolved by the first request for work, or with the outcome of a failed init;
    `delivered` tells whether the environment has fetched the work last submitted.
    """

    def __init__(self) -> None:
        self.ready: asyncio.Future[InvocationEnd | None] = (
            asyncio.get_running_loop().create_future()
        )
        self.delivered = False
        self._server = Server(self._handle)
        self._work: asyncio.Future[Work] = asyncio.get_running_loop().create_future()
        self._current: str | None = None
        self._fetched: Callable[[], None] | None = None
        self._outcome: asyncio.Future[InvocationEnd] | None = None

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self._server.port}"

    async def start(self) -> None:
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop()

    def submit(
        self, work: Work, *, fetched: Callable[[], None] | None = None
    ) -> asyncio.Future[InvocationEnd]:
        """Hand work to the environment; one at a time. `fetched` is called when it has the work."""
        self.delivered = False
        self._fetched = fetched
        self._current = work.request_id
        self._outcome = asyncio.get_running_loop().create_future()
        self._work.set_result(work)
        return self._outcome

    def end(self, outcome: InvocationEnd) -> None:
        """End the current invocation from outside: the process died or overran its time."""
        if not self.ready.done():
            self.ready.set_result(outcome)
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(outcome)

    def _handle(self, request: Request) -> bytes | asyncio.Future[bytes]:
        path = request.target.removeprefix(_PREFIX)
        if path == "invocation/next":
            return asyncio.ensure_future(self._next())
        if path == "init/error":
            self.end(InvocationEnd(request.body, "Unhandled"))
            return _ACCEPTED
        area, _, rest = path.partition("/")
        request_id, _, verb = rest.partition("/")
        if area != "invocation" or verb not in ("response", "error"):
            return _problem(404, "ResourceNotFound", f"no such Runtime API path: {request.target}")
        if request_id != self._current:
            return _problem(400, "InvalidRequestID", f"{request_id} is not being processed")
        return self._finish(request.body, verb)

    async def _next(self) -> bytes:
        if not self.ready.done():
            self.ready.set_result(None)
        work = await asyncio.shield(self._work)
        self.delivered = True
        if self._fetched is not None:
            self._fetched()
        self._work = asyncio.get_running_loop().create_future()
        return response(
            200,
            work.payload,
            Lambda_Runtime_Aws_Request_Id=work.request_id,
            Lambda_Runtime_Deadline_Ms=str(work.deadline_ms),
            Lambda_Runtime_Invoked_Function_Arn=work.function_arn,
            Lambda_Runtime_Trace_Id=work.trace_id,
        )

    def _finish(self, body: bytes, verb: str) -> bytes:
        self._current = None
        if len(body) > MAX_RESPONSE:
            kind = "Function.ResponseSizeTooLarge"
            limit = (
                "Response payload size exceeded maximum allowed payload size "
                f"({MAX_RESPONSE} bytes)."
            )
            self.end(failure(kind, limit))
            return _problem(413, kind, limit)
        self.end(InvocationEnd(body, "Unhandled" if verb == "error" else None))
        return _ACCEPTED


def _problem(status: int, kind: str, message: str) -> bytes:
    return response(status, json.dumps({"errorType": kind, "errorMessage": message}).encode())
