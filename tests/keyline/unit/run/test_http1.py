"""Test how responses are read, and connections kept."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import socket
import threading
import time
import warnings
from collections.abc import Iterator
from random import Random

import h11
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from keyline.run import http1
from keyline.run.http1 import (
    ClosedError,
    ConnectError,
    MalformedError,
    Origin,
    ReadTimeoutError,
    Response,
)
from tests.support.scripted import (
    ITEM,
    Scripted,
    Step,
    chunked,
    close,
    dribble,
    hang,
    reply,
    scripted,
)

PIECES = (b"\r\n", b"\n", b"\r\n\r\n", b"0", b"-1", b"Content-Length: 3\r\n", b" ", b"\x00", b";")
REQUEST = b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"
FUZZED = int(os.environ.get("KEYLINE_FUZZ_EXAMPLES", "10")) * 100


@pytest.fixture
def server() -> Iterator[Scripted]:
    with scripted() as running:
        yield running


@pytest.fixture
def origin(server: Scripted) -> Iterator[Origin]:
    made = Origin(server.url, connect_timeout=2, read_timeout=0.3, pool=4)
    yield made
    made.close()


@pytest.mark.parametrize(
    "step",
    [
        reply(),
        chunked(),
        chunked(size=1),
        dribble(reply()),
        dribble(chunked()),
        reply(headers={"Content-Length": None, "Connection": "close"}),
    ],
)
def test_a_response_is_read_however_it_comes(server: Scripted, origin: Origin, step: Step) -> None:
    if isinstance(step, bytes) and b"close" in step:
        server.steps.append(lambda connection: connection.sendall(step))
    else:
        server.steps.append(step)
    found = origin.send(REQUEST)
    assert (found.status, found.body) == (200, ITEM)
    assert found.headers[b"x-amzn-requestid"] == b"request"


def test_a_connection_is_used_again(server: Scripted, origin: Origin) -> None:
    server.steps += [reply(), chunked(), reply()]
    for _ in range(3):
        assert origin.send(REQUEST).body == ITEM
    assert server.connections == 1


@pytest.mark.parametrize("header", [{"Connection": "close"}, {"Connection": "Close"}])
def test_a_connection_that_is_to_be_closed_is_not_used_again(
    server: Scripted, origin: Origin, header: dict[str, str | None]
) -> None:
    server.steps += [reply(headers=header), reply()]
    origin.send(REQUEST)
    origin.send(REQUEST)
    assert server.connections == 2


def test_a_connection_that_the_server_closed_meanwhile_is_not_used(
    server: Scripted, origin: Origin
) -> None:
    server.steps.append(lambda connection: connection.sendall(reply()))  # which then closes it
    origin.send(REQUEST)
    while not server.closed:
        time.sleep(0.001)
    assert origin.send(REQUEST).body == ITEM
    assert server.connections == 2


@pytest.mark.parametrize("bound", ["IDLE_SECONDS", "AGE_SECONDS"])
def test_a_connection_is_kept_only_so_long(
    server: Scripted, origin: Origin, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(http1, bound, 0.0)
    origin.send(REQUEST)
    origin.send(REQUEST)
    assert server.connections == 2


def test_a_forked_process_has_connections_of_its_own(server: Scripted, origin: Origin) -> None:
    origin.send(REQUEST)
    context = multiprocessing.get_context("fork")
    child = context.Process(target=origin.send, args=(REQUEST,))
    child.start()
    child.join(10)
    origin.send(REQUEST)
    assert (child.exitcode, server.connections) == (0, 2)


def test_a_forked_process_leaves_nothing_open(origin: Origin) -> None:
    origin.send(REQUEST)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        child = os.fork()
        if not child:
            os._exit(len(told))  # what the child was told, with the parent's list
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_what_becomes_of_a_connection_is_told_by_the_error(
    server: Scripted, origin: Origin
) -> None:
    cases: list[tuple[Step, type[Exception]]] = [
        (close, ClosedError),
        (reply()[:-1], ReadTimeoutError),
        (lambda connection: connection.sendall(reply()[:-1]), ClosedError),
        (hang, ReadTimeoutError),
        (reply() + b"more", MalformedError),
        (b"HTTP/1.1 100 Continue\r\n\r\n", MalformedError),
    ]
    for step, error in cases:
        server.steps.append(step)
        with pytest.raises(error):
            origin.send(REQUEST)
    assert server.connections == len(cases)
    server.close()
    nobody = Origin(server.url, connect_timeout=1, read_timeout=1, pool=1)
    with pytest.raises(ConnectError):
        nobody.send(REQUEST)


@pytest.mark.parametrize(
    "changed",
    [
        {"Content-Length": "+85"},
        {"Content-Length": "8_5"},
        {"Content-Length": "-1"},
        {"Content-Length": ""},
        {"Content-Length": str(2**40)},
        {"Transfer-Encoding": "gzip, chunked", "Content-Length": None},
        {"Transfer-Encoding": "chunked"},
        {"Bad Name": "x"},
    ],
)
def test_a_response_against_the_rules_is_refused(
    server: Scripted, origin: Origin, changed: dict[str, str | None]
) -> None:
    server.steps.append(reply(headers=changed))
    with pytest.raises(MalformedError):
        origin.send(REQUEST)


class Bytes:
    """A connection that has sent all that it will, and gives it in pieces."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._data, self._sizes = data, sizes

    def receive(self, most: int) -> bytes:
        size = min(self._sizes.pop(0) if self._sizes else most, most)
        part, self._data = self._data[:size], self._data[size:]
        return part

    def receive_into(self, view: memoryview) -> int:
        part = self.receive(len(view))
        view[: len(part)] = part
        return len(part)


def ours(data: bytes, sizes: list[int]) -> Response | None:
    """Return what is read; None if it is refused."""
    try:
        found, _ = http1._Reader(Bytes(data, list(sizes))).response()  # type: ignore[arg-type]
    except (MalformedError, ClosedError):
        return None
    return found


def of_h11(data: bytes) -> tuple[int, bytes] | None:
    """Return what another reader of the same rules finds; None if it refuses."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="POST", target="/", headers=[("Host", "x")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    connection.receive_data(b"")
    status, body = 0, b""
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return status, body
            elif event is h11.NEED_DATA or isinstance(event, h11.ConnectionClosed):
                return None
    except h11.RemoteProtocolError:
        return None


pieces = st.lists(st.integers(1, 40), max_size=30)
bodies = st.binary(max_size=300)
whole = st.one_of(
    st.builds(reply, bodies, st.integers(200, 599).filter(lambda status: status not in (204, 304))),
    st.builds(chunked, bodies, st.integers(1, 50)),
)


@given(data=whole, sizes=pieces)
def test_a_response_reads_alike_in_any_pieces(data: bytes, sizes: list[int]) -> None:
    found = ours(data, sizes)
    assert found is not None
    assert (found.status, found.body) == of_h11(data)


@pytest.mark.soak
@settings(max_examples=FUZZED)
@given(
    data=whole,
    changes=st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=4)), min_size=1, max_size=4),
    cut=st.integers(0, 600),
    sizes=pieces,
)
@example(data=reply(), changes=[(9, b"\x00")], cut=600, sizes=[])
def test_a_damaged_response_is_never_read_as_another(
    data: bytes, changes: list[tuple[int, bytes]], cut: int, sizes: list[int]
) -> None:
    for at, put in changes:
        data = data[:at] + put + data[at + len(put) :]
    data = data[:cut]
    found = ours(data, sizes)
    if found is not None:
        assert (found.status, found.body) == of_h11(data)


def damaged(random: Random) -> tuple[bytes, list[int]]:
    """Return a response with bytes changed, repeated or cut off, and the pieces it comes in."""
    body = random.randbytes(random.randrange(300))
    whole = chunked(body, random.randint(1, 50)) if random.random() < 0.5 else reply(body)
    data = bytearray(whole)
    for _ in range(random.randint(1, 4)):
        at, length = random.randrange(len(data) + 1), random.randrange(5)
        match random.randrange(4):
            case 0:
                data[at : at + length] = random.randbytes(length)
            case 1:
                data[at : at + length] = random.choice(PIECES)
            case 2:
                data[at:at] = data[at : at + 40]
            case _:
                del data[at : at + length]
    cut = random.randrange(len(data) + 1) if random.random() < 0.3 else len(data)
    return bytes(data[:cut]), [random.randint(1, 40) for _ in range(random.randrange(30))]


@pytest.mark.soak
def test_random_damage_is_never_read_as_another_response() -> None:
    for seed in range(FUZZED):
        data, sizes = damaged(Random(seed))
        found = ours(data, sizes)
        if found is not None:
            assert (found.status, found.body) == of_h11(data), seed


@settings(max_examples=200)
@given(data=st.binary(max_size=400), sizes=pieces)
def test_any_bytes_are_read_or_refused(data: bytes, sizes: list[int]) -> None:
    assert ours(data, sizes) is None or data.startswith(b"HTTP/1.")


@pytest.fixture
def interrupted() -> Iterator[threading.Thread]:
    """Signals to this thread, far more often than the read timeout, for three seconds at most."""
    over, me = threading.Event(), threading.get_ident()

    def interrupt() -> None:
        for _ in range(600):
            if over.wait(0.005):
                return
            signal.pthread_kill(me, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    thread = threading.Thread(target=interrupt)
    thread.start()
    yield thread
    over.set()
    thread.join()
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.requirement("X-11")
@pytest.mark.parametrize("size", [2, 64 * 2**20])
def test_a_wait_ends_in_time_although_signals_interrupt_it(
    interrupted: threading.Thread, size: int
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it neither reads nor answers
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        made = Origin(url, connect_timeout=2, read_timeout=0.3, pool=4)
        with contextlib.closing(made) as origin, pytest.raises(ReadTimeoutError):
            origin.send(b"x" * size)
    assert interrupted.is_alive()


def test_a_long_request_is_sent_whole(server: Scripted, origin: Origin) -> None:
    body = Random(8).randbytes(8 * 2**20)
    server.steps.append(reply())
    head = f"POST / HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n"
    assert origin.send(head.encode() + body).body == ITEM
    assert server.requests[-1][1] == body
