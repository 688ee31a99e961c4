"""The way from a client to the engine, on which a plan's faults happen.

A client has two ways to send a request: connections of its own for first attempts, and botocore's
HTTP session for all others. Both are replaced here, and lead to one place. So everything above
HTTP is the real one: the attempts of a call, their signatures and the checks of an answer.
"""

from __future__ import annotations

import re
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from botocore import exceptions
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.httpsession import URLLib3Session

from keyline.run import Client, dynamodb_client
from keyline.run.http1 import ConnectError, Origin, ReadTimeoutError, Response
from tests.support.engine import where
from tests.support.faults import FAILURE, REFUSAL, Fault
from tests.support.protocols.crash import Crash
from tests.support.protocols.plan import CRASHES, INTERRUPTED, Plan

_AT_ONCE = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
_TARGET = re.compile(rb"\r\nX-Amz-Target: [^\r.]+\.(\w+)\r\n")
LATEST = 8
"""Requests that may overtake a late one."""
FIRST_ATTEMPT, BOTOCORE = "first attempt", "botocore"
"""The ways of a request."""

_CarryOut = Callable[[], Response]


@dataclass
class _Late:
    carry_out: _CarryOut
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
        Requests that were sent, by the way that they took.
    answered
        Whether the last request got its whole answer.
    """

    def __init__(self, endpoint: str, plan: Plan) -> None:
        self.plan = plan
        self.meanwhile: Callable[[str], object] | None = None
        self.deadly = True
        self.requests: Counter[str] = Counter()
        self.answered = False
        self._endpoint = endpoint
        self._session = URLLib3Session(socket_options=_AT_ONCE)
        self._origins: list[Origin] = []
        self._late: list[_Late] = []
        self._nested = False

    def client(self, actor: str, **more: Any) -> Client:
        """Return a client as a store uses it, whose requests meet the plan's faults."""
        client = dynamodb_client(**where(self._endpoint), **more)
        origin = _Origin(self, actor, self._endpoint)
        self._origins.append(origin)
        way = client._way
        assert way is not None, "the environment is not plain"
        destination = msgspec.structs.replace(way.destination, origin=origin)
        client._way = msgspec.structs.replace(way, destination=destination)
        client.botocore._endpoint.http_session = _Session(self, actor, self._session)
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
        for origin in self._origins:
            origin.close()

    def send(self, way: str, actor: str, what: str, carry_out: _CarryOut) -> Response:
        """Let a request meet what the plan has for it.

        Parameters
        ----------
        what
            DynamoDB's name of the operation.
        carry_out
            Lets the engine carry it out.
        """
        self.requests[way] += 1
        self.answered = False
        self._deliver_late()
        fault = self.plan.fault(actor, what, but=self._impossible())
        match fault:
            case Fault.UNSENT:
                raise ConnectError
            case Fault.THROTTLED:
                return _answer(400, REFUSAL)
            case Fault.KILLED:
                raise Crash
            case Fault.LATE:
                self._late.append(_Late(carry_out, f"{what} of {actor}", self.plan.later(LATEST)))
                raise ReadTimeoutError
            case Fault.WAITS:
                self._let_others(actor)
        answer = carry_out()
        match fault:
            case Fault.LOST:
                raise ReadTimeoutError
            case Fault.FAILED:
                return _answer(500, FAILURE)
            case Fault.DAMAGED:
                return _answer(answer.status, answer.body, checksum=b"1")
            case Fault.SLOW:
                self._let_others(actor)
            case Fault.KILLED_AFTER:
                raise Crash
        self.answered = True
        return answer

    def _impossible(self) -> list[Fault]:
        alone = self.meanwhile is None or self._nested
        return [*(INTERRUPTED if alone else ()), *(() if self.deadly else CRASHES)]

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
            status = late.carry_out().status
            self.plan.note("engine", f"  late {late.what}: {status}")


class _Origin(Origin):
    """The connections of a client's first attempts."""

    def __init__(self, network: Network, actor: str, endpoint: str) -> None:
        super().__init__(endpoint, connect_timeout=5, read_timeout=30, pool=1)
        self._network, self._actor = network, actor

    def send(self, request: bytes) -> Response:
        """Send a request through the network."""
        target = _TARGET.search(request)
        assert target, "a request without an operation"

        def carry_out() -> Response:
            return super(_Origin, self).send(request)

        return self._network.send(FIRST_ATTEMPT, self._actor, target[1].decode(), carry_out)


class _Session:
    """The HTTP session of a botocore client."""

    def __init__(self, network: Network, actor: str, session: URLLib3Session) -> None:
        self._network, self._actor, self._session = network, actor, session

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Send a request through the network."""
        target = request.headers["X-Amz-Target"]
        what = (target.decode() if isinstance(target, bytes) else target).split(".")[1]

        def carry_out() -> Response:
            request.reset_stream()
            answer = self._session.send(request)
            headers = {k.lower().encode(): v.encode() for k, v in answer.headers.items()}
            return Response(answer.status_code, headers, answer.content)

        try:
            answer = self._network.send(BOTOCORE, self._actor, what, carry_out)
        except ConnectError as error:
            raise exceptions.EndpointConnectionError(endpoint_url=request.url) from error
        except ReadTimeoutError as error:
            raise exceptions.ReadTimeoutError(endpoint_url=request.url) from error
        headers = HeadersDict({k.decode(): v.decode() for k, v in answer.headers.items()})
        return AWSResponse(request.url, answer.status, headers, _Body(answer.body))


class _Body:
    """A response of urllib3 as botocore sees it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        """Yield all of it."""
        yield self._content


def _answer(status: int, content: bytes, checksum: bytes = b"") -> Response:
    headers = {b"content-length": b"%d" % len(content), b"x-amzn-requestid": b"made up"}
    if checksum:
        headers[b"x-amz-crc32"] = checksum
    return Response(status, headers, content)
