"""The migration from memory to DynamoDB, step by step, with each kind of failure where it hurts."""

from __future__ import annotations

import time
from collections.abc import Iterator

import msgspec
import pytest
from botocore.exceptions import NoCredentialsError

from interactions.dynamo_store import DynamoStore
from interactions.history_store import NoSessionError, SessionPage
from interactions.migration import INDEX_SECONDS
from interactions.tables import Session, SessionData
from keyline.migration import FAILURES, SETTLED_AT_ONCE, Breaker, Mode
from keyline.moments import iso, us_of_ms
from keyline.run import AlreadyExistsError, ThrottledError, UnavailableError
from keyline.run.meter import Labels, emf
from tests.support.faults import KINDS, Fault
from tests.systems.interactions.engine.migrating import DYNAMODB, PARALLEL, READ_NEW, Rig, rigged
from tests.systems.interactions.on_engine import Mediphant, sessions_in_pages

kinds = pytest.mark.parametrize("fault", KINDS)


@pytest.fixture
def rig(mediphant: Mediphant) -> Iterator[Rig]:
    """Fresh tables behind a proxy that lets all through until it is told otherwise."""
    with rigged(mediphant) as made:
        yield made


@pytest.mark.requirement("M-36")
def test_phase_1_writes_both_and_reads_memory(rig: Rig) -> None:
    process = rig.process(PARALLEL)
    session = process.open()
    checks = [process.add(session, name) for name in "abc"]
    sent = rig.proxy.requests
    assert process.names(session) == ["c", "b", "a"]
    assert process.names(session, 2) == ["c", "b"]
    assert process.count(session) == 3
    assert rig.proxy.requests == sent
    assert rig.stored(session) == [check.public_id for check in reversed(checks)]
    assert rig.counted(session) == 3


@pytest.mark.requirement("M-36")
@kinds
def test_a_write_that_fails_in_phase_1_is_acknowledged_counted_and_made_up_for_once(
    rig: Rig, fault: Fault
) -> None:
    process = rig.process(PARALLEL)
    session = process.open()
    rig.proxy.next(fault)
    first = process.add(session, "a")
    assert process.metrics.sums["MigrationWriteFailures"] == 1
    assert process.metrics.last("MigrationPending") == process.memory.pending == 1
    assert rig.counted(session) == (1 if fault is Fault.LOST else 0)
    second = process.add(session, "b")
    assert process.metrics.sums["MigrationSettled"] == 1
    assert process.metrics.last("MigrationPending") == process.memory.pending == 0
    assert rig.stored(session) == [second.public_id, first.public_id]
    assert rig.counted(session) == process.count(session) == 2


@pytest.mark.requirement("M-37", "M-39", "M-48")
@pytest.mark.parametrize("mode", [PARALLEL, READ_NEW])
def test_dynamodb_is_measured_by_operation_while_its_failures_are_made_up_for(
    rig: Rig, mode: Mode
) -> None:
    process = rig.process(mode)
    session = process.open()
    process.add(session, "a")
    rig.proxy.next(Fault.THROTTLED)
    process.add(session, "b")
    calls = [call for call in process.meter.calls if call.pattern == "check-add"]
    line = msgspec.json.decode(emf(Labels("test", "interactions"), calls, time.time()))
    assert line["Operation"] == "TransactWriteItems"
    assert line["Errors"] == [0, 1]
    assert line["Throttles"] == [0, 1]
    assert len(line["Latency"]) == 2 and all(ms > 0 for ms in line["Latency"])
    (published,) = line["_aws"]["CloudWatchMetrics"]
    assert ["Environment", "System", "Operation"] in published["Dimensions"]


@pytest.mark.requirement("M-36")
@kinds
def test_a_session_that_did_not_reach_dynamodb_is_used_all_the_same(rig: Rig, fault: Fault) -> None:
    process = rig.process(PARALLEL)
    rig.proxy.next(fault, fault, fault, fault)
    session = process.open()
    process.add(session, "a")
    assert process.names(session) == ["a"]
    assert process.count(session) == 1
    assert process.memory.pending == 2
    rig.proxy.heal()
    process.switch(DYNAMODB)
    assert process.names(session) == ["a"]
    assert rig.counted(session) == process.count(session) == 1
    assert process.memory.size == 0
    assert [each.sessionId for each in process.store.sessions_of("ada").sessions] == [
        session.sessionId
    ]


@pytest.mark.requirement("M-36")
def test_a_read_makes_up_for_writes_too_and_waits_for_none(rig: Rig) -> None:
    process = rig.process(PARALLEL)
    session = process.open()
    rig.proxy.next(Fault.THROTTLED, Fault.THROTTLED)
    process.add(session, "a")
    assert process.names(session) == ["a"]
    assert process.memory.pending == 1
    assert process.names(session) == ["a"]
    assert process.memory.pending == 0
    assert rig.counted(session) == 1


@pytest.mark.requirement("M-36")
def test_pending_writes_of_a_session_that_nobody_asks_for_go_with_other_requests(rig: Rig) -> None:
    process = rig.process(PARALLEL)
    idle, busy = process.open("idle"), process.open("busy")
    rig.proxy.next(Fault.UNSENT)
    process.add(idle, "a")
    process.add(busy, "b")
    assert process.memory.pending == 0
    assert rig.counted(idle) == 1


@pytest.mark.requirement("M-36")
def test_a_request_makes_up_for_so_many_writes_and_leaves_the_rest(rig: Rig) -> None:
    process = rig.process(PARALLEL)
    session = process.open()
    rig.proxy.share, rig.proxy.kinds = 1.0, (Fault.THROTTLED,)
    for n in range(SETTLED_AT_ONCE + 5):
        process.add(session, str(n))
    rig.proxy.heal()
    process.switch(DYNAMODB)
    with pytest.raises(UnavailableError):
        process.names(session)
    assert process.memory.pending == 5
    assert len(process.names(session, 100)) == SETTLED_AT_ONCE + 5


@pytest.mark.requirement("M-36")
@kinds
def test_clearing_comes_after_the_writes_that_are_pending(rig: Rig, fault: Fault) -> None:
    process = rig.process(PARALLEL)
    session = process.open()
    process.add(session, "a")
    rig.proxy.share, rig.proxy.kinds = 1.0, (fault,)
    process.add(session, "b")
    process.clear(session)
    assert process.names(session) == []
    last = process.add(session, "c")
    assert process.names(session) == ["c"]
    rig.proxy.heal()
    process.switch(DYNAMODB)
    assert process.names(session) == ["c"]
    assert rig.stored(session) == [last.public_id]
    assert rig.counted(session) == 3  # checks made, whether or not they were cleared


@pytest.mark.requirement("M-36")
def test_a_write_waits_for_those_that_fail_again_before_it(rig: Rig) -> None:
    process = rig.process(PARALLEL)
    session = process.open()
    rig.proxy.next(Fault.UNSENT, Fault.UNSENT)  # the check, and its repetition by the clearing
    process.add(session, "a")
    process.clear(session)
    assert process.memory.pending == 2
    assert process.store.settle() == 0
    assert rig.stored(session) == []
    assert rig.counted(session) == 1


@pytest.mark.requirement("M-36")
def test_a_clearing_that_is_made_up_for_leaves_what_another_process_added_since(rig: Rig) -> None:
    process, other = rig.process(PARALLEL), rig.process(PARALLEL)
    session = process.open()
    process.add(session, "a")
    rig.proxy.next(Fault.UNSENT)
    process.clear(session)
    time.sleep(0.002)  # a check of the very millisecond of the clearing is as old as it
    other.add(session, "b")
    assert process.store.settle() == 0
    assert other.names(session) == ["b"]


@pytest.mark.parametrize("mode", [PARALLEL, READ_NEW])
def test_a_try_of_a_check_that_arrives_after_its_clearing_changes_nothing(
    rig: Rig, mode: Mode
) -> None:
    process = rig.process(mode)
    session = process.open()
    rig.proxy.next(Fault.LATE)
    first = process.add(session, "a")
    second = process.add(session, "b")
    assert rig.stored(session) == [second.public_id, first.public_id]
    process.clear(session)
    rig.proxy.deliver()
    assert rig.stored(session) == []
    assert rig.counted(session) == process.count(session) == 2


@pytest.mark.requirement("M-36")
def test_a_clearing_deletes_what_the_index_does_not_show_yet(rig: Rig) -> None:
    process = rig.process(PARALLEL)
    session = process.open()
    check = process.add(session, "a")
    rig.mediphant.dynamodb.update_item(  # as if the index were behind
        TableName=rig.mediphant.table_name,
        Key={"PK": {"S": f"QUERY#{check.public_id}"}, "SK": {"S": "METADATA"}},
        UpdateExpression="REMOVE GSI1PK, GSI1SK",
    )
    process.clear(session)
    assert rig.stored(session) == []


@pytest.mark.requirement("M-36")
def test_what_dynamodb_answers_is_no_failure(rig: Rig) -> None:
    process = rig.process(PARALLEL)
    session = process.open()
    key = {"PK": {"S": "USER#ada"}, "SK": {"S": f"SESSION#{session.sessionId}"}}
    rig.mediphant.dynamodb.delete_item(TableName=rig.mediphant.table_name, Key=key)
    with pytest.raises(NoSessionError):
        process.add(session)
    assert process.memory.pending == 0
    with pytest.raises(NoSessionError):
        process.names(session)
    assert process.store.session("ada", session.sessionId) is None


@pytest.mark.requirement("M-36")
@pytest.mark.parametrize("mode", [PARALLEL, READ_NEW])
def test_a_session_that_memory_does_not_hold_is_dynamodbs_alone(rig: Rig, mode: Mode) -> None:
    process, other = rig.process(mode), rig.process(mode)
    session = other.open()
    process.add(session, "a")
    assert process.names(session) == ["a"]
    assert process.metrics.sums["MigrationUnheld"] == 2
    rig.proxy.next(Fault.THROTTLED)
    with pytest.raises(ThrottledError):  # nobody here knows whether the session is there at all
        process.add(session, "b")
    assert process.names(session) == ["a"]


def test_another_users_session_is_none_in_memory_too(rig: Rig) -> None:
    process = rig.process(PARALLEL)
    session = process.open("ada")
    for call in (
        lambda: process.store.recent_checks("eve", session.sessionId),
        lambda: process.store.clear_checks("eve", session.sessionId),
    ):
        with pytest.raises(NoSessionError):
            call()
    assert process.store.session("eve", session.sessionId) is None


@pytest.mark.requirement("M-38")
def test_phase_2_reads_new_sessions_from_dynamodb_and_older_ones_from_memory(rig: Rig) -> None:
    process = rig.process(PARALLEL)
    older = process.open()
    process.add(older, "a")
    time.sleep(0.002)
    process.switch(READ_NEW, since=time.time())
    time.sleep(0.002)
    newer = process.open()
    process.add(newer, "b")
    sent = rig.proxy.passed["Query"]
    assert process.names(older) == ["a"]
    assert rig.proxy.passed["Query"] == sent
    assert process.metrics.sums["MigrationSourceReads"] == 1
    assert process.names(newer) == ["b"]
    assert rig.proxy.passed["Query"] == sent + 1
    assert process.metrics.sums["MigrationHits"] == process.metrics.sums["MigrationMatches"] == 1


@pytest.mark.requirement("M-38", "M-42")
@kinds
def test_phase_2_falls_back_to_memory_when_dynamodb_fails(rig: Rig, fault: Fault) -> None:
    process = rig.process(READ_NEW)
    session = process.open()
    process.add(session, "a")
    rig.proxy.next(fault)
    assert process.names(session) == ["a"]
    rig.proxy.next(None, fault)
    assert process.names(session) == ["a"]
    rig.proxy.next(fault)
    assert process.count(session) == 1
    sums = process.metrics.sums
    assert (sums["MigrationReadFailures"], sums["MigrationFallbacks"]) == (3, 3)
    assert sums["MigrationHits"] == 0
    assert process.names(session) == ["a"]
    assert process.metrics.sums["MigrationHits"] == 1


@pytest.mark.requirement("M-38", "M-42")
def test_phase_2_never_reads_dynamodb_while_it_is_behind(rig: Rig) -> None:
    process = rig.process(READ_NEW)
    session = process.open()
    process.add(session, "a")
    rig.proxy.only = frozenset({"TransactWriteItems"})
    rig.proxy.share, rig.proxy.kinds = 1.0, (Fault.UNSENT,)
    process.add(session, "b")
    assert process.names(session) == ["b", "a"]
    assert process.count(session) == 2
    assert process.metrics.sums["MigrationFallbacks"] == 2
    rig.proxy.heal()
    assert process.names(session) == ["b", "a"]
    assert process.metrics.sums["MigrationHits"] == 1


@pytest.mark.requirement("M-38", "M-42")
def test_phase_2_answers_a_miss_from_memory(rig: Rig) -> None:
    """The index lags: a row that DynamoDB has not got yet is read from memory."""
    process = rig.process(READ_NEW)
    session = process.open()
    first, second = process.add(session, "a"), process.add(session, "b")
    rig.mediphant.dynamodb.delete_item(
        TableName=rig.mediphant.table_name,
        Key={"PK": {"S": f"QUERY#{second.public_id}"}, "SK": {"S": "METADATA"}},
    )
    assert rig.stored(session) == [first.public_id]
    assert process.names(session) == ["b", "a"]
    assert process.metrics.sums["MigrationMisses"] == 1
    assert process.metrics.sums["MigrationMismatches"] == 0
    process.now = lambda: time.time() + INDEX_SECONDS
    assert process.names(session) == ["b", "a"]
    assert process.metrics.sums["MigrationMisses"] == 2
    assert process.metrics.sums["MigrationMismatches"] == 1


@pytest.mark.requirement("M-42")
def test_a_share_of_phase_1s_reads_is_compared(rig: Rig) -> None:
    process = rig.process(PARALLEL, share=1.0)
    session = process.open()
    process.add(session, "a")
    assert process.names(session) == ["a"]
    assert process.count(session) == 1
    assert process.metrics.sums["MigrationMatches"] == 2
    assert process.metrics.sums["MigrationHits"] == 2
    rig.proxy.share, rig.proxy.kinds = 1.0, (Fault.THROTTLED,)
    assert process.names(session) == ["a"]
    assert process.metrics.sums["MigrationReadFailures"] == 1


@pytest.mark.requirement("M-42")
@pytest.mark.parametrize("mode", [PARALLEL, READ_NEW])
@pytest.mark.parametrize("later", [0, INDEX_SECONDS])
def test_a_comparison_notices_another_process_and_memory_forgets_the_session(
    rig: Rig, mode: Mode, later: float
) -> None:
    process, other = rig.process(mode, share=1.0), rig.process(mode)
    session = process.open()
    process.add(session, "a")
    other.add(session, "b")
    process.now = lambda: time.time() + later
    assert process.names(session) == ["b", "a"]
    assert process.metrics.sums["MigrationMismatches"] == 1
    assert process.metrics.sums["MigrationHits"] == 1
    assert process.memory.size == 0
    other.add(session, "c")
    assert process.names(session) == ["c", "b", "a"]


@pytest.mark.requirement("M-38", "M-42")
def test_what_was_cleared_and_the_index_still_shows_is_not_taken_for_another_process(
    rig: Rig,
) -> None:
    process, other = rig.process(READ_NEW), rig.process(READ_NEW)
    session = process.open()
    process.add(session, "a")
    (row,) = rig.mediphant.rows("QUERY")
    process.clear(session)
    rig.mediphant.dynamodb.put_item(TableName=rig.mediphant.table_name, Item=row)
    assert process.names(session) == []
    assert process.metrics.sums["MigrationMisses"] == 1
    assert process.metrics.sums["MigrationMismatches"] == 0
    time.sleep(0.002)  # a check of the very millisecond of the clearing is as old as it
    other.add(session, "b")
    assert process.names(session) == ["b"]
    assert process.metrics.sums["MigrationMismatches"] == 1


@pytest.mark.requirement("M-42")
def test_a_session_that_another_process_counted_in_is_forgotten(rig: Rig) -> None:
    process, other = rig.process(READ_NEW), rig.process(PARALLEL)
    session = process.open()
    other.add(session, "a")
    assert process.count(session) == 1
    assert process.memory.size == 0
    assert process.metrics.sums["MigrationHits"] == 1
    assert process.metrics.sums["MigrationMismatches"] == 1


@pytest.mark.requirement("M-36")
def test_a_list_shows_what_another_process_has_counted(rig: Rig) -> None:
    process, other = rig.process(PARALLEL), rig.process(PARALLEL)
    session = process.open()
    other.add(session, "a")
    assert process.memory.sessions_of("ada").sessions[0].queryCount == 0
    (listed,) = process.store.sessions_of("ada").sessions
    assert listed.queryCount == 1
    assert process.store.profile("ada")[1] == SessionPage([listed], None)


@pytest.mark.requirement("M-40", "M-41")
def test_phase_3_is_dynamodb_alone(rig: Rig) -> None:
    process = rig.process(DYNAMODB)
    session = process.open()
    process.add(session, "a")
    assert process.names(session) == ["a"]
    assert process.memory.size == 0
    assert process.metrics.values == []
    for fault in (Fault.UNSENT, Fault.THROTTLED):
        rig.proxy.next(fault)
        with pytest.raises(FAILURES):
            process.add(session, "b")
        rig.proxy.next(fault)
        with pytest.raises(FAILURES):
            process.names(session)
        rig.proxy.next(fault)
        with pytest.raises(FAILURES):
            process.open()
    assert process.names(session) == ["a"]


@pytest.mark.requirement("M-41")
def test_phase_3_makes_up_for_pending_writes_first_and_answers_nothing_older(rig: Rig) -> None:
    process = rig.process(PARALLEL)
    session = process.open()
    process.add(session, "a")
    rig.proxy.only = frozenset({"TransactWriteItems"})
    rig.proxy.share, rig.proxy.kinds = 1.0, (Fault.THROTTLED,)
    process.add(session, "b")
    process.switch(DYNAMODB)
    with pytest.raises(ThrottledError):
        process.names(session)
    with pytest.raises(ThrottledError):
        process.count(session)
    with pytest.raises(ThrottledError):
        process.add(session, "never kept")
    assert process.memory.pending == 1
    rig.proxy.heal()
    assert process.names(session) == ["b", "a"]
    assert process.count(session) == rig.counted(session) == 2


@pytest.mark.requirement("M-41")
def test_moving_back_reads_what_phase_3_wrote(rig: Rig) -> None:
    process = rig.process(PARALLEL)
    session = process.open()
    process.add(session, "a")
    process.switch(DYNAMODB)
    process.add(session, "b")
    late = process.open()
    process.add(late, "x")
    assert process.memory.size == 0
    for mode in (READ_NEW, PARALLEL):
        process.switch(mode)
        assert process.names(session)[0] == {READ_NEW: "b", PARALLEL: "c"}[mode]
        process.add(session, "c")
        assert process.names(session)[0] == "c"
        assert process.names(late) == ["x"]
    assert process.names(session) == ["c", "c", "b", "a"]
    assert process.count(session) == 4


@pytest.mark.requirement("M-41")
def test_a_session_opened_in_dynamodb_alone_is_no_longer_the_one_that_memory_held(
    rig: Rig,
) -> None:
    process = rig.process(PARALLEL)
    over, again = _sessions_of_one_id()
    process.store.create_session(over)
    process.switch(DYNAMODB)
    process.store.create_session(again)
    assert process.memory.size == 0
    for mode in (DYNAMODB, PARALLEL):
        process.switch(mode)
        process.add(again)
        assert process.count(again) == rig.counted(again)
    assert len(process.names(again)) == 2


@pytest.mark.requirement("M-41")
def test_a_session_that_is_opened_again_after_its_use_is_not_taken_for_a_new_one(
    rig: Rig,
) -> None:
    process = rig.process(PARALLEL)
    session = process.open()
    process.add(session, "a")
    process.switch(DYNAMODB)
    process.add(session, "b")
    process.switch(PARALLEL)
    process.store.create_session(session)
    assert process.names(session) == ["b", "a"]
    assert process.count(session) == 2


@pytest.mark.requirement("M-36")
def test_what_failed_otherwise_than_dynamodb_does_is_not_left_in_memory(rig: Rig) -> None:
    process = rig.process(PARALLEL)
    session = process.open()
    first = process.add(session, "a")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DynamoStore, "add_check", _no_credentials)
        with pytest.raises(NoCredentialsError):
            process.add(session, "b")
    assert process.names(session) == ["a"]
    assert process.count(session) == 1
    assert rig.stored(session) == [first.public_id]


def _no_credentials(*_: object) -> None:
    raise NoCredentialsError


@pytest.mark.requirement("M-41")
def test_a_session_is_not_opened_in_dynamodb_alone_over_one_that_only_memory_has(
    rig: Rig,
) -> None:
    process = rig.process(PARALLEL, capacity=2)
    other, pending = _sessions_of_one_id(alive=(True, True))
    rig.proxy.next(Fault.THROTTLED)
    process.store.create_session(pending)  # with its pending write all that there is room for
    rig.proxy.next(Fault.THROTTLED, Fault.THROTTLED)
    with pytest.raises(AlreadyExistsError):
        process.store.create_session(other)
    process.store.create_session(pending)  # the very same
    process.switch(DYNAMODB)
    with pytest.raises(AlreadyExistsError):
        process.store.create_session(other)
    assert process.memory.size == 0
    assert process.store.session("ada", pending.sessionId) == pending


def _sessions_of_one_id(alive: tuple[bool, bool] = (False, True)) -> list[Session]:
    now = time.time()
    moments = [iso(us_of_ms((now + later) * 1000)) for later in (0, 1)]
    return [
        Session(
            userId="ada",
            sessionId="one",
            TTL=int(now) + (1000 if lives else -1000),
            lastActivity=at,
            Data=SessionData(createdAt=at),
        )
        for at, lives in zip(moments, alive, strict=True)
    ]


@pytest.mark.requirement("M-36")
def test_a_users_sessions_are_all_of_them_in_every_phase(rig: Rig) -> None:
    process, other = rig.process(PARALLEL), rig.process(PARALLEL)
    sessions = [process.open(), other.open()]
    rig.proxy.only = frozenset({"TransactWriteItems"})
    rig.proxy.share, rig.proxy.kinds = 1.0, (Fault.UNSENT,)
    sessions.append(process.open())
    process.add(sessions[0], "a")
    for mode in (PARALLEL, READ_NEW, DYNAMODB):
        process.switch(mode)
        found = {
            each.sessionId: each.queryCount for each in process.store.sessions_of("ada").sessions
        }
        assert found == {session.sessionId: int(session is sessions[0]) for session in sessions}
        assert process.store.profile("ada")[1] == process.store.sessions_of("ada")
    rig.proxy.only, rig.proxy.kinds = frozenset({"Query"}), (Fault.UNSENT,)
    process.switch(PARALLEL)
    with pytest.raises(UnavailableError):  # rather than some of them
        process.store.sessions_of("ada")


@pytest.mark.requirement("M-36")
@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 7, 8, 100])
def test_pages_hold_each_session_once_while_pending_ones_reach_dynamodb(
    rig: Rig, limit: int
) -> None:
    process, other = rig.process(PARALLEL), rig.process(PARALLEL)
    opened = [other.open() for _ in range(4)] + [process.open() for _ in range(2)]
    rig.proxy.only = frozenset({"TransactWriteItems"})
    rig.proxy.share, rig.proxy.kinds = 1.0, (Fault.UNSENT,)
    opened += [process.open() for _ in range(4)]

    def reach_dynamodb() -> None:
        rig.proxy.heal()
        process.store.settle()

    ids = sorted(session.sessionId for session in opened)
    for between in (lambda: None, reach_dynamodb):
        found = sessions_in_pages(process.store, "ada", limit, between)
        assert [session.sessionId for session in found] == ids
    first = process.store.sessions_of("ada", limit=limit)
    assert process.store.profile("ada", limit)[1] == first


@pytest.mark.requirement("M-36")
def test_a_user_whom_only_memory_knows_yet_has_a_profile(rig: Rig) -> None:
    process = rig.process(PARALLEL)
    rig.proxy.next(Fault.UNSENT)
    session = process.open("new")
    known, page = process.store.profile("new")
    assert known is not None and known.Data.createdAt == session.Data.createdAt
    assert page == SessionPage([session], None)


@pytest.mark.requirement("M-36")
def test_memory_forgets_what_dynamodb_has_and_keeps_what_it_lacks(rig: Rig) -> None:
    process = rig.process(PARALLEL, capacity=6)
    rig.proxy.next(None, Fault.THROTTLED)
    behind = process.open("behind")
    rig.proxy.only = frozenset({"TransactWriteItems"})
    rig.proxy.share, rig.proxy.kinds = 1.0, (Fault.THROTTLED,)
    process.add(behind, "a")
    rig.proxy.share = 0.0
    with process.memory.held(behind.userId, behind.sessionId):  # so that nobody makes up for it
        others = [process.open(f"user-{n}") for n in range(8)]
    assert process.memory.size <= 6
    assert process.memory.pending == 1
    assert process.names(behind) == ["a"]
    for n, session in enumerate(others):
        process.add(session, str(n))
        assert process.names(session) == [str(n)]
    assert process.memory.size <= 6


@pytest.mark.requirement("M-36")
def test_memory_full_of_pending_writes_takes_no_more_of_them(rig: Rig) -> None:
    process = rig.process(PARALLEL, capacity=5)
    session = process.open()
    rig.proxy.share, rig.proxy.kinds = 1.0, (Fault.UNSENT,)
    process.add(session, "a")
    process.add(session, "b")
    with pytest.raises(UnavailableError):
        process.add(session, "c")
    with pytest.raises(UnavailableError):
        process.clear(session)
    with pytest.raises(UnavailableError):
        process.open()
    assert process.names(session) == ["b", "a"]
    rig.proxy.heal()
    process.add(session, "d")
    assert process.names(session) == ["d", "b", "a"]
    assert rig.counted(session) == 3


@pytest.mark.requirement("M-36")
def test_a_dynamodb_that_hangs_is_waited_for_once(rig: Rig) -> None:
    process = rig.process(PARALLEL, read_timeout=1.1, breaker=Breaker())
    session = process.open()
    rig.proxy.share, rig.proxy.kinds = 1.0, (Fault.HANGS,)
    process.add(session, "a")
    sent = rig.proxy.requests
    for name in "bcd":
        process.add(session, name)
        assert process.names(session)[0] == name
    assert rig.proxy.requests == sent
    assert process.memory.pending == 4
