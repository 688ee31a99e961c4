"""The store in memory: whole sessions, nothing expired, bounded, nothing pending ever dropped."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace

from interactions.history_store import NoSessionError
from interactions.memory_store import MemoryStore
from interactions.tables import Check, CheckData, Session, SessionData
from keyline.moments import DAY_SECONDS, iso, us_of_ms
from keyline.run import AlreadyExistsError
from tests.systems.interactions.on_engine import sessions_in_pages

NOW = 1_800_000_000.0


class Clock:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def session_of(name: str = "s", user: str = "ada", created: str = "then") -> Session:
    return Session(
        userId=user,
        sessionId=name,
        TTL=int(NOW) + 100,
        lastActivity=created,
        Data=SessionData(createdAt=created),
    )


def check_of(n: int, *, session: str = "s", moment: float = NOW, risky: bool = False) -> Check:
    at = iso(us_of_ms(moment * 1000))
    data = CheckData(
        medA=f"a{n}", medB="b", isPotentiallyRisky=risky, reason="", timestamp=at, sessionId=session
    )
    return Check(sessionId=session, at=at, id=f"{n:04d}", Data=data)


def ids(store: MemoryStore, limit: int = 100, session: str = "s") -> list[str]:
    return [check.id for check in store.recent_checks("ada", session, limit)]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> MemoryStore:
    made = MemoryStore(30, now=clock)
    made.create_session(session_of())
    return made


def test_checks_are_in_the_order_of_their_keys_however_they_come(store: MemoryStore) -> None:
    for n in (2, 0, 3, 1):
        store.add_check("ada", check_of(n))
    assert ids(store) == ["0003", "0002", "0001", "0000"]
    assert ids(store, 2) == ["0003", "0002"]
    assert ids(store, 0) == []


def test_the_very_same_check_again_is_counted_once_and_another_of_its_id_refused(
    store: MemoryStore,
) -> None:
    store.add_check("ada", check_of(1))
    store.add_check("ada", check_of(1))
    with pytest.raises(AlreadyExistsError):
        store.add_check("ada", check_of(1, risky=True))
    found = store.session("ada", "s")
    assert found is not None and found.queryCount == 1
    assert ids(store) == ["0001"]


def test_the_very_same_session_again_is_one_and_another_of_its_id_refused(
    store: MemoryStore,
) -> None:
    store.add_check("ada", check_of(1))
    store.create_session(session_of())
    assert ids(store) == ["0001"]
    with pytest.raises(AlreadyExistsError):
        store.create_session(session_of(created="now"))


def test_old_checks_are_not_given_and_not_kept(store: MemoryStore, clock: Clock) -> None:
    clock.now = NOW - 30 * DAY_SECONDS
    store.add_check("ada", check_of(1, moment=clock.now))
    clock.now += 0.001
    store.add_check("ada", check_of(2, moment=clock.now))
    clock.now = NOW
    assert ids(store, 1) == ["0002"]
    clock.now = NOW + 0.001
    assert ids(store) == ["0002"]
    assert store.size == 2
    clock.now = NOW + 0.002
    assert ids(store) == []


@pytest.mark.requirement("M-34")
def test_a_session_is_over_at_its_very_second(store: MemoryStore, clock: Clock) -> None:
    clock.now = NOW + 99.999
    assert store.session("ada", "s") is not None
    clock.now = NOW + 100
    with pytest.raises(NoSessionError):
        store.recent_checks("ada", "s")
    assert store.session("ada", "s") is None
    assert store.sessions_of("ada").sessions == []
    assert store.size == 0
    store.create_session(session_of(created="anew"))


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_sessions_come_in_pages_without_those_that_are_over(clock: Clock, limit: int) -> None:
    store = MemoryStore(30, now=clock)
    for name in ("b", "d", "a", "c"):
        store.create_session(session_of(name))
    clock.now = NOW + 99
    assert [each.sessionId for each in sessions_in_pages(store, "ada", limit)] == [*"abcd"]
    clock.now = NOW + 100
    assert sessions_in_pages(store, "ada", limit) == []


def test_the_sessions_unused_for_longest_are_forgotten_first(clock: Clock) -> None:
    store = MemoryStore(30, capacity=4, now=clock)
    for name in "abc":
        store.create_session(session_of(name))
    store.add_check("ada", check_of(1, session="a"))
    store.create_session(session_of("d"))
    assert [each.sessionId for each in store.sessions_of("ada").sessions] == ["a", "c", "d"]
    with store.held("ada", "c") as held:
        assert held is not None
        for n in range(2, 9):
            held.add(check_of(n, session="c"))
    assert [each.sessionId for each in store.sessions_of("ada").sessions] == []
    assert store.size == 0  # memory does not keep a session that is larger than all of memory


def test_what_is_pending_is_never_forgotten_but_with_its_session(clock: Clock) -> None:
    store = MemoryStore(30, capacity=4, now=clock)
    store.create_session(session_of("behind"))
    with store.held("ada", "behind") as held:
        assert held is not None
        held.pending.append(lambda: None)
    assert (store.pending, store.sessions_behind, store.size) == (1, 1, 2)
    for n in range(9):
        store.create_session(session_of(f"s{n}"))
    assert store.session("ada", "behind") is not None
    assert store.size <= 4
    clock.now = NOW + 100
    store.make_room()
    assert store.session("ada", "behind") is None
    assert (store.pending, store.sessions_behind) == (0, 0)


def test_sessions_with_pending_writes_take_turns(clock: Clock) -> None:
    store = MemoryStore(30, now=clock)
    for name in "abc":
        store.create_session(session_of(name))
        with store.held("ada", name) as held:
            assert held is not None
            held.pending.append(lambda: None)
    seen = []
    for _ in range(4):
        with store.behind() as held:
            assert held is not None
            seen.append(held.session.sessionId)
    assert seen == ["a", "b", "c", "a"]
    with store.held("ada", "b"), store.behind() as held:  # nobody is waited for
        assert held is not None and held.session.sessionId == "c"


def test_a_forgotten_session_is_gone_for_whoever_waited_for_it(store: MemoryStore) -> None:
    with ThreadPoolExecutor(1) as pool:
        with store.held("ada", "s") as held:
            assert held is not None
            waiting = pool.submit(lambda: store.session("ada", "s"))
            store.forget(held)
        assert waiting.result() is None
    assert store.size == 0


def test_a_session_that_took_the_place_of_one_in_use_stays(
    store: MemoryStore, clock: Clock
) -> None:
    with store.held("ada", "s") as held:
        assert held is not None
        clock.now += 100
        again = replace(session_of(created="now"), TTL=int(clock.now) + 100)
        store.create_session(again)
        held.pending.append(lambda: None)
        store.forget(held)
    assert store.session("ada", "s") == again
    assert (store.size, store.pending) == (1, 0)


def test_any_number_of_threads_lose_nothing(store: MemoryStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store.add_check("ada", check_of(n)), range(400)))
    assert ids(store, 1000) == [f"{n:04d}" for n in reversed(range(400))]
    found = store.session("ada", "s")
    assert found is not None and found.queryCount == 400
    assert store.size == 401
