"""Tries of one request come to one item, whichever answers are lost and whatever others write."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from keyline.idempotency import (
    IdempotencyKey,
    KeyReusedError,
    Reservation,
    Reserved,
    put_once,
    reservation,
    reserve,
)
from keyline.model import Entity, Function, Get, Key, Put, Query, Retention, System, Table, Ttl
from keyline.run import OutcomeUnknownError, Store, dynamodb_client
from keyline.run.attempts import ATTEMPTS
from tests.support.bench import Bench, fresh
from tests.support.engine import where
from tests.support.faults import Fault, FaultProxy, fault_proxy

pytestmark = pytest.mark.usefixtures("no_sleep")


class Note(msgspec.Struct, kw_only=True):
    room: str
    at: float
    id: str


NOTES = Table(
    "Notes", "Key design: a room's notes by time.", key=Key("room", "at"), entities=[Note]
)
REQUESTS = Table(
    "NoteRequests",
    "Key design: a request an item.",
    key=Key("pk"),
    entities=[
        Entity(Reservation, keys={"pk": "REQUEST#{requestId}"}, retention=Retention(days=1)),
    ],
    ttl=Ttl("ttl"),
)
CREATE = Put(
    name="note-create", why="Tested.", table=NOTES, shape=Note, item_bytes=100, per_month=1
)
ROOM = Query(
    name="room",
    why="Tested.",
    table=NOTES,
    shape=Note,
    consistent=True,
    item_bytes=100,
    per_month=1,
)
RESERVE = Put(
    name="reserve", why="Tested.", table=REQUESTS, shape=Reservation, item_bytes=200, per_month=1
)
RESERVED = Get(
    name="reserved",
    why="Tested.",
    table=REQUESTS,
    shape=Reservation,
    consistent=True,
    item_bytes=200,
    per_month=1,
)
SYSTEM = System(
    name="notes",
    title="Notes",
    tables=(NOTES, REQUESTS),
    functions=(
        Function(
            name="all",
            handler="notes.handler",
            why="All.",
            patterns=(CREATE, ROOM, RESERVE, RESERVED),
        ),
    ),
)
_numbers = itertools.count()


@pytest.fixture(scope="module")
def bench(engine: str) -> Iterator[Bench]:
    with fresh(engine, SYSTEM.tables) as made:
        yield made


@pytest.fixture
def proxy(engine: str) -> Iterator[FaultProxy]:
    with fault_proxy(engine) as made:
        yield made


@pytest.fixture
def store(bench: Bench) -> Store:
    return store_at(bench, bench.url)


def store_at(bench: Bench, url: str) -> Store:
    client = dynamodb_client(**{**where(url), "read_timeout": 20.0})
    return Store(system=SYSTEM, environment=bench.environment, client=client)


@pytest.fixture
def key() -> IdempotencyKey:
    """A request of its own for each test."""
    return IdempotencyKey.of("ada", "POST /notes", str(next(_numbers)), b"{}")


def create(store: Store, key: IdempotencyKey) -> Note:
    """Return one try of a request: all that a handler does."""
    reserved = reserve(store, RESERVE, key)

    def make(moment: float) -> Note:
        return Note(room=key.id, at=moment, id=key.id)

    return put_once(store, CREATE, make, reserved, lambda note: note.id == key.id)


def stored(store: Store, key: IdempotencyKey) -> list[Note]:
    """Return the notes of a request's room."""
    return list(store.items(ROOM, room=key.id))


def test_a_second_try_finds_what_the_first_has_stored(store: Store, key: IdempotencyKey) -> None:
    assert reservation(store, RESERVED, key) is None
    first = create(store, key)
    assert create(store, key) == first
    assert stored(store, key) == [first]
    assert reservation(store, RESERVED, key) == Reserved(key.id, first.at, earlier=True)


def test_a_try_continues_where_another_was_cut_off(store: Store, key: IdempotencyKey) -> None:
    reserved = reserve(store, RESERVE, key)
    note = create(store, key)
    assert note.at == reserved.moment
    assert stored(store, key) == [note]


def test_a_key_with_other_content_is_refused(store: Store, key: IdempotencyKey) -> None:
    first = create(store, key)
    other = IdempotencyKey(key.id, "other")
    with pytest.raises(KeyReusedError):
        create(store, other)
    with pytest.raises(KeyReusedError):
        reservation(store, RESERVED, other)
    assert stored(store, key) == [first]


def test_tries_at_once_come_to_one_item(store: Store, key: IdempotencyKey) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: create(store, key), range(8)))
    assert stored(store, key) == [found[0]]
    assert found == found[:1] * 8


def test_tries_walk_past_somebody_else_s_item_to_the_same_place(
    store: Store, key: IdempotencyKey
) -> None:
    reserved = reserve(store, RESERVE, key)
    theirs = store.put(CREATE, Note(room=key.id, at=reserved.moment, id="theirs"))
    first = create(store, key)
    assert create(store, key) == first
    assert stored(store, key) == [theirs, first]


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("fault", [Fault.UNSENT, Fault.LOST, Fault.FAILED, Fault.CUT])
@pytest.mark.parametrize("times", [1, ATTEMPTS])
@pytest.mark.parametrize("meanwhile", [False, True])
def test_a_request_is_carried_out_once_whichever_answer_is_lost(
    bench: Bench,
    proxy: FaultProxy,
    store: Store,
    key: IdempotencyKey,
    place: int,
    fault: Fault,
    times: int,
    meanwhile: bool,
) -> None:
    """The fault meets the first or the second write; another try may come in between."""
    others: list[Note] = []
    if meanwhile:
        proxy.meanwhile = lambda: others.append(create(store, key))
    proxy.next(*[None] * place, *[fault] * times)
    try:
        told = create(store_at(bench, proxy.url), key)
    except OutcomeUnknownError:
        assert times == ATTEMPTS
        told = create(store, key)
    assert stored(store, key) == [told]
    assert others in ([], [told])


def test_no_try_of_many_requests_is_lost_or_counted_twice(
    bench: Bench, proxy: FaultProxy, store: Store
) -> None:
    keys = [IdempotencyKey.of("ada", "POST /notes", f"many-{n}", b"{}") for n in range(30)]
    proxy.share = 0.3
    proxy.kinds = (Fault.UNSENT, Fault.LOST, Fault.FAILED, Fault.CUT)

    def tries(key: IdempotencyKey) -> Note:
        while True:
            try:
                return create(store_at(bench, proxy.url), key)
            except OutcomeUnknownError:
                continue

    with ThreadPoolExecutor(4) as threads:
        told = list(threads.map(tries, [*keys, *keys]))
    assert told[: len(keys)] == told[len(keys) :]
    assert [stored(store, key) for key in keys] == [[note] for note in told[: len(keys)]]
