"""The way from a client to the engine, on which a plan's faults happen.

A botocore client asks for its answers here in place of its own HTTP session. So everything above
HTTP is the real one: the client's attempts, its signature and its checks of an answer. The first
attempt is botocore's too, since a handler of its events listens.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

from keyline.run import dynamodb_client
from keyline.run.client import Client
from tests.support.engine import where
from tests.support.faults import FAILURE, REFUSAL, Fault
from tests.support.protocols.crash import Crash
from tests.support.protocols.plan import CRASHES, INTERRUPTED, Plan

_AT_ONCE = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
LATEST = 8
"""Requests that may overtake a late one."""


@dataclass
class _Late:
    request: AWSPreparedRequest
    what: str
    overtaken_by: int


class Network:
    """Carries requests to the engine one at a time, so that a run can be repeated.

    Attributes
    ----------
    meanwhile
        What others do while a request waits or its answer is slow. They meet no such fault.
    deadly
        Whether a process may end at a request.
    requests
        Requests that were sent.
    answered
        Whether the last request got its whole answer.
    """

    def __init__(self, endpoint: str, plan: Plan) -> None:
        self.plan = plan
        self.meanwhile: Callable[[str], object] | None = None
        self.deadly = True
        self.requests = 0
        self.answered = False
        self._endpoint = endpoint
        self._session = URLLib3Session(socket_options=_AT_ONCE)
        self._late: list[_Late] = []
        self._nested = False

    def client(self, actor: str, **more: Any) -> Client:
        """A client as a store uses it, whose requests meet the plan's faults."""
        client = dynamodb_client(**where(self._endpoint), **more)
        client.botocore.meta.events.register("before-send.dynamodb", partial(self._send, actor))
        return client

    def heal(self) -> None:
        """Carry out what is late, and let everything through from now on."""
        self.plan.heal()
        for late in self._late:
            late.overtaken_by = 0
        self._deliver_late()

    def close(self) -> None:
        """Close the connections to the engine."""
        self._session.close()

    def _send(self, actor: str, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        operation = request.headers["X-Amz-Target"]
        what = (operation.decode() if isinstance(operation, bytes) else operation).split(".")[1]
        self.requests += 1
        self.answered = False
        self._deliver_late()
        fault = self.plan.fault(actor, what, but=self._impossible())
        match fault:
            case Fault.UNSENT:
                raise EndpointConnectionError(endpoint_url=self._endpoint)
            case Fault.THROTTLED:
                return _answer(request, 400, REFUSAL)
            case Fault.KILLED:
                raise Crash
            case Fault.LATE:
                self._late.append(_Late(request, f"{what} of {actor}", self.plan.later(LATEST)))
                raise ReadTimeoutError(endpoint_url=self._endpoint)
            case Fault.WAITS:
                self._let_others(actor)
        answer = self._carry_out(request)
        match fault:
            case Fault.LOST:
                raise ReadTimeoutError(endpoint_url=self._endpoint)
            case Fault.FAILED:
                return _answer(request, 500, FAILURE)
            case Fault.DAMAGED:
                return _answer(request, answer.status_code, answer.content, checksum="1")
            case Fault.SLOW:
                self._let_others(actor)
            case Fault.KILLED_AFTER:
                raise Crash
        self.answered = True
        return answer

    def _impossible(self) -> list[Fault]:
        alone = self.meanwhile is None or self._nested
        return [*(INTERRUPTED if alone else ()), *(() if self.deadly else CRASHES)]

    def _carry_out(self, request: AWSPreparedRequest) -> AWSResponse:
        request.reset_stream()
        answer = self._session.send(request)
        answer.content  # noqa: B018 - it is read here, before another request is sent
        return answer

    def _let_others(self, actor: str) -> None:
        assert self.meanwhile is not None
        self._nested = True
        try:
            self.meanwhile(actor)
        finally:
            self._nested = False

    def _deliver_late(self) -> None:
        """Carry out the late requests that enough others have overtaken."""
        due = [late for late in self._late if late.overtaken_by <= 0]
        self._late = [late for late in self._late if late.overtaken_by > 0]
        for late in self._late:
            late.overtaken_by -= 1
        for late in due:
            status = self._carry_out(late.request).status_code
            self.plan.note("engine", f"  late {late.what}: {status}")


def _answer(
    request: AWSPreparedRequest, status: int, content: bytes, checksum: str = ""
) -> AWSResponse:
    headers = {"content-length": str(len(content)), "x-amzn-requestid": "made up"}
    if checksum:
        headers["x-amz-crc32"] = checksum
    answer = AWSResponse(request.url, status, headers, None)
    answer._content = content
    return answer
