"""Lambda's Invoke, for functions that call functions: `boto3.client("lambda").invoke(...)`.

Source: "Invoke" in the Lambda API reference. The role of a caller is not judged: only calls to
DynamoDB are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from keyline_local.host.listener import Listener
from keyline_local.host.part import Part
from keyline_local.host.tasks import begin, end
from keyline_local.lambdas.functions import (
    MAX_REQUEST,
    Functions,
    PayloadTooLargeError,
    ThrottledError,
    UnknownFunctionError,
)
from keyline_local.resources import Target, TargetKind
from keyline_local.triggers.targets import Targets

_ERRORS = {
    UnknownFunctionError: (404, "ResourceNotFoundException"),
    ThrottledError: (429, "TooManyRequestsException"),
    PayloadTooLargeError: (413, "RequestTooLargeException"),
}


class InvokeApi(Part):
    """Serves Invoke on a loopback port of its own.

    Parameters
    ----------
    functions
        Gives the functions, which are told its address when they are made.
    targets
        Gives what repeats an asynchronous invocation after an error.
    """

    def __init__(self, functions: Callable[[], Functions], targets: Callable[[], Targets]) -> None:
        self._functions = functions
        self._targets = targets
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
        if len(payload) > MAX_REQUEST:  # later nobody would hear of it
            raise PayloadTooLargeError(f"{name}: {len(payload)} bytes are more than {MAX_REQUEST}")
        if not run:
            return Response(status_code=204)
        target = Target(kind=TargetKind.FUNCTION, address=name)
        work = self._targets().until_done("Invoke", target, payload.decode())
        begin(self._tasks, work, f"asynchronous {name}")
        return Response(status_code=202)


def _plain(name: str) -> str:
    """Return the name in an ARN or a partial ARN, a version or alias at its end left aside."""
    parts = name.split(":")
    if "function" in parts:
        return parts[parts.index("function") + 1]
    return parts[0]
