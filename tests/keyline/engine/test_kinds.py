"""Several kinds of items in one partition, on the engine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from keyline.model.capacity import query_units, write_units
from keyline.model.size import item_size
from keyline.run import Meter, Read, Store
from keyline.run.errors import ConditionFailedError, InvalidCursorError, ItemUnreadableError
from tests.support.bench import Bench, fresh
from tests.support.sample.lending import (
    COUNT_VISIT,
    EXTEND,
    GET_DUE,
    GET_LOAN,
    GET_LOANS,
    GET_MEMBER,
    LIBRARY,
    LOANS,
    MEMBER_AND_LOAN,
    OF_DAY,
    OF_MEMBER,
    OF_TITLE,
    PUT_HOLD,
    PUT_LOAN,
    PUT_MEMBER,
    Due,
    Hold,
    Loan,
    LoanData,
    Member,
    MemberData,
)
from tests.support.sample.shop import LARGE, Settings

START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)


def moment(minute: int) -> str:
    at = START + timedelta(minutes=minute)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.fixture
def bench(engine: str) -> Iterator[Bench]:
    """A fresh table of the library."""
    with fresh(engine, (LIBRARY,)) as made:
        yield made


def made(bench: Bench, **more: Any) -> Store:
    given = {"cursor_secret": b"engine tests", "meter": Meter(), "measure_sizes": True, **more}
    return Store(system=LARGE, environment=bench.environment, client=bench.client(), **given)


@pytest.fixture
def store(bench: Bench) -> Iterator[Store]:
    store = made(bench)
    yield store
    store.close()


def member(number: str = "7") -> Member:
    return Member(memberId=number, Data=MemberData(name="Ann", languages=["en", "de"]))


def loan(minute: int, number: str = "7", title: str = "Emma", **more: Any) -> Loan:
    data = LoanData(due="later", pages=300, marks={"last": MemberData(name="Bo")})
    return Loan(memberId=number, title=title, at=moment(minute), Data=data, **more)


def filled(store: Store, loans: int = 4) -> list[Member | Loan | Hold]:
    """Return an account with loans and holds; what is in it, in order."""
    holds = [Hold(memberId="7", title=f"T{n}", at=moment(n)) for n in range(2)]
    for hold in holds:
        store.put(PUT_HOLD, hold)
    taken = [store.put(PUT_LOAN, loan(n)) for n in range(loans)]
    store.put(PUT_MEMBER, member())
    store.put(PUT_MEMBER, member("8"))
    return [*holds, *taken, member()]


def stored(bench: Bench, **key: str) -> dict[str, Any]:
    """Return an item as it is really stored."""
    name = LIBRARY.physical_name(bench.environment)
    item: dict[str, Any] = bench.admin.get_item(
        TableName=name, Key={k: {"S": v} for k, v in key.items()}
    )["Item"]
    return item


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 10])
def test_pages_of_several_kinds_hold_each_item_once_in_order(store: Store, limit: int) -> None:
    expected = filled(store)
    found: list[Member | Loan | Hold] = []
    cursor: str | None = None
    while True:
        page = store.query(OF_MEMBER, limit=limit, cursor=cursor, caller="ann", memberId="7")
        assert len(page.items) <= limit
        found += page.items
        cursor = page.cursor
        if cursor is None:
            break
    assert found == expected
    assert list(store.items(OF_MEMBER, memberId="7")) == expected


def test_a_cursor_of_a_collection_is_bound_to_its_caller(store: Store) -> None:
    filled(store)
    cursor = store.query(OF_MEMBER, limit=2, caller="ann", memberId="7").cursor
    for caller, number in (("bo", "7"), ("ann", "8")):
        with pytest.raises(InvalidCursorError):
            store.query(OF_MEMBER, limit=2, cursor=cursor, caller=caller, memberId=number)


def test_a_collection_costs_its_items_together(store: Store, bench: Bench) -> None:
    filled(store, loans=90)
    page = store.query(OF_MEMBER, limit=100, memberId="7")
    assert len(page.items) == 93
    name = LIBRARY.physical_name(bench.environment)
    items = bench.admin.query(
        TableName=name,
        KeyConditionExpression="PK = :pk",
        ExpressionAttributeValues={":pk": {"S": "MEMBER#7"}},
    )["Items"]
    call = store.meter.calls[-1]
    assert call.read == call.floor == query_units(items) > 1
    assert call.items == 93


def test_what_has_expired_is_in_no_collection(store: Store) -> None:
    # Given an account with expired items between others
    expected = filled(store)
    past = int(time.time()) - 1
    for n in range(20):
        store.put(PUT_LOAN, loan(100 + n, TTL=past))
    store.put(PUT_HOLD, Hold(memberId="7", title="ZZ", TTL=past))
    # Then pages are as full as without them
    first = store.query(OF_MEMBER, limit=6, memberId="7")
    second = store.query(OF_MEMBER, limit=6, cursor=first.cursor, memberId="7")
    assert [*first.items, *second.items] == expected
    assert (len(first.items), second.cursor) == (6, None)


@pytest.mark.parametrize("shards", [1, 4])
def test_a_collection_of_an_index_is_in_order_over_its_shards(bench: Bench, shards: int) -> None:
    store = made(bench, settings=Settings(titleShards=shards))
    expected: list[Loan | Hold] = []
    for n in range(0, 12, 2):
        expected.append(store.put(PUT_LOAN, loan(n, f"m{n}")))
        expected.append(store.put(PUT_HOLD, Hold(memberId=f"m{n}", title="Emma", at=moment(n + 1))))
    store.put(PUT_HOLD, Hold(memberId="m", title="Emma"))  # no moment: not in the index
    found: list[Loan | Hold] = []
    cursor: str | None = None
    while True:
        page = store.query(OF_TITLE, limit=5, cursor=cursor, title="Emma", at=moment(2))
        found += page.items
        cursor = page.cursor
        if cursor is None:
            break
    assert found == expected[2:]
    store.close()


def test_a_query_of_one_kind_leaves_the_others_out(store: Store) -> None:
    expected = filled(store)
    assert store.query(LOANS, memberId="7").items == [i for i in expected if isinstance(i, Loan)]
    call = store.meter.calls[-1]
    assert call.read == call.floor


def test_every_read_gives_the_kind(store: Store) -> None:
    store.put(PUT_MEMBER, member())
    put = store.put(PUT_LOAN, loan(1))
    key = {"memberId": "7", "at": moment(1)}
    assert store.get(GET_LOAN, **key) == put
    assert store.get(GET_DUE, **key) == Due(title="Emma")
    assert store.batch_get(GET_LOANS, keys=[key]) == [put]
    both = store.transact_get(
        MEMBER_AND_LOAN, [Read(GET_MEMBER, memberId="7"), Read(GET_LOAN, **key)]
    )
    assert both == [member(), put]


def test_an_item_of_a_foreign_hand_is_refused(store: Store, bench: Bench) -> None:
    store.put(PUT_LOAN, loan(1))
    item = stored(bench, PK="MEMBER#7", SK=f"LOAN#{moment(1)}")
    name = LIBRARY.physical_name(bench.environment)
    bench.admin.put_item(TableName=name, Item={**item, "EntityType": {"S": "HOLD"}})
    with pytest.raises(ItemUnreadableError, match="is a Hold, not a Loan"):
        store.get(GET_LOAN, memberId="7", at=moment(1))
    with pytest.raises(ItemUnreadableError, match="is a Hold, not a Loan"):
        store.query(LOANS, memberId="7")


def test_a_nested_payload_is_stored_as_a_map_and_replaced_whole(store: Store, bench: Bench) -> None:
    # Given a loan, whose expiry is counted from its text
    put = store.put(PUT_LOAN, loan(1, count=2))
    item = stored(bench, PK="MEMBER#7", SK=f"LOAN#{moment(1)}")
    assert item["TTL"] == {"N": str(int(START.timestamp()) + 60 + 30 * 86_400)}
    assert item["Data"]["M"]["marks"]["M"]["last"]["M"]["name"] == {"S": "Bo"}
    call = store.meter.calls[-1]
    assert call.write == call.floor == 2 * write_units(item_size(item))
    # When its payload is set
    data = LoanData(due="soon", pages=1, fee=0.1)
    changed = store.update(
        EXTEND, {"Data": data, "count": 1}, now=int(time.time()), memberId="7", at=put.at
    )
    # Then it is replaced as a whole, and the counter grew
    assert (changed.Data, changed.count) == (data, 3)
    assert store.get(GET_LOAN, memberId="7", at=put.at) == changed
    # And a moment beyond the expiry is refused
    with pytest.raises(ConditionFailedError) as caught:
        store.update(EXTEND, {"count": 1}, now=int(time.time()) * 2, memberId="7", at=put.at)
    assert caught.value.current == changed


def test_an_upsert_makes_a_whole_item_of_its_kind(store: Store, bench: Bench) -> None:
    for count in (1, 2):
        counted = store.update(COUNT_VISIT, {"count": 1}, branch="east", day="monday")
        assert counted.count == count
        # What it was before is unknown: it may have been created, in the indexes too
        assert store.meter.calls[-1].floor is None
    item = stored(bench, PK="VISITS#east", SK="DAY#monday")
    assert (item["EntityType"], item["branch"], item["day"]) == (
        {"S": "VISITS"},
        {"S": "east"},
        {"S": "monday"},
    )
    assert store.query(OF_DAY, day="monday").items == [counted]


def test_an_upsert_over_an_expired_item_starts_anew(store: Store, bench: Bench) -> None:
    # Given visits whose time is over, and which DynamoDB has not deleted yet
    store.update(COUNT_VISIT, {"count": 5}, branch="east", day="monday")
    old = stored(bench, PK="VISITS#east", SK="DAY#monday")
    past = {"N": str(int(time.time()) - 1)}
    name = LIBRARY.physical_name(bench.environment)
    bench.admin.put_item(TableName=name, Item={**old, "TTL": past, "rest": {"S": "x"}})
    # When one is counted
    counted = store.update(COUNT_VISIT, {"count": 1}, branch="east", day="monday")
    # Then nothing is left of the old ones, and the item is whole
    assert counted.count == 1
    assert stored(bench, PK="VISITS#east", SK="DAY#monday") == {**old, "count": {"N": "1"}}
