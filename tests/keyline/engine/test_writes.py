"""Creates, versions, counters, expiry under writes, the size guard."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from keyline.run import Store, Write
from keyline.run.errors import (
    AlreadyExistsError,
    BadCallError,
    ConditionFailedError,
    ItemTooLargeError,
    ItemUnreadableError,
    NotFoundError,
    OutcomeUnknownError,
    TransactionCancelledError,
    VersionConflictError,
)
from tests.support.answers import intercept, refusal
from tests.support.bench import Bench
from tests.support.faults import Fault, FaultProxy, fault_proxy
from tests.support.sample.accounts import (
    ACCOUNT_EXISTS,
    GET_ACCOUNT,
    PAY,
    PUT_ACCOUNT,
    PUT_BOTH,
    PUT_EVENT,
    Account,
    Event,
)
from tests.support.sample.notes import (
    CHECK_NOTE,
    COUNT_NOTE,
    DROP_EXISTING,
    DROP_NOTE,
    EDIT_NOTE,
    GET_NOTE,
    GET_TITLE,
    MOVE,
    NOTES_SINCE,
    PUT_NOTE,
    REPLACE_SMALLER,
    STRIP_NOTE,
    TALLY_NOTE,
    Note,
    note,
)

NOW = float(round(time.time() * 1000))
PAST = int(time.time()) - 1
KEY: dict[str, Any] = {"owner": "ann", "timestamp": NOW}


def _stored(bench: Bench) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = bench.admin.scan(
        TableName=f"StaffNotes-{bench.environment}", ConsistentRead=True
    )["Items"]
    return found


def test_a_create_meets_the_item_that_is_there(store: Store) -> None:
    first = store.put(PUT_NOTE, note(**KEY, name="first"))
    with pytest.raises(AlreadyExistsError) as error:
        store.put(PUT_NOTE, note(**KEY, name="second"))
    assert error.value.current == first
    assert store.get(GET_NOTE, **KEY) == first


def test_a_create_takes_the_place_of_what_has_expired(store: Store) -> None:
    store.put(PUT_NOTE, note(**KEY, name="old", ttl=PAST))
    store.put(PUT_NOTE, note(**KEY, name="new"))
    got = store.get(GET_NOTE, **KEY)
    assert got is not None
    assert got.name == "new"


def test_a_condition_with_alternatives(store: Store) -> None:
    store.put(REPLACE_SMALLER, note(**KEY, size=3), **{"size": 0})
    store.put(REPLACE_SMALLER, note(**KEY, size=5), **{"size": 4})
    with pytest.raises(ConditionFailedError) as error:
        store.put(REPLACE_SMALLER, note(**KEY, size=9), **{"size": 5})
    assert error.value.current.size == 5


def test_two_writers_meet_a_version(store: Store) -> None:
    store.put(PUT_NOTE, note(**KEY))
    # Given two who have read version 1
    mine = store.update(EDIT_NOTE, {"name": "mine"}, expected=1, **KEY)
    assert mine.version == 2
    with pytest.raises(VersionConflictError) as error:
        store.update(EDIT_NOTE, {"name": "yours"}, expected=1, **KEY)
    # Then the second learns what the first wrote, and can go on from there
    assert error.value.current == mine
    again = store.update(EDIT_NOTE, {"name": "yours"}, expected=2, **KEY)
    assert (again.name, again.version) == ("yours", 3)


def test_versions_under_contention_lose_no_change(bench: Bench) -> None:
    store = bench.store()
    store.put(PUT_NOTE, note(**KEY, version=0))

    def editor(number: int) -> None:
        version = 0
        while True:
            try:
                store.update(EDIT_NOTE, {"tags": {f"tag-{number}"}}, expected=version, **KEY)
                return
            except VersionConflictError as conflict:
                version = conflict.current.version

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(editor, range(16)))
    got = store.get(GET_NOTE, **KEY)
    assert got is not None
    assert (got.version, len(got.tags)) == (16, 16)


@pytest.mark.parametrize("pattern", [COUNT_NOTE, TALLY_NOTE])
def test_a_counter_under_32_threads_counts_each(bench: Bench, pattern: Any) -> None:
    store = bench.store()
    if pattern is COUNT_NOTE:
        store.put(PUT_NOTE, note(**KEY))
    changes = (
        {"count": 1}
        if pattern is COUNT_NOTE
        else {"count": 1, "name": "n", "topic": "t", "size": 3}
    )
    with ThreadPoolExecutor(32) as pool:
        list(pool.map(lambda _: store.update(pattern, changes, **KEY), range(320)))
    got = store.get(GET_NOTE, **KEY)
    assert got is not None
    assert got.count == 320


def test_an_upsert_makes_a_whole_item(store: Store) -> None:
    made = store.update(TALLY_NOTE, {"count": 2, "name": "n", "topic": "t", "size": 3}, **KEY)
    assert made == note(**KEY, name="n", topic="t", size=3, count=2, ttl=made.ttl)
    assert made.ttl == int(NOW / 1000 + 30 * 86_400)
    again = store.update(TALLY_NOTE, {"count": 2, "size": 9}, **KEY)
    assert (again.count, again.size) == (4, 3)


def test_an_upsert_starts_anew_over_what_has_expired(store: Store) -> None:
    old = note(**KEY, name="old", count=41, status="open", tags={"a"}, ttl=PAST)
    store.put(PUT_NOTE, old)
    made = store.update(TALLY_NOTE, {"count": 1, "name": "n", "topic": "t", "size": 3}, **KEY)
    assert made == note(**KEY, name="n", topic="t", size=3, count=1, ttl=made.ttl)


def test_changes_to_what_is_not_there_or_has_expired(store: Store) -> None:
    for _ in range(2):
        with pytest.raises(NotFoundError):
            store.update(COUNT_NOTE, {"count": 1}, **KEY)
        with pytest.raises(NotFoundError):
            store.update(EDIT_NOTE, {"name": "x"}, expected=1, **KEY)
        with pytest.raises(NotFoundError):
            store.delete(DROP_EXISTING, **KEY, name="plan")
        store.put(PUT_NOTE, note(**KEY, ttl=PAST))


def test_conditions_of_a_delete(store: Store) -> None:
    store.put(PUT_NOTE, note(**KEY, name="plan"))
    with pytest.raises(ConditionFailedError) as error:
        store.delete(DROP_EXISTING, **KEY, name="other")
    assert error.value.current.name == "plan"
    store.delete(DROP_EXISTING, **KEY, name="plan")
    store.delete(DROP_NOTE, **KEY)
    assert store.get(GET_NOTE, **KEY) is None


def test_what_is_set_to_none_is_gone(store: Store, bench: Bench) -> None:
    store.put(PUT_NOTE, note(**KEY, status="open", tags={"a", "b"}))
    edited = store.update(EDIT_NOTE, {"status": None, "tags": set()}, expected=1, **KEY)
    assert edited.status is None
    stripped = store.update(STRIP_NOTE, {"tags": {"a", "b"}}, **KEY)
    assert stripped.tags == set()
    (item,) = _stored(bench)
    assert not {"status", "tags"} & set(item)


@pytest.mark.parametrize(
    ("changes", "more", "message"),
    [
        ({"owner": "x"}, {"expected": 1}, "does not change owner"),
        ({"name": "x"}, {}, "lacks the version"),
        ({}, {"expected": 1}, "nothing to change"),
    ],
)
def test_an_update_has_to_fit_its_pattern(
    store: Store, changes: dict[str, Any], more: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadCallError, match=message):
        store.update(EDIT_NOTE, changes, **more, **KEY)
    assert store.meter.calls == []


@pytest.mark.requirement("X-14")
def test_an_item_beyond_400_kb_is_refused_before_it_is_sent(store: Store) -> None:
    # Given an item of exactly 400 KB
    room = 400 * 1024 - _size_without_tags()
    store.put(PUT_NOTE, note(**KEY, tags={"y" * room}))
    # When it is one byte larger
    with pytest.raises(ItemTooLargeError) as error:
        store.put(PUT_NOTE, note("bob", NOW, tags={"y" * (room + 1)}))
    # Then it is refused with what takes the room
    assert error.value.size == 400 * 1024 + 1
    assert error.value.largest[0] == ("tags", room + 1 + len("tags"))
    assert len(store.meter.calls) == 1


def _size_without_tags() -> int:
    """Compute by the guide's formula: names, UTF-8, two digits to a byte and one byte more."""
    millis = len(str(int(NOW)).rstrip("0"))
    number = (millis + 1) // 2 + 1
    ttl = str(int(NOW / 1000 + 30 * 86_400)).rstrip("0")
    sizes = {
        "owner": 3,
        "timestamp": number,
        "name": 4,
        "size": 2,
        "topic": 4,
        "response": 0,
        "tags": 0,
        "count": 1,
        "version": 2,
        "ttl": (len(ttl) + 1) // 2 + 1,
    }
    return sum(len(name) + size for name, size in sizes.items())


@pytest.mark.requirement("X-13")
def test_no_name_reaches_an_expression_unaliased(bench: Bench) -> None:
    # Given a client that shows what is sent
    client, sent = bench.client(), []
    intercept(client, lambda request: sent.append(request))
    store = Store(system=bench.store().system, environment=bench.environment, client=client)
    store.put(PUT_NOTE, note(**KEY))
    store.update(EDIT_NOTE, {"name": "a", "response": "b", "size": 3}, expected=1, **KEY)
    store.get(GET_TITLE, **KEY)
    store.query(NOTES_SINCE, **KEY)
    store.delete(DROP_EXISTING, **KEY, name="a")
    words = ("owner", "timestamp", "name", "size", "response", "version", "ttl")
    texts = [
        text for request in sent for key, text in request.items() if key.endswith("Expression")
    ]
    assert len(texts) == 6
    kinds = {key for request in sent for key in request if key.endswith("Expression")}
    assert kinds == {
        *("ConditionExpression", "UpdateExpression"),
        *("ProjectionExpression", "KeyConditionExpression"),
    }
    for text in texts:
        for word in words:
            bare = text.replace(f"#{word}", "").replace(f":{word}", "").replace(f":if_{word}", "")
            assert word not in bare


def test_long_text_is_stored_compressed(store: Store, bench: Bench) -> None:
    text = "Fünf Äpfel. " * 400
    store.put(PUT_NOTE, note(**KEY, response=text))
    (item,) = _stored(bench)
    assert item["response"]["B"][0] == 1
    assert len(item["response"]["B"]) < 200
    got = store.get(GET_NOTE, **KEY)
    assert got is not None
    assert got.response == text


def test_an_item_of_another_shape_is_named_without_its_values(store: Store, bench: Bench) -> None:
    bench.admin.put_item(
        TableName=f"StaffNotes-{bench.environment}",
        Item={"owner": {"S": "ann"}, "timestamp": {"N": str(NOW)}, "name": {"S": "secret"}},
    )
    with pytest.raises(ItemUnreadableError) as error:
        store.get(GET_NOTE, **KEY)
    assert "secret" not in str(error.value)
    assert "get-note" in str(error.value)


def test_a_transaction_is_carried_out_once_per_token(store: Store) -> None:
    store.put(PUT_ACCOUNT, Account(accountId=1, name="Ann"))
    pay = [Write.update(PAY, {"balance": 5}, accountId=1)]
    for _ in range(3):
        store.transact(PUT_BOTH, pay, token="payment-1")
    account = store.get(GET_ACCOUNT, accountId=1)
    assert account is not None
    assert account.balance == 5
    # The repeated ones read what was written
    assert [(c.read > 0, c.write > 0) for c in store.meter.calls[1:4]] == [
        (False, True),
        (True, False),
        (True, False),
    ]
    store.transact(PUT_BOTH, pay)
    store.transact(PUT_BOTH, pay)
    account = store.get(GET_ACCOUNT, accountId=1)
    assert account is not None
    assert account.balance == 15


def test_a_transaction_fails_as_one_and_says_why(store: Store) -> None:
    store.put(PUT_NOTE, note(**KEY, name="taken"))
    store.put(PUT_NOTE, note("bob", NOW, name="other"))
    with pytest.raises(TransactionCancelledError) as error:
        store.transact(
            MOVE,
            [
                Write.put(PUT_NOTE, note("eve", NOW)),
                Write.put(PUT_NOTE, note(**KEY)),
                Write.check(CHECK_NOTE, owner="bob", timestamp=NOW, name="plan"),
            ],
        )
    reasons = [(r.action, r.pattern, r.code) for r in error.value.reasons]
    assert reasons == [
        (1, "put-note", "ConditionalCheckFailed"),
        (2, "check-note", "ConditionalCheckFailed"),
    ]
    assert [r.current.name for r in error.value.reasons] == ["taken", "other"]
    in_the_way = map(error.value.current_of, range(3))
    assert [item and item.name for item in in_the_way] == [None, "taken", "other"]
    assert error.value.refused("check-note")
    assert not error.value.refused("another")
    assert not error.value.conflict
    assert store.get(GET_NOTE, owner="eve", timestamp=NOW) is None


def test_a_transaction_takes_its_own_parts_only(store: Store) -> None:
    with pytest.raises(BadCallError, match="has no part 'put-note'"):
        store.transact(PUT_BOTH, [Write.put(PUT_NOTE, note(**KEY))])
    with pytest.raises(BadCallError, match="0 actions"):
        store.transact(PUT_BOTH, [])
    with pytest.raises(TransactionCancelledError):
        store.transact(
            PUT_BOTH,
            [
                Write.check(ACCOUNT_EXISTS, accountId=7),
                Write.put(PUT_EVENT, Event(accountId=7, day="2026-11-20", number=1)),
            ],
        )


def test_a_create_whose_answer_was_lost_is_not_taken_for_somebody_elses(bench: Bench) -> None:
    # Given a connection that loses the answer to the first try of each put
    client = bench.client()
    lost: list[dict[str, Any]] = []

    def lose(request: dict[str, Any]) -> AWSResponse | None:
        if not lost:
            lost.append(request)
            bench.store().put(PUT_NOTE, Note(**_fields(request)))  # it arrived all the same
            return refusal("InternalServerError", 500)
        return None

    intercept(client, lose)
    store = Store(system=bench.store().system, environment=bench.environment, client=client)
    assert store.put(PUT_NOTE, note(**KEY)).owner == "ann"
    with pytest.raises(AlreadyExistsError):
        store.put(PUT_NOTE, note(**KEY, name="other"))


def _fields(request: dict[str, Any]) -> dict[str, Any]:
    kinds = {"S": str, "N": float}
    plain = {}
    for name, value in request["Item"].items():
        ((tag, content),) = value.items()
        number = kinds[tag](content)
        plain[name] = int(number) if tag == "N" and name != "timestamp" else number
    return plain


@pytest.fixture
def proxy(bench: Bench) -> Iterator[FaultProxy]:
    """Yield what requests pass on their way to the engine."""
    with fault_proxy(bench.url) as made:
        yield made


@pytest.fixture
def unreliable(bench: Bench, proxy: FaultProxy) -> Store:
    """A store whose requests pass the proxy."""
    return replace(bench, url=proxy.url).store()


OWN: Mapping[str, Any] = {"name": "mine", "response": "long " * 200, "size": 12}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(OWN, id="set"),
        pytest.param({"name": "mine", "size": 10**20}, id="a number written in another way"),
        pytest.param({**OWN, "status": None}, id="removed"),
    ],
)
def test_an_update_whose_answer_was_lost_is_not_taken_for_somebody_elses(
    store: Store, unreliable: Store, proxy: FaultProxy, changes: Mapping[str, Any]
) -> None:
    store.put(PUT_NOTE, note(**KEY, status="open", size=1))
    proxy.next(Fault.LOST)
    done = unreliable.update(EDIT_NOTE, changes, expected=1, **KEY)
    assert (done.version, done.name, done.size) == (2, "mine", changes["size"])
    assert done == store.get(GET_NOTE, **KEY)
    assert (proxy.requests, proxy.failed[Fault.LOST, "UpdateItem"]) == (2, 1)


@pytest.mark.parametrize(
    "meanwhile",
    [
        pytest.param([{**OWN, "name": "yours"}], id="another value"),
        pytest.param([{**OWN, "status": "open"}], id="not removed"),
        pytest.param([OWN, OWN], id="a later version"),
    ],
)
def test_a_repeated_update_that_meets_what_somebody_else_wrote_says_that_it_may_be_done(
    store: Store, unreliable: Store, proxy: FaultProxy, meanwhile: list[Mapping[str, Any]]
) -> None:
    store.put(PUT_NOTE, note(**KEY, status="open"))
    for version, theirs in enumerate(meanwhile, start=1):
        current = store.update(EDIT_NOTE, theirs, expected=version, **KEY)
    proxy.next(Fault.UNSENT)
    with pytest.raises(OutcomeUnknownError) as error:
        unreliable.update(EDIT_NOTE, {**OWN, "status": None}, expected=1, **KEY)
    assert (error.value.current, error.value.repeatable) == (current, True)
    assert proxy.requests == 2


def test_a_version_that_has_not_grown_proves_that_a_repeated_update_was_not_carried_out(
    store: Store, unreliable: Store, proxy: FaultProxy
) -> None:
    store.put(PUT_NOTE, note(**KEY, version=4))
    proxy.next(Fault.UNSENT)
    with pytest.raises(VersionConflictError) as error:
        unreliable.update(EDIT_NOTE, OWN, expected=5, **KEY)
    assert (error.value.version, proxy.requests) == (4, 2)


def test_an_update_that_was_not_repeated_meets_even_its_like(
    store: Store, unreliable: Store
) -> None:
    store.put(PUT_NOTE, note(**KEY))
    store.update(EDIT_NOTE, OWN, expected=1, **KEY)
    with pytest.raises(VersionConflictError):
        unreliable.update(EDIT_NOTE, OWN, expected=1, **KEY)


def test_what_an_update_added_does_not_show_so_that_it_may_be_done(
    store: Store, unreliable: Store, proxy: FaultProxy
) -> None:
    store.put(PUT_NOTE, note(**KEY))
    proxy.next(Fault.LOST)
    with pytest.raises(OutcomeUnknownError) as error:
        unreliable.update(EDIT_NOTE, {"name": "mine", "tags": {"a"}}, expected=1, **KEY)
    assert (error.value.current.version, error.value.current.tags) == (2, {"a"})


def test_an_item_is_created_or_the_one_that_is_there_is_returned(store: Store) -> None:
    first = store.put_or_get(PUT_NOTE, note(name="first", **KEY))
    second = store.put_or_get(PUT_NOTE, note(name="second", **KEY))
    assert [(found.name, earlier) for found, earlier in (first, second)] == [
        ("first", False),
        ("first", True),
    ]
