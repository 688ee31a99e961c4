"""HTTP/1.1 to one origin, with what DynamoDB needs of it: a POST of known length, and its reply.

The rules of reading are those of RFC 9112. What breaks a rule is refused as a whole, and its
connection is closed: no body is guessed.
"""

from __future__ import annotations

import os
import re
import select
import socket
import ssl
import time
from collections import deque
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Final
from urllib.parse import urlsplit
from weakref import WeakSet

import msgspec

IDLE_SECONDS: Final = 20.0
"""How long a connection may wait for its next request."""
AGE_SECONDS: Final = 300.0
"""How long a connection is used. A new one asks DNS where the origin is by then."""
MAX_HEAD: Final = 65_536
"""Bytes of a status line with its headers."""
MAX_BODY: Final = 64 * 2**20
"""Bytes of a reply. DynamoDB's largest, of BatchGetItem, has 16 MB."""
_MAX_DIGITS = 10
"""Digits of a length."""
_RECEIVE = 8_192
"""Bytes. From 64 KB on, the allocator tidies up at each receipt, which takes microseconds."""
_TIMED_OUT = (BlockingIOError, TimeoutError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_TEXT = rb"[\t\x20-\x7e\x80-\xff]"
_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: " + _TEXT + rb"*)?")
_HEADER = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):(" + _TEXT + rb"*)")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?")


class TransportError(Exception):
    """A request got no whole response. The class says why."""


class ConnectTimeoutError(TransportError):
    """The connection was not there in time. Nothing was sent."""


class ConnectError(TransportError):
    """The connection was not made. Nothing was sent."""


class TlsError(TransportError):
    """TLS failed: when the connection was made, or later."""


class ReadTimeoutError(TransportError):
    """The response did not come in time."""


class ClosedError(TransportError):
    """The other side closed the connection before the response was whole."""


class MalformedError(TransportError):
    """The bytes that came are not a response of HTTP/1.1."""


class Response(msgspec.Struct, frozen=True):
    """A whole HTTP response.

    Attributes
    ----------
    headers
        By their names in lower case.
    """

    status: int
    headers: Mapping[bytes, bytes]
    body: bytes


class _Line:
    """One open connection.

    A socket of TLS has a timeout of its own. A plain one does not block: `poll` waits for it. A
    wait that a signal interrupts goes on for what is left of its time. The kernel's own timeout of
    a socket would begin again, so that a profiler's signals would keep a call waiting for ever.

    Parameters
    ----------
    timeout
        Seconds that a plain socket waits; None for one of TLS.
    """

    __slots__ = ("_milliseconds", "_poll", "opened", "socket", "used")

    def __init__(self, opened: socket.socket, now: float, timeout: float | None) -> None:
        self.socket = opened
        self.opened = self.used = now
        self._milliseconds = None if timeout is None else timeout * 1000
        self._poll = select.poll()
        self._poll.register(opened, select.POLLIN)

    def is_fresh(self, now: float) -> bool:
        """Return whether it can carry a request: neither too old, nor closed by the other side."""
        young = now - self.opened < AGE_SECONDS and now - self.used < IDLE_SECONDS
        return young and not self._poll.poll(0)  # nothing is to come but the end of the connection

    def send(self, request: bytes) -> None:
        """Send all of a request."""
        if self._milliseconds is None:
            self.socket.sendall(request)
            return
        sent = self.socket.send(request)  # nearly always all of it
        while sent < len(request):
            writable = select.poll()
            writable.register(self.socket, select.POLLOUT)
            self._wait(writable)
            sent += self.socket.send(memoryview(request)[sent:])

    def receive(self, most: int) -> bytes:
        """Return the next bytes; none at the end of the connection."""
        self._wait(self._poll)
        return self.socket.recv(most)

    def receive_into(self, buffer: memoryview) -> int:
        """Receive the next bytes, and return how many; 0 at the end of the connection."""
        self._wait(self._poll)
        return self.socket.recv_into(buffer)

    def _wait(self, poll: select.poll) -> None:
        if self._milliseconds is not None and not poll.poll(self._milliseconds):
            raise TimeoutError(f"nothing for {self._milliseconds:g} ms")


class Origin:
    """Connections to one scheme, host and port: each carries one request at a time.

    Threads may share it. A process that was forked opens connections of its own.

    Parameters
    ----------
    url
        `https://dynamodb.eu-west-1.amazonaws.com`, without a path.
    connect_timeout, read_timeout
        Seconds; the second one bounds each wait for bytes.
    pool
        How many connections are kept.
    certificates
        A file of the authorities that are trusted; None for those of `ssl`.
    """

    def __init__(
        self,
        url: str,
        *,
        connect_timeout: float,
        read_timeout: float,
        pool: int,
        certificates: str | None = None,
    ) -> None:
        parts = urlsplit(url)
        self.url = url
        self.host = parts.netloc
        self._name = parts.hostname or ""
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._pool = pool
        self._idle: deque[_Line] = deque()
        _ORIGINS.add(self)
        self._is_tls = parts.scheme == "https"
        self._certificates = certificates

    def send(self, request: bytes) -> Response:
        """Send a request and read its response.

        Raises
        ------
        TransportError
            If no whole response came. The class of the error says why.
        """
        line = self._take()
        kept = False
        try:
            line.send(request)
            response, kept = _Reader(line).response()
        except _TIMED_OUT as error:
            raise ReadTimeoutError(str(error)) from error
        except ssl.SSLError as error:
            raise TlsError(str(error)) from error
        except OSError as error:
            raise ClosedError(str(error)) from error
        finally:
            self._give_back(line) if kept else line.socket.close()
        return response

    def close(self) -> None:
        """Close the connections that wait for a request."""
        while self._idle:
            self._idle.pop().socket.close()

    def leave_to_parent(self) -> None:
        """Give up the connections: they are those of the process that this one was forked from.

        To close this process's own descriptors sends nothing, and leaves the connections open.
        """
        left, self._idle = self._idle, deque()
        for line in left:
            line.socket.close()

    def _take(self) -> _Line:
        now = time.monotonic()
        while True:
            try:
                line = self._idle.pop()
            except IndexError:
                return self._opened(now)
            if line.is_fresh(now):
                return line
            line.socket.close()

    def _give_back(self, line: _Line) -> None:
        line.used = time.monotonic()
        if len(self._idle) < self._pool:
            self._idle.append(line)
        else:
            line.socket.close()
        while self._idle:  # the left end has waited longest
            try:
                oldest = self._idle[0]
                if line.used - oldest.used < IDLE_SECONDS:
                    return
                self._idle.remove(oldest)
            except (IndexError, ValueError):
                return  # another thread has just taken it
            oldest.socket.close()

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Made with the first connection: to read the authorities takes milliseconds."""
        return ssl.create_default_context(cafile=self._certificates)

    def _opened(self, now: float) -> _Line:
        return _Line(self._connected(), now, None if self._is_tls else self._read_timeout)

    def _connected(self) -> socket.socket:
        try:
            opened = socket.create_connection((self._name, self._port), self._connect_timeout)
        except TimeoutError as error:
            raise ConnectTimeoutError(str(error)) from error
        except OSError as error:
            raise ConnectError(str(error)) from error
        try:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if not self._is_tls:
                opened.setblocking(False)
                return opened
            secured = self._tls.wrap_socket(opened, server_hostname=self._name)
            secured.settimeout(self._read_timeout)
            return secured
        except TimeoutError as error:
            opened.close()
            raise ConnectTimeoutError(str(error)) from error
        except ssl.SSLError as error:
            opened.close()
            raise TlsError(str(error)) from error
        except OSError as error:
            opened.close()
            raise ConnectError(str(error)) from error


_ORIGINS: Final[WeakSet[Origin]] = WeakSet()
"""All of the process."""


def _leave_to_parent() -> None:
    for origin in _ORIGINS:
        origin.leave_to_parent()


os.register_at_fork(after_in_child=_leave_to_parent)


class _Reader:
    """Reads one response from a connection."""

    __slots__ = ("_data", "_line")

    def __init__(self, line: _Line) -> None:
        self._line = line
        self._data = b""

    def response(self) -> tuple[Response, bool]:
        """Return the response, and whether the connection can carry another request."""
        head = self._until(b"\r\n\r\n", MAX_HEAD)
        first, *lines = head.split(b"\r\n")
        code, lasting = _status(first)
        headers = _headers(lines)
        body, bounded = self._body(code, headers)
        if self._data:
            raise MalformedError("bytes behind the response")
        kept = bounded and lasting and headers.get(b"connection", b"").lower() != b"close"
        return Response(code, headers, body), kept

    def _body(self, code: int, headers: Mapping[bytes, bytes]) -> tuple[bytes, bool]:
        """Return the body, and whether its end was told by other means than closing."""
        length, coding = headers.get(b"content-length"), headers.get(b"transfer-encoding")
        if coding is not None:
            if length is not None or coding.lower() != b"chunked":
                raise MalformedError("the length of the body")
            return self._chunks(), True
        if code in (204, 304):
            return b"", True
        if length is None:
            return self._rest(), False
        if not length.isdigit() or len(length) > _MAX_DIGITS or int(length) > MAX_BODY:
            raise MalformedError("the length of the body")
        return self._exactly(int(length)), True

    def _exactly(self, size: int) -> bytes:
        have = len(self._data)
        if have >= size:
            body, self._data = self._data[:size], self._data[size:]
            return body
        whole = bytearray(size)
        view = memoryview(whole)
        view[:have] = self._data
        self._data = b""
        while have < size:
            got = self._line.receive_into(view[have:])
            if not got:
                raise ClosedError("within the body")
            have += got
        return bytes(whole)

    def _chunks(self) -> bytes:
        parts: list[bytes] = []
        size = 0
        while True:
            line = _CHUNK.fullmatch(self._until(b"\r\n", MAX_HEAD))
            if line is None:
                raise MalformedError("the size of a chunk")
            length = int(line[1], 16)
            if not length:
                break
            size += length
            if size > MAX_BODY:
                raise MalformedError("the length of the body")
            parts.append(self._exactly(length))
            if self._exactly(2) != b"\r\n":
                raise MalformedError("the end of a chunk")
        while trailer := self._until(b"\r\n", MAX_HEAD):
            _headers([trailer])
        return b"".join(parts)

    def _rest(self) -> bytes:
        parts = [self._data]
        size = len(self._data)
        self._data = b""
        while more := self._line.receive(_RECEIVE):
            size += len(more)
            if size > MAX_BODY:
                raise MalformedError("the length of the body")
            parts.append(more)
        return b"".join(parts)

    def _until(self, end: bytes, most: int) -> bytes:
        """Return what comes before a mark, and take the mark away."""
        searched = 0
        while (found := self._data.find(end, searched)) < 0:
            if len(self._data) > most:
                raise MalformedError("a line too long")
            searched = max(0, len(self._data) - len(end) + 1)
            more = self._line.receive(_RECEIVE)
            if not more:
                raise ClosedError("before the response was whole")
            self._data += more
        before, self._data = self._data[:found], self._data[found + len(end) :]
        return before


@lru_cache(maxsize=16)
def _status(line: bytes) -> tuple[int, bool]:
    """Return a response's status, and whether its version keeps connections."""
    found = _STATUS.fullmatch(line)
    if found is None:
        raise MalformedError("the status line")
    code = int(found[2])
    if code < 200:
        raise MalformedError("a response that nothing asked for")
    return code, found[1] == b"1"


def _headers(lines: list[bytes]) -> Mapping[bytes, bytes]:
    headers: dict[bytes, bytes] = {}
    for line in lines:
        name, value = _header(line)
        if name in headers and name in (b"content-length", b"transfer-encoding", b"x-amz-crc32"):
            raise MalformedError("a header that is there twice")
        headers[name] = value
    return headers


@lru_cache(maxsize=64)
def _header(line: bytes) -> tuple[bytes, bytes]:
    """Return a header's name and value. Most lines are those of the response before."""
    found = _HEADER.fullmatch(line)
    if found is None:
        raise MalformedError("a header")
    return found[1].lower(), found[2].strip(b" \t")
