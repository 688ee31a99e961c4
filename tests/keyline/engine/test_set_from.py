"""Updates that set an attribute from another one: to its value before the update, or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any

import msgspec
import pytest

from keyline.model import (
    Entity,
    Function,
    Get,
    Key,
    Put,
    Retention,
    System,
    Table,
    TransactWrite,
    Ttl,
    Update,
    or_given,
    plus,
)
from keyline.run import (
    BadCallError,
    BadValueError,
    ConditionFailedError,
    Meter,
    NotFoundError,
    OutcomeUnknownError,
    Store,
    TransactionCancelledError,
    Write,
)
from tests.support.bench import Bench, fresh
from tests.support.faults import Fault, fault_proxy

Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]
FUTURE = 4_000_000_000


class Inner(msgspec.Struct, kw_only=True):
    """A part of an order."""

    city: str
    floor: int = 7
    note: str | None = None


class Order(msgspec.Struct, kw_only=True):
    """An order whose attributes are set from each other."""

    id: str
    status: str = "new"
    before: str = "none"
    sent: int = 10
    due: int = 0
    share: Percent = 1
    nick: str | None = None
    shown: str = "?"
    inner: Inner | None = None
    city: str = ""
    labels: dict[str, int] = {}
    red: set[str] = set()
    blue: set[str] = set()
    inners: dict[str, Inner | None] = {}
    version: int = 1
    ttl: int | None = None


ORDERS = Table("Orders", "Key design: one by one.", key=Key("id"), entities=[Order], ttl=Ttl("ttl"))


def said(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "why": "Tested.",
        "table": ORDERS,
        "shape": Order,
        "item_bytes": 200,
        "per_month": 1,
    }


GET, PUT = Get(**said("get-order")), Put(replace=True, **said("put-order"))
MOVE = Update(set=("status",), set_from={"before": "status"}, **said("move-on"))
GUARDED = Update(
    set=("status",), set_from={"before": "status"}, version="version", **said("move-by-version")
)
COPY = Update(set_from={"before": "status", "due": "sent"}, **said("copy"))
PLUS = Update(set_from={"due": plus("sent")}, **said("add-days"))
SHARE = Update(set_from={"share": plus("sent")}, **said("share-of-sent"))
SHARED = Update(set_from={"share": "sent"}, **said("share-is-sent"))
SHOW = Update(set_from={"shown": or_given("nick")}, **said("show"))
UPSERT = Update(set_from={"shown": or_given("nick")}, upsert=True, **said("show-or-create"))
CITY = Update(set_from={"city": "inner.city", "due": "inner.floor"}, **said("city-of-inner"))
HIGH = Update(set_from={"due": "inners.x.floor"}, **said("high-floor"))
INTO = Update(set_from={"inners.x.floor": "sent"}, **said("to-inners"))
FLOOR = Update(set_from={"due": "inner.floor"}, **said("floor-of-inner"))
PART = Update(set_from={"labels.due": "sent", "labels.more": plus("due")}, **said("to-labels"))
NOTE = Update(set_from={"city": or_given("inner.note")}, **said("note-of-inner"))
SETS = Update(set_from={"red": "blue"}, **said("red-is-blue"))
EXPIRE = Update(set_from={"ttl": plus("due")}, **said("expire-when-due"))
SEVERAL = TransactWrite(parts=(MOVE, FLOOR, PUT), **said("move-and-put"))
ONCE = Update(
    set=("status",), set_from={"before": "status"}, exactly_once=True, **said("move-once")
)
RED_ONCE = Update(add=("due",), set_from={"red": "blue"}, exactly_once=True, **said("red-once"))
UPDATES = (
    MOVE,
    GUARDED,
    COPY,
    PLUS,
    SHARE,
    SHARED,
    SHOW,
    UPSERT,
    CITY,
    FLOOR,
    HIGH,
    INTO,
    PART,
    NOTE,
    SETS,
    EXPIRE,
)


@pytest.fixture
def orders(engine: str) -> Iterator[Bench]:
    with fresh(engine, (ORDERS,)) as bench:
        yield bench


@pytest.fixture
def shelf(orders: Bench) -> Iterator[Store]:
    with contextlib.closing(store_of(orders)) as made:
        yield made


def store_of(bench: Bench, **more: Any) -> Store:
    patterns = (GET, PUT, *UPDATES, SEVERAL, ONCE, RED_ONCE)
    function = Function(name="all", handler="orders.all.handler", why="Tested.", patterns=patterns)
    system = System(name="orders", title="Orders", tables=(ORDERS,), functions=(function,))
    given = {"client": bench.client(), **more}
    return Store(
        system=system,
        environment=bench.environment,
        meter=Meter(),
        measure_sizes=True,
        **given,
    )


def put_raw(bench: Bench, **attributes: Any) -> None:
    name = ORDERS.physical_name(bench.environment)
    bench.admin.put_item(TableName=name, Item={"id": {"S": "o"}, **attributes})


def test_an_attribute_gets_the_value_that_another_one_had_before(shelf: Store) -> None:
    shelf.put(PUT, Order(id="o", status="paid"))
    found = shelf.update(MOVE, {"status": "sent"}, id="o")
    assert (found.before, found.status) == ("paid", "sent")
    call = shelf.meter.calls[-1]
    assert (call.operation, call.write) == ("UpdateItem", 1.0)


def test_what_comes_from_another_attribute_is_set_at_each_call(shelf: Store) -> None:
    shelf.put(PUT, Order(id="o", status="paid", sent=4))
    found = shelf.update(COPY, {}, id="o")
    assert (found.before, found.due) == ("paid", 4)
    with pytest.raises(BadCallError, match="does not change before"):
        shelf.update(COPY, {"before": "x"}, id="o")


def test_an_item_from_before_the_attribute_existed_has_its_default(
    orders: Bench, shelf: Store
) -> None:
    put_raw(orders)
    found = shelf.update(COPY, {}, id="o")
    assert (found.before, found.due) == ("new", 10)
    put_raw(orders)
    assert shelf.update(PLUS, {"due": 5}, id="o").due == 15


def test_a_number_of_the_call_is_added(shelf: Store) -> None:
    shelf.put(PUT, Order(id="o", sent=4, due=100))
    assert shelf.update(PLUS, {"due": -9}, id="o").due == -5
    with pytest.raises(BadValueError, match="due: has no value"):
        shelf.update(PLUS, {"due": None}, id="o")


@pytest.mark.parametrize(
    ("sent", "given", "share"),
    [
        (0, 0, 0),
        (100, 0, 100),
        (-1, 0, None),
        (101, 0, None),
        (101, -1, 100),
        (102, -1, None),
        (-1, 1, 0),
        (-2, 1, None),
        (None, 90, 100),
        (None, 91, None),
        (None, -10, 0),
        (None, -11, None),
    ],
)
def test_a_total_keeps_to_the_bounds_of_where_it_goes(
    orders: Bench, shelf: Store, sent: int | None, given: int, share: int | None
) -> None:
    put_raw(orders, **({} if sent is None else {"sent": {"N": str(sent)}}))
    if share is not None:
        assert shelf.update(SHARE, {"share": given}, id="o").share == share
    else:
        with pytest.raises(ConditionFailedError):
            shelf.update(SHARE, {"share": given}, id="o")


@pytest.mark.parametrize(("sent", "is_set"), [(-1, False), (0, True), (100, True), (101, False)])
def test_a_value_keeps_to_the_bounds_of_where_it_goes(
    shelf: Store, sent: int, is_set: bool
) -> None:
    shelf.put(PUT, Order(id="o", sent=sent))
    if is_set:
        assert shelf.update(SHARED, {}, id="o").share == sent
    else:
        with pytest.raises(ConditionFailedError):
            shelf.update(SHARED, {}, id="o")


def test_the_value_of_the_call_stands_in_for_what_is_absent(shelf: Store) -> None:
    shelf.put(PUT, Order(id="o"))
    assert shelf.update(SHOW, {"shown": "guest"}, id="o").shown == "guest"
    shelf.put(PUT, Order(id="o", nick="Anna"))
    assert shelf.update(SHOW, {"shown": "guest"}, id="o").shown == "Anna"


def test_a_new_item_has_the_value_of_the_call(orders: Bench, shelf: Store) -> None:
    assert shelf.update(UPSERT, {"shown": "guest"}, id="o").shown == "guest"
    # And so has one in the place of an expired item
    put_raw(orders, nick={"S": "Gone"}, ttl={"N": "1000000000"})
    assert shelf.update(UPSERT, {"shown": "new"}, id="o").shown == "new"


def test_parts_are_set_and_set_from(shelf: Store) -> None:
    shelf.put(PUT, Order(id="o", inner=Inner(city="Rome", floor=2), due=1))
    found = shelf.update(CITY, {}, id="o")
    assert (found.city, found.due) == ("Rome", 2)
    found = shelf.update(PART, {"labels.more": 5}, id="o")
    assert found.labels == {"due": 10, "more": 7}
    found = shelf.update(NOTE, {"city": "no note"}, id="o")
    assert found.city == "no note"


def test_a_part_counts_from_the_default_of_its_field(orders: Bench, shelf: Store) -> None:
    put_raw(orders, inner={"M": {"city": {"S": "Rome"}}})
    assert shelf.update(CITY, {}, id="o").due == 7


@pytest.mark.parametrize(
    ("update", "changes"), [(CITY, {}), (FLOOR, {}), (PART, {"labels.more": 5})]
)
def test_what_a_part_lies_in_has_to_be_there(
    orders: Bench, shelf: Store, update: Update[Order], changes: dict[str, Any]
) -> None:
    put_raw(orders)
    with pytest.raises(ConditionFailedError):
        shelf.update(update, changes, id="o")


@pytest.mark.parametrize("update", [HIGH, INTO])
def test_a_part_has_no_default_in_what_is_none(shelf: Store, update: Update[Order]) -> None:
    shelf.put(PUT, Order(id="o", inners={"x": None}))
    with pytest.raises(ConditionFailedError):
        shelf.update(update, {}, id="o")
    shelf.put(PUT, Order(id="o", inners={"x": Inner(city="Rome")}))
    found = shelf.update(update, {}, id="o")
    assert (found.due, found.inners["x"]) in [
        (7, Inner(city="Rome")),
        (0, Inner(city="Rome", floor=10)),
    ]


def test_a_value_of_the_call_stands_in_for_a_part_of_what_is_absent(
    orders: Bench, shelf: Store
) -> None:
    put_raw(orders)
    assert shelf.update(NOTE, {"city": "no note"}, id="o").city == "no note"


def test_a_set_that_is_empty_is_not_there(shelf: Store) -> None:
    shelf.put(PUT, Order(id="o", red={"a"}, blue={"b"}))
    assert shelf.update(SETS, {}, id="o").red == {"b"}
    shelf.put(PUT, Order(id="o", red={"a"}))
    with pytest.raises(ConditionFailedError):
        shelf.update(SETS, {}, id="o")


@pytest.mark.parametrize(
    ("update", "changes", "stored", "says"),
    [
        (SETS, {}, {}, "'blue' has no value, and 'red' is set from it."),
        (CITY, {}, {}, "'inner.city' has no value, and 'city' is set from it; 'inner.floor' has"),
        (FLOOR, {}, {}, "'inner.floor' has no value, and 'due' is set from it."),
        (HIGH, {}, {"inners": {"M": {"x": {"NULL": True}}}}, "'inners.x.floor' has no value"),
        (HIGH, {}, {"inners": {"M": {}}}, "'inners.x.floor' has no value"),
        (SHARE, {"share": 91}, {}, "a condition of the write does not hold"),
        (INTO, {}, {}, "a condition of the write does not hold"),
    ],
)
def test_a_refusal_names_the_source_that_has_no_value(
    orders: Bench,
    shelf: Store,
    update: Update[Order],
    changes: dict[str, Any],
    stored: dict[str, Any],
    says: str,
) -> None:
    put_raw(orders, **stored)
    with pytest.raises(ConditionFailedError) as caught:
        shelf.update(update, changes, id="o")
    assert caught.value.message.startswith(says)
    assert caught.value.current.id == "o"
    assert ("or_given()" in caught.value.suggestion) == ("no value" in says)


def test_a_part_of_a_transaction_names_the_source_that_has_no_value(shelf: Store) -> None:
    shelf.put(PUT, Order(id="o"))
    writes = [Write.update(FLOOR, {}, id="o"), Write.put(PUT, Order(id="p"))]
    with pytest.raises(TransactionCancelledError, match=r"a value of inner\.floor") as caught:
        shelf.transact(SEVERAL, writes)
    assert [r.without_value for r in caught.value.reasons] == [{"due": "inner.floor"}]
    with pytest.raises(ConditionFailedError, match="'blue' has no value, and 'red' is set"):
        shelf.update_once(RED_ONCE, {"due": 1}, id="o")


def test_an_expired_item_is_no_item_and_lacks_no_source(orders: Bench, shelf: Store) -> None:
    put_raw(orders, ttl={"N": "1600000000"})
    writes = [Write.update(FLOOR, {}, id="o"), Write.put(PUT, Order(id="p"))]
    with pytest.raises(TransactionCancelledError) as caught:
        shelf.transact(SEVERAL, writes)
    assert [r.without_value for r in caught.value.reasons] == [{}]
    with pytest.raises(NotFoundError):
        shelf.update(FLOOR, {}, id="o")


def test_an_expiry_is_a_moment(shelf: Store) -> None:
    shelf.put(PUT, Order(id="o", due=FUTURE))
    assert shelf.update(EXPIRE, {"ttl": 60}, id="o").ttl == FUTURE + 60
    shelf.put(PUT, Order(id="o", due=5))
    with pytest.raises(ConditionFailedError):
        shelf.update(EXPIRE, {"ttl": 60}, id="o")


def test_an_expiry_that_is_set_from_another_attribute_is_counted_from_none(engine: str) -> None:
    kept = Entity(Order, retention=Retention(days=1, since="sent"))
    table = Table("Kept", "Key design: one by one.", key=Key("id"), entities=[kept], ttl=Ttl("ttl"))
    common = {**said("kept"), "table": table}
    put = Put(replace=True, **{**common, "name": "put-kept"})
    move = Update(set=("sent",), set_from={"ttl": "due"}, **common)
    function = Function(name="all", handler="kept.all.handler", why="Tested.", patterns=(put, move))
    system = System(name="kept", title="Kept", tables=(table,), functions=(function,))
    with fresh(engine, (table,)) as bench:
        store = Store(system=system, environment=bench.environment, client=bench.client())
        with contextlib.closing(store):
            store.put(put, Order(id="o", due=FUTURE, ttl=FUTURE - 1))
            assert store.update(move, {"sent": FUTURE - 99}, id="o").ttl == FUTURE


def test_an_item_has_to_be_there(shelf: Store) -> None:
    with pytest.raises(NotFoundError):
        shelf.update(COPY, {}, id="o")


def test_a_transaction_sets_from_another_attribute_as_well(shelf: Store) -> None:
    shelf.put(PUT, Order(id="o", status="paid"))
    other = Order(id="other")
    shelf.transact(SEVERAL, [Write.update(MOVE, {"status": "sent"}, id="o"), Write.put(PUT, other)])
    shelf.update_once(ONCE, {"status": "done"}, id="o")
    found = shelf.get(GET, id="o")
    assert found is not None
    assert (found.before, found.status) == ("sent", "done")


@pytest.mark.usefixtures("no_sleep")
@pytest.mark.parametrize(
    ("update", "changes", "expected", "is_repeated"),
    [
        (MOVE, {"status": "sent"}, None, False),
        (GUARDED, {"status": "sent"}, 1, True),
        (COPY, {}, None, True),
        (PLUS, {"due": 1}, None, True),
    ],
)
def test_only_what_comes_out_the_same_is_repeated(
    orders: Bench,
    shelf: Store,
    update: Update[Order],
    changes: dict[str, Any],
    expected: int | None,
    is_repeated: bool,
) -> None:
    shelf.put(PUT, Order(id="o", status="paid"))
    with (
        fault_proxy(orders.url) as proxy,
        contextlib.closing(store_of(replace(orders, url=proxy.url))) as unreliable,
    ):
        unreliable.get(GET, id="o")
        proxy.next(Fault.LOST)
        if expected is None and is_repeated:
            unreliable.update(update, changes, id="o")
        else:
            with pytest.raises(OutcomeUnknownError) as raised:
                unreliable.update(update, changes, expected=expected, id="o")
            assert raised.value.repeatable == is_repeated
    found = shelf.get(GET, id="o")
    assert found is not None
    assert found.before == ("none" if update is PLUS else "paid")
