"""Checks and sessions: nothing lost, nothing of another's, nothing expired, in order."""

from __future__ import annotations

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from botocore.awsrequest import AWSResponse

from interactions.dynamo_store import ATTEMPTS
from interactions.history_store import NoSessionError, SessionPage
from interactions.patterns import CHECK_CREATE, SESSION_CREATE
from interactions.tables import Check, CheckData, Session, SessionData
from keyline.moments import DAY_SECONDS, iso, us_of_ms
from keyline.run import AlreadyExistsError, NotFoundError, TransactionCancelledError, backoff
from tests.support.answers import intercept, refusal
from tests.systems.interactions.on_engine import Mediphant


def session_of(user: str, *, ttl: float, name: str = "s-1") -> Session:
    """Return a session that ends at an epoch second."""
    return Session(
        userId=user,
        sessionId=name,
        TTL=int(ttl),
        lastActivity="2026-01-01T00:00:00.000Z",
        Data=SessionData(createdAt="2026-01-01T00:00:00.000Z"),
    )


def check_of(session: str, n: int, at: str, ttl: float) -> Check:
    """Return a check of a session, made and expiring when it is said to."""
    data = CheckData(
        medA=f"a{n}",
        medB="b",
        isPotentiallyRisky=False,
        reason="none",
        timestamp=at,
        sessionId=session,
    )
    return Check(sessionId=session, at=at, id=f"{n:03d}", Data=data, TTL=int(ttl))


@pytest.mark.requirement("M-11", "M-16", "M-59")
def test_a_thousand_checks_of_fifty_users_in_one_millisecond_are_a_thousand_rows(
    mediphant: Mediphant,
) -> None:
    frozen = mediphant.at_ms(round(time.time() * 1000))
    sessions = [frozen.open_session(f"user-{n}") for n in range(50)]
    # One process' threads, each with users of its own, so that a user's order is known.
    names = itertools.count()

    def add(session: Session) -> list[str]:
        def one(n: int) -> str:
            return frozen.add_query(
                session.userId,
                session.sessionId,
                med_a=f"{session.userId} {n}",
                med_b=f"other {next(names)}",
                is_potentially_risky=False,
                reason="none",
            ).Data.medA

        return [one(n) for n in range(20)]

    with ThreadPoolExecutor(8) as threads:
        added = list(threads.map(add, sessions))

    rows = mediphant.rows("QUERY")
    assert len(rows) == len({row["PK"]["S"] for row in rows}) == 1_000
    milliseconds = {row["Data"]["M"]["timestamp"]["S"] for row in rows}
    assert len(milliseconds) <= 2  # a thousand microseconds and the sessions' own
    for session, order in zip(sessions, added, strict=True):
        found = frozen.get_recent_queries(session.userId, session.sessionId, 20)
        assert [check.Data.medA for check in found] == order[::-1]
        stored = mediphant.repository.session(session.userId, session.sessionId)
        assert stored is not None
        assert stored.queryCount == 20


@pytest.mark.requirement("M-11")
def test_checks_of_many_processes_at_one_moment_are_kept_apart(mediphant: Mediphant) -> None:
    session = mediphant.history.open_session("ada")
    now = round(time.time() * 1000)

    def add(n: int) -> str:
        process = mediphant.at_ms(now)  # every process' first moment is the same
        return process.add_query(
            "ada",
            session.sessionId,
            med_a=f"a{n}",
            med_b="b",
            is_potentially_risky=False,
            reason="none",
        ).public_id

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(add, range(200)))) == 200
    assert len(mediphant.rows("QUERY")) == 200
    assert {row["Data"]["M"]["timestamp"]["S"] for row in mediphant.rows("QUERY")} == {
        iso(us_of_ms(now))
    }


@pytest.mark.requirement("M-02", "M-03", "M-04", "M-05", "M-12", "M-13", "M-15", "M-17")
def test_a_check_is_stored_as_the_specification_writes_it(mediphant: Mediphant) -> None:
    session = mediphant.history.open_session("ada")
    check = mediphant.history.add_query(
        "ada",
        session.sessionId,
        med_a="warfarin",
        med_b="ibuprofen",
        is_potentially_risky=True,
        reason="increased bleeding risk",
    )
    (row,) = mediphant.rows("QUERY")
    at, key = check.Data.timestamp, f"QUERY#{check.at}#{check.id}"
    assert (row["PK"], row["SK"]) == ({"S": key}, {"S": "METADATA"})
    assert row["GSI1PK"] == {"S": f"USER#{session.sessionId}"}
    assert row["GSI1SK"] == {"S": key}
    assert row["Data"]["M"] == {
        "medA": {"S": "warfarin"},
        "medB": {"S": "ibuprofen"},
        "isPotentiallyRisky": {"BOOL": True},
        "reason": {"S": "increased bleeding risk"},
        "timestamp": {"S": at},
        "sessionId": {"S": session.sessionId},
    }
    assert int(row["TTL"]["N"]) == check.TTL
    assert check.public_id == key.partition("#")[2]


@pytest.mark.requirement("M-14")
@pytest.mark.parametrize("days", [30, 7])
def test_a_check_expires_so_many_days_after_it_was_made_whenever_it_is_stored(
    make_mediphant: Any, days: int
) -> None:
    mediphant = make_mediphant(history_days=days)
    session = mediphant.history.open_session("ada")
    moment = round(time.time() * 1000) - 3_600_000  # stored an hour after it was made
    mediphant.at_ms(moment).add_query(
        "ada", session.sessionId, med_a="a", med_b="b", is_potentially_risky=False, reason="none"
    )
    (row,) = mediphant.rows("QUERY")
    assert int(row["TTL"]["N"]) == moment // 1000 + days * DAY_SECONDS


@pytest.mark.requirement("M-14", "M-16")
def test_a_history_of_ten_is_ten_though_the_newest_have_expired(mediphant: Mediphant) -> None:
    now = time.time()
    mediphant.store.put(SESSION_CREATE, session_of("ada", ttl=now + 60))
    live, over = now + 60, now - 60
    checks = [
        check_of("s-1", n, iso(us_of_ms((now - 900 + n) * 1000)), over if 15 <= n < 20 else live)
        for n in range(25)
    ]
    for check in checks:
        mediphant.store.put(CHECK_CREATE, check)
    found = mediphant.repository.recent_checks("ada", "s-1")
    assert [int(check.id) for check in found] == [24, 23, 22, 21, 20, 14, 13, 12, 11, 10]
    assert len(mediphant.repository.recent_checks("ada", "s-1", 50)) == 20


@pytest.mark.requirement("M-14")
def test_what_is_older_than_the_history_is_left_out_by_its_key_and_not_read(
    mediphant: Mediphant,
) -> None:
    now = time.time()
    mediphant.store.put(SESSION_CREATE, session_of("ada", ttl=now + 60))
    old = iso(us_of_ms((now - 30 * DAY_SECONDS - 5) * 1000))
    for n in range(60):  # not deleted yet, and as if their TTL were wrong
        mediphant.store.put(CHECK_CREATE, check_of("s-1", n, old, now + 60))
    mediphant.store.put(CHECK_CREATE, check_of("s-1", 99, iso(us_of_ms(now * 1000)), now + 60))
    before = len(mediphant.meter.calls)
    assert [c.id for c in mediphant.repository.recent_checks("ada", "s-1")] == ["099"]
    query = [c for c in mediphant.meter.calls[before:] if c.pattern == "history"]
    assert [(call.items, call.read) for call in query] == [(1, 0.5)]


@pytest.mark.requirement("M-34")
def test_a_session_that_is_over_is_none_whether_or_not_it_is_still_stored(
    mediphant: Mediphant,
) -> None:
    now = time.time()
    mediphant.store.put(SESSION_CREATE, session_of("ada", ttl=now - 1))
    mediphant.store.put(SESSION_CREATE, session_of("ada", ttl=now + 60, name="s-2"))
    check = check_of("s-1", 1, iso(us_of_ms(now * 1000)), now + 60)
    assert mediphant.repository.session("ada", "s-1") is None
    assert mediphant.repository.owned("s-1") is None
    assert [s.sessionId for s in mediphant.repository.sessions_of("ada").sessions] == ["s-2"]
    assert [s.sessionId for s in mediphant.repository.profile("ada")[1].sessions] == ["s-2"]
    for refused in (
        lambda: mediphant.repository.add_check("ada", check),
        lambda: mediphant.repository.recent_checks("ada", "s-1"),
        lambda: mediphant.repository.clear_checks("ada", "s-1"),
    ):
        with pytest.raises(NoSessionError):
            refused()
    assert mediphant.rows("QUERY") == []
    (over,) = [row for row in mediphant.rows("SESSION") if row["sessionId"]["S"] == "s-1"]
    assert over["queryCount"] == {"N": "0"}


@pytest.mark.requirement("M-35")
def test_a_session_counts_each_check_once_from_many_threads(mediphant: Mediphant) -> None:
    session = mediphant.history.open_session("ada")
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda _: mediphant.check("ada", session), range(300)))
    stored = mediphant.repository.session("ada", session.sessionId)
    assert stored is not None
    assert stored.queryCount == len(mediphant.rows("QUERY")) == 300


@pytest.mark.requirement("M-11")
def test_a_check_is_added_once_however_often_its_answer_is_lost(mediphant: Mediphant) -> None:
    session = mediphant.history.open_session("ada")
    check = mediphant.check("ada", session)
    mediphant.repository.add_check("ada", check)
    stored = mediphant.repository.session("ada", session.sessionId)
    assert stored is not None
    assert (stored.queryCount, len(mediphant.rows("QUERY"))) == (1, 1)
    other = msgspec.structs.replace(
        check, Data=msgspec.structs.replace(check.Data, medA="something else")
    )
    with pytest.raises(AlreadyExistsError):
        mediphant.repository.add_check("ada", other)
    (row,) = mediphant.rows("QUERY")
    assert row["Data"]["M"]["medA"] == {"S": "a"}


@pytest.mark.parametrize("conflicts", [0, 1, ATTEMPTS - 1])
def test_a_check_that_meets_another_of_its_session_is_tried_again(
    mediphant: Mediphant, conflicts: int
) -> None:
    session = mediphant.history.open_session("ada")
    left = _conflicting(mediphant, conflicts)
    mediphant.check("ada", session)
    assert left == []
    stored = mediphant.repository.session("ada", session.sessionId)
    assert stored is not None
    assert (stored.queryCount, len(mediphant.rows("QUERY"))) == (1, 1)


def test_a_check_that_keeps_meeting_others_is_an_error_and_not_kept(mediphant: Mediphant) -> None:
    session = mediphant.history.open_session("ada")
    _conflicting(mediphant, ATTEMPTS)
    with pytest.raises(TransactionCancelledError) as refused:
        mediphant.check("ada", session)
    assert refused.value.conflict
    assert mediphant.rows("QUERY") == []


def _conflicting(mediphant: Mediphant, times: int) -> list[AWSResponse]:
    """Answer the next transactions with conflicts; those that are left."""
    mediphant.monkeypatch.setattr(backoff, "wait", lambda _: None)
    reasons = [{"Code": "None"}, {"Code": "TransactionConflict"}]
    left = [refusal("TransactionCanceledException", CancellationReasons=reasons)] * times
    intercept(
        mediphant.client, lambda asked: left.pop() if "TransactItems" in asked and left else None
    )
    return left


@pytest.mark.requirement("M-32", "M-33", "M-35", "M-06")
def test_a_session_is_stored_as_the_specification_writes_it(mediphant: Mediphant) -> None:
    session = mediphant.history.open_session("ada")
    mediphant.check("ada", session)
    (row,) = mediphant.rows("SESSION")
    assert (row["PK"]["S"], row["SK"]["S"]) == ("USER#ada", f"SESSION#{session.sessionId}")
    assert (row["GSI1PK"]["S"], row["GSI1SK"]["S"]) == (f"SESSION#{session.sessionId}", "USER#ada")
    assert row["Data"]["M"] == {"createdAt": {"S": session.Data.createdAt}}
    assert row["queryCount"] == {"N": "1"}
    assert row["lastActivity"]["S"] >= session.Data.createdAt
    assert int(row["TTL"]["N"]) == session.TTL
    (user,) = mediphant.rows("USER")
    assert (user["PK"]["S"], user["SK"]["S"]) == ("USER#ada", "PROFILE")


def test_a_user_is_known_since_his_first_session(mediphant: Mediphant) -> None:
    first = mediphant.at_ms(1_767_225_600_000).open_session("ada")
    mediphant.history.open_session("ada")
    user, page = mediphant.repository.profile("ada")
    assert user is not None
    assert user.Data.createdAt == first.Data.createdAt
    assert len(mediphant.rows("USER")) == 1
    assert mediphant.repository.profile("grace") == (None, SessionPage([], None))
    assert len(page.sessions) == 1  # the first is over: it was opened long ago


def test_opening_the_very_same_session_again_does_nothing_and_another_is_refused(
    mediphant: Mediphant,
) -> None:
    session = mediphant.history.open_session("ada")
    mediphant.check("ada", session)
    mediphant.repository.create_session(session)
    stored = mediphant.repository.session("ada", session.sessionId)
    assert stored is not None
    assert stored.queryCount == 1
    other = msgspec.structs.replace(session, Data=SessionData(createdAt="2020-01-01T00:00:00.000Z"))
    with pytest.raises(AlreadyExistsError):
        mediphant.repository.create_session(other)


@pytest.mark.requirement("M-09")
def test_a_session_is_reached_by_its_user_or_by_its_id(mediphant: Mediphant) -> None:
    session = mediphant.history.open_session("ada")
    name = session.sessionId
    assert mediphant.repository.session("ada", name) == session
    assert mediphant.repository.session("grace", name) is None
    assert mediphant.repository.owned(name) == session
    assert mediphant.repository.owned("nobody's") is None
    with pytest.raises(NotFoundError):
        mediphant.check("grace", session)


@pytest.mark.requirement("M-08")
def test_clearing_takes_a_session_s_checks_and_no_other_s(mediphant: Mediphant) -> None:
    mine, other = (mediphant.history.open_session("ada") for _ in range(2))
    for _ in range(60):  # more than two batches
        mediphant.check("ada", mine)
    kept = mediphant.check("ada", other)
    mediphant.repository.clear_checks("ada", mine.sessionId)
    assert mediphant.repository.recent_checks("ada", mine.sessionId) == []
    assert mediphant.repository.recent_checks("ada", other.sessionId) == [kept]
    stored = mediphant.repository.session("ada", mine.sessionId)
    assert stored is not None
    assert stored.queryCount == 60
    mediphant.repository.clear_checks("ada", mine.sessionId)
