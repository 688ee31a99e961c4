"""Lambda's Invoke, for functions that call functions: `boto3.client("lambda").invoke(...)`.

Source: "Invoke" in the Lambda API reference. The role of a caller is not judged: only calls to
DynamoDB are.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from keyline_local.host.listener import Listener
from keyline_local.host.part import Part
from keyline_local.host.tasks import end
from keyline_local.lambdas.functions import (
    Functions,
    PayloadTooLargeError,
    ThrottledError,
    UnknownFunctionError,
)
from keyline_local.triggers.stream_retry import Backoff
from keyline_local.triggers.targets import RETRIES

_ERRORS = {
    UnknownFunctionError: (404, "ResourceNotFoundException"),
    ThrottledError: (429, "TooManyRequestsException"),
    PayloadTooLargeError: (413, "RequestTooLargeException"),
}
_log = logging.getLogger(__name__)


class InvokeApi(Part):
    """Serves Invoke on a loopback port of its own.

    Parameters
    ----------
    functions
        Gives the functions, which are told its address when they are made.
    retries
        How often an asynchronous invocation is repeated after an error, by the function's name.
    """

    def __init__(
        self, functions: Callable[[], Functions], retries: Mapping[str, int] | None = None
    ) -> None:
        self._functions = functions
        self._retries = retries or {}
        self._backoff = Backoff(base=1.0)
        self._tasks: set[asyncio.Task[None]] = set()
        path = "/2015-03-31/functions/{name:path}/invocations"
        self._listener = Listener(Starlette(routes=[Route(path, self._invoke, methods=["POST"])]))

    @property
    def url(self) -> str:
        return self._listener.url

    async def start(self) -> None:
        await self._listener.start()

    async def stop(self) -> None:
        """Stop serving; asynchronous invocations that are under way are given up."""
        await self._listener.stop()
        await end(self._tasks)

    async def _invoke(self, request: Request) -> Response:
        name = _plain(request.path_params["name"])
        kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
        payload = await request.body() or b"{}"
        try:
            if kind != "RequestResponse":
                return self._later(name, payload, run=kind == "Event")
            done = await self._functions().invoke(name, payload)
        except tuple(_ERRORS) as error:
            status, code = _ERRORS[type(error)]
            message = {"Type": "User", "Message": str(error)}
            return JSONResponse(message, status, headers={"x-amzn-errortype": code})
        headers = {"x-amz-executed-version": "$LATEST", "x-amzn-requestid": done.request_id}
        if done.function_error is not None:
            headers["x-amz-function-error"] = done.function_error
        return Response(done.payload, 200, headers)

    def _later(self, name: str, payload: bytes, *, run: bool) -> Response:
        if name not in self._functions():
            raise UnknownFunctionError(f"no function {name!r}")
        if not run:
            return Response(status_code=204)
        task = asyncio.create_task(self._until_done(name, payload), name=f"asynchronous {name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return Response(status_code=202)

    async def _until_done(self, name: str, payload: bytes) -> None:
        retries = self._retries.get(name, RETRIES)
        for attempt in range(1, retries + 2):
            done = await self._functions().invoke(name, payload, wait_for_slot=True)
            if done.function_error is None:
                return
            if attempt <= retries:
                await asyncio.sleep(self._backoff.delay(attempt))
        _log.error("%s: given up after %d attempts", name, retries + 1)


def _plain(name: str) -> str:
    """Return the name in an ARN or a partial ARN, a version or alias at its end left aside."""
    parts = name.split(":")
    if "function" in parts:
        return parts[parts.index("function") + 1]
    return parts[0]
