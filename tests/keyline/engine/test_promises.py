"""Test what a declaration promises of values: written as they are read, absent ones included."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyline.model import (
    BatchWrite,
    Condition,
    Delete,
    Entity,
    Get,
    Index,
    Key,
    Put,
    Query,
    Retention,
    Table,
    TransactGet,
    TransactWrite,
    Ttl,
    Update,
    any_of,
    at_least,
    begins_with,
    between,
    contains,
    differs,
    equals,
    greater_than,
    less_than,
)
from keyline.run import Read, Store, Write
from keyline.run.errors import (
    BadCallError,
    BadValueError,
    ConditionFailedError,
    ItemTooLargeError,
    NotFoundError,
    VersionConflictError,
)
from keyline.run.untyped import MAX_LEVELS
from tests.support.bench import Bench, fresh
from tests.support.shapes import Text, items


class Wallet(msgspec.Struct, kw_only=True):
    """An item with every kind of default."""

    id: str
    note: str
    plan: Literal["free", "paid"] = "free"
    lang: str | None = "en"
    stars: Annotated[int, msgspec.Meta(ge=0, le=10)] = 0
    credits: Annotated[int, msgspec.Meta(ge=0)] = 100
    rate: Decimal | None = None
    packs: Annotated[int, msgspec.Meta(multiple_of=5)] = 0
    tags: set[str] = set()
    parts: list[str] = []
    version: int = 1
    status: str = "open"
    team: str = "none"
    ttl: int | None = None


WALLETS = Table(
    "PromisedWallets",
    "Key design: by id.",
    key=Key("id"),
    entities=[Entity(Wallet, keys={"teamKey": "TEAM#{team}#{id}"})],
    indexes=[
        Index(name="ByStatus", key=Key("status", "id"), why="Tested.", sparse=True),
        Index(name="ByTeam", key=Key("teamKey"), why="Tested.", sparse=True),
    ],
    ttl=Ttl("ttl"),
)


def _told(name: str, table: Table = WALLETS, shape: type[Any] = Wallet) -> dict[str, Any]:
    return {
        "name": name,
        "why": "Tested.",
        "table": table,
        "shape": shape,
        "item_bytes": 300,
        "per_month": 1,
    }


PUT = Put(replace=True, **_told("put"))
GET = Get(consistent=True, **_told("get"))
BY_STATUS = Query(index="ByStatus", **_told("by-status"))
BY_TEAM = Query(index="ByTeam", **_told("by-team"))
WRITE = BatchWrite(**_told("write"))
CHANGE = Update(
    set=("note", "plan", "lang", "ttl"),
    add=("stars", "credits", "rate", "packs", "tags"),
    **_told("change"),
)
OPEN = Update(set=("note", "plan"), add=("stars", "credits"), upsert=True, **_told("open"))
EDIT = Update(set=("note",), version="version", **_told("edit"))
START = Update(set=("note",), version="version", upsert=True, **_told("start"))
BOTH = TransactWrite(parts=(PUT, CHANGE), **_told("both"))
READ_ONE = Get(**_told("read-one"))
READ = TransactGet(parts=(READ_ONE,), **_told("read"))


@pytest.fixture
def made(engine: str) -> Iterator[Bench]:
    """Fresh tables."""
    with fresh(engine, [WALLETS]) as bench:
        yield bench


@pytest.fixture
def wallets(made: Bench) -> Store:
    return made.store(measure=False)


@pytest.fixture
def old(made: Bench) -> Callable[..., None]:
    """Writes an item as a release wrote it that knew no other fields."""

    def write(key: str = "old", **more: Any) -> None:
        item = {"id": {"S": key}, "note": {"S": "n"}, **more}
        made.admin.put_item(TableName=WALLETS.physical_name(made.environment), Item=item)

    return write


def _read(store: Store, key: str = "old") -> Wallet:
    found: Wallet | None = store.get(GET, id=key)
    assert found is not None
    return found


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"plan": "Free"}, "plan: is not one of 'free', 'paid'."),
    ({"stars": 11}, "stars: has to be a whole number from 0 to 10."),
    ({"stars": -1}, "stars: has to be a whole number from 0 to 10."),
    ({"packs": 3}, "packs: has to be a whole number that is a multiple of 5."),
    ({"note": None}, "note"),
    ({"stars": None}, "stars: does not take None."),
    ({"note": "half \ud800"}, "note: holds half of a character."),
    ({"tags": ["a"]}, "tags: list is not a set."),
    ({"parts": "text"}, "parts: str is not a list."),
    ({"parts": ["a", None]}, "parts[1]: does not take None."),
    ({"ttl": int(time.time() * 1000)}, "ttl: looks like milliseconds;"),
]


@pytest.mark.parametrize(("wrong", "message"), WRONG)
def test_what_could_not_be_read_back_is_not_written(
    wallets: Store, wrong: dict[str, Any], message: str
) -> None:
    item = Wallet(**{"id": "a", "note": "n", **wrong})
    for write in (
        lambda: wallets.put(PUT, item),
        lambda: wallets.batch_write(WRITE, puts=[item]),
        lambda: wallets.transact(BOTH, [Write.put(PUT, item)]),
    ):
        with pytest.raises(BadValueError) as error:
            write()
        assert message in str(error.value)
    assert wallets.meter.calls == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        *[(c, m) for c, m in WRONG if set(c) <= {"plan", "note", "ttl"}],
        ({"note": None}, "note: is required."),
        ({"plan": None}, "plan: does not take None."),
        ({"packs": 3}, "packs: has to be a multiple of 5."),
        ({"stars": 0.5}, "stars: is not a whole number."),
        ({"tags": {"a", 1}}, "tags"),
    ],
)
def test_an_update_is_checked_before_it_is_sent(
    wallets: Store, changes: dict[str, Any], message: str
) -> None:
    for change in (
        lambda: wallets.update(CHANGE, changes, id="a"),
        lambda: wallets.transact(BOTH, [Write.update(CHANGE, changes, id="a")]),
    ):
        with pytest.raises(BadValueError) as error:
            change()
        assert message in str(error.value)
    assert wallets.meter.calls == []


def test_values_beyond_the_size_of_an_item_are_refused_before_they_are_sent(
    wallets: Store,
) -> None:
    changes = {"note": "x" * 410_000}
    with pytest.raises(ItemTooLargeError):
        wallets.update(CHANGE, changes, id="a")
    with pytest.raises(ItemTooLargeError):
        wallets.transact(BOTH, [Write.update(CHANGE, changes, id="a")])
    assert wallets.meter.calls == []


def test_a_transaction_that_names_an_item_twice_is_refused_before_it_is_sent(
    wallets: Store,
) -> None:
    add = Write.update(CHANGE, {"stars": 1}, id="a")
    for twice in (add, Write.put(PUT, Wallet(id="a", note="n"))):
        with pytest.raises(BadCallError, match="names an item twice"):
            wallets.transact(BOTH, [add, twice])
    with pytest.raises(BadCallError, match="names an item twice"):
        wallets.transact_get(READ, [Read(READ_ONE, id="a")] * 2)
    assert wallets.meter.calls == []


def test_an_addition_keeps_to_the_bounds(wallets: Store) -> None:
    wallets.put(PUT, Wallet(id="a", note="n", stars=9, credits=5))
    assert wallets.update(CHANGE, {"stars": 1}, id="a").stars == 10
    for beyond in ({"stars": 1}, {"stars": -11}, {"credits": -6}):
        with pytest.raises(ConditionFailedError) as error:
            wallets.update(CHANGE, beyond, id="a")
        assert type(error.value) is ConditionFailedError
        assert error.value.current.stars == 10
    assert wallets.update(CHANGE, {"stars": -10, "credits": -5}, id="a").credits == 0


def test_an_addition_starts_from_the_default(wallets: Store, old: Callable[..., None]) -> None:
    old()
    with pytest.raises(ConditionFailedError):
        wallets.update(CHANGE, {"credits": -101}, id="old")
    assert wallets.update(CHANGE, {"credits": -1, "rate": Decimal("0.5")}, id="old").credits == 99
    assert _read(wallets).rate == Decimal("0.5")
    # An item that is not there starts from it as well
    assert wallets.update(OPEN, {"note": "n", "credits": -1}, id="new").credits == 99
    with pytest.raises(ConditionFailedError):
        wallets.update(OPEN, {"note": "n", "stars": -1}, id="other")
    assert wallets.get(GET, id="other") is None


@pytest.mark.parametrize("seconds", [-60, 60])
def test_an_upsert_over_an_expired_item_keeps_to_the_bounds(wallets: Store, seconds: int) -> None:
    wallets.put(PUT, Wallet(id="a", note="o", credits=7, ttl=int(time.time()) + seconds))
    expected = 7 if seconds > 0 else 100
    assert wallets.update(OPEN, {"note": "n", "credits": 1}, id="a").credits == expected + 1
    with pytest.raises(ConditionFailedError):
        wallets.update(OPEN, {"note": "n", "stars": -1}, id="a")


def test_an_upsert_that_would_make_half_an_item_makes_none(wallets: Store) -> None:
    with pytest.raises(ConditionFailedError):
        wallets.update(OPEN, {"stars": 1}, id="a")
    assert wallets.get(GET, id="a") is None
    wallets.put(PUT, Wallet(id="a", note="n"))
    assert wallets.update(OPEN, {"stars": 1}, id="a").stars == 1


def test_none_is_none_where_the_default_is_another(
    wallets: Store, old: Callable[..., None]
) -> None:
    old()
    assert _read(wallets).lang == "en"
    assert wallets.update(CHANGE, {"lang": None}, id="old").lang is None
    assert _read(wallets).lang is None
    item = Wallet(id="b", note="n", lang=None)
    wallets.put(PUT, item)
    assert _read(wallets, "b") == item


def test_an_item_without_a_version_has_the_default(
    wallets: Store, old: Callable[..., None]
) -> None:
    old()
    with pytest.raises(VersionConflictError) as error:
        wallets.update(EDIT, {"note": "x"}, expected=2, id="old")
    assert error.value.version == 1
    with pytest.raises(VersionConflictError):
        wallets.update(START, {"note": "x"}, id="old")
    assert wallets.update(EDIT, {"note": "x"}, expected=1, id="old").version == 2
    with pytest.raises(NotFoundError):
        wallets.update(EDIT, {"note": "x"}, expected=1, id="none")
    with pytest.raises(VersionConflictError):
        wallets.update(START, {"note": "x"}, expected=1, id="none")
    assert wallets.update(START, {"note": "x"}, id="none").version == 1


CONDITIONS: list[tuple[Condition, Any]] = [
    (equals("plan"), "free"),
    (equals("plan"), "paid"),
    (differs("plan"), "free"),
    (differs("plan"), "paid"),
    (less_than("credits"), 100),
    (less_than("credits"), 101),
    (greater_than("credits"), 99),
    (at_least("credits"), Decimal("100.0")),
    (between("credits"), (1, 100)),
    (between("credits"), (101, 200)),
    (between("credits"), (200, 1)),
    (begins_with("plan"), "fr"),
    (begins_with("plan"), "pa"),
    (contains("plan"), "re"),
    (contains("parts"), "a"),
    (contains("tags"), "a"),
    (equals("version"), 1),
    (differs("lang"), "en"),
]


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize(("condition", "value"), CONDITIONS)
def test_a_condition_sees_the_default(
    wallets: Store, old: Callable[..., None], condition: Condition, value: Any, alone: bool
) -> None:
    old()
    wallets.put(PUT, Wallet(id="whole", note="n"))
    given = {condition.parameter: value}
    declared = (condition,) if alone else (any_of(condition),)
    change = Update(set=("note",), conditions=declared, **_told("if"))
    drop = Delete(conditions=declared, must_exist=True, **_told("drop-if"))
    replace = Put(replace=True, conditions=declared, **_told("put-if"))

    def holds(write: Callable[[], Any]) -> bool:
        try:
            write()
        except ConditionFailedError:
            return False
        return True

    def all_of(key: str) -> list[bool]:
        return [
            holds(lambda: wallets.update(change, {"note": "m"}, id=key, **given)),
            holds(lambda: wallets.delete(drop, id=key, **given)),
        ]

    # An item from before the field is as one that was written with its default
    before, whole = all_of("old"), all_of("whole")
    assert before == whole
    # Where there is no item, nothing but `<>` holds
    new = Wallet(id="none", note="n")
    assert holds(lambda: wallets.put(replace, new, **given)) == (condition.operator == "<>")
    with pytest.raises(NotFoundError):
        wallets.delete(drop, id="gone", **given)


def test_an_upserted_item_is_in_the_indexes_as_a_put_one_is(wallets: Store) -> None:
    wallets.put(PUT, Wallet(id="put", note="n"))
    wallets.update(OPEN, {"note": "n", "stars": 1}, id="upserted")
    assert [w.id for w in wallets.items(BY_STATUS, status="open")] == ["put", "upserted"]
    for key in ("put", "upserted"):
        assert [w.id for w in wallets.items(BY_TEAM, team="none", id=key)] == [key]
    # What it has already stays
    wallets.put(PUT, Wallet(id="put", note="n", status="done", team="red"))
    wallets.update(OPEN, {"note": "n", "stars": 1}, id="put")
    assert [w.id for w in wallets.items(BY_STATUS, status="done")] == ["put"]
    assert [w.id for w in wallets.items(BY_TEAM, team="red", id="put")] == ["put"]


class Probe(msgspec.Struct):
    """Stands for the shapes of random items in one table."""

    id: str


def test_every_item_that_is_declared_comes_back(engine: str) -> None:
    with fresh(engine, [_probes(Probe)]) as bench:
        store = bench.store(measure=False)

        @settings(max_examples=40, suppress_health_check=list(HealthCheck))
        @given(items())
        def comes_back(item: Any) -> None:
            table, shape = _probes(type(item)), type(item)
            store.put(Put(replace=True, **_told("put", table, shape)), item)
            got = store.get(Get(consistent=True, **_told("get", table, shape)), id=item.id)
            assert got == item

        comes_back()


def _probes(shape: type[msgspec.Struct]) -> Table:
    return Table("PromisedProbes", "Key design: by id.", key=Key("id"), entities=[shape])


class Ratio(msgspec.Struct, kw_only=True):
    """An item whose total lies between two floats, both excluded."""

    id: str
    share: Annotated[float, msgspec.Meta(gt=0.1, lt=1.0)] = 0.5


RATIOS = Table("PromisedRatios", "Key design: by id.", key=Key("id"), entities=[Ratio])


def test_a_sum_of_floats_is_read_within_its_bounds(engine: str) -> None:
    put = Put(replace=True, **_told("put", RATIOS, Ratio))
    add = Update(add=("share",), **_told("add", RATIOS, Ratio))
    with fresh(engine, [RATIOS]) as bench:
        store = bench.store(measure=False)

        @settings(max_examples=60, suppress_health_check=list(HealthCheck))
        @given(st.sampled_from([0.1, 1.0]), st.sampled_from([1e-16, 1e-17, 9e-17, 1e-20]))
        def stays(limit: float, step: float) -> None:
            sign = -1 if limit == 0.1 else 1
            start = math.nextafter(limit, 0.5)
            store.put(put, Ratio(id="a", share=start))
            for _ in range(2):
                with suppress(ConditionFailedError):
                    store.update(add, {"share": sign * step}, id="a")

        stays()


class Open(msgspec.Struct, kw_only=True):
    """An item that holds values of any type."""

    id: str
    data: dict[str, Any] = {}
    parts: list[dict[str, Any]] = []
    some: Annotated[set[str], msgspec.Meta(min_length=1)]


OPENS = Table("PromisedOpens", "Key design: by id.", key=Key("id"), entities=[Open])


@pytest.fixture
def opens(engine: str) -> Iterator[Store]:
    with fresh(engine, [OPENS]) as bench:
        yield bench.store(measure=False)


def _nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_what_is_nested_too_deep_is_refused_before_it_is_sent(opens: Store) -> None:
    put = Put(replace=True, **_told("put", OPENS, Open))
    change = Update(set=("data",), **_told("change", OPENS, Open))
    deepest = Open(
        id="a",
        data={"a": _nested(MAX_LEVELS - 1)},
        parts=[{"a": _nested(MAX_LEVELS - 2)}],
        some={"x"},
    )
    opens.put(put, deepest)
    endless: list[Any] = []
    endless.append(endless)
    sent = len(opens.meter.calls)
    for beyond in (
        {"data": {"a": _nested(MAX_LEVELS)}},
        {"data": {"a": endless}},
        {"parts": [{"a": _nested(MAX_LEVELS - 1)}]},
    ):
        with pytest.raises(BadValueError, match="lists and maps within each other"):
            opens.put(put, msgspec.structs.replace(deepest, **beyond))
    with pytest.raises(BadValueError, match="lists and maps within each other"):
        opens.update(change, {"data": {"a": _nested(MAX_LEVELS)}}, id="a")
    assert len(opens.meter.calls) == sent


def test_a_set_that_must_have_members_is_not_written_without(opens: Store) -> None:
    change = Update(set=("some",), **_told("change", OPENS, Open))
    with pytest.raises(BadValueError, match="some: has to have 1 members at least"):
        opens.put(Put(**_told("put", OPENS, Open)), Open(id="a", some=set()))
    with pytest.raises(BadValueError, match="some: has to have 1 members at least"):
        opens.update(change, {"some": set()}, id="a")
    assert opens.meter.calls == []


def test_an_untyped_list_is_asked_for_a_member_of_any_type(engine: str) -> None:
    fields: list[Any] = [("id", str), ("things", list, msgspec.field(default_factory=list))]
    bag: type[Any] = msgspec.defstruct("Bag", fields, kw_only=True)
    table = Table("PromisedBags", "Key design: by id.", key=Key("id"), entities=[bag])
    drop = Delete(conditions=(contains("things"),), **_told("drop", table, bag))
    with fresh(engine, [table]) as bench:
        store = bench.store(measure=False)
        store.put(Put(**_told("put", table, bag)), bag(id="a", things=[1, "x"]))
        with pytest.raises(ConditionFailedError):
            store.delete(drop, id="a", things="y")
        store.delete(drop, id="a", things="x")
        assert store.get(Get(**_told("get", table, bag)), id="a") is None


class Stay(msgspec.Struct, kw_only=True):
    """An item that expires a day after a moment, or after it was written if it has none."""

    id: str
    since: float | None = None
    ttl: int | None = None


STAYS = Table(
    "PromisedStays",
    "Key design: by id.",
    key=Key("id"),
    entities=[Stay],
    ttl=Ttl("ttl", Retention(days=1, since="since")),
)


def test_an_expiry_counts_from_the_write_once_its_moment_is_taken_away(engine: str) -> None:
    now = int(time.time())
    with fresh(engine, [STAYS]) as bench:
        store = bench.store(measure=False)
        put = Put(**_told("put", STAYS, Stay))
        assert store.put(put, Stay(id="a", since=(now - 60_000) * 1000.0)).ttl == now + 26_400
        for change, changes in (
            (Update(remove=("since",), **_told("remove", STAYS, Stay)), {}),
            (Update(set=("since",), **_told("set", STAYS, Stay)), {"since": None}),
        ):
            ttl = store.update(change, changes, id="a").ttl
            assert ttl is not None
            assert ttl >= now + 86_400


class Use(msgspec.Struct, kw_only=True):
    """An item whose sharded attribute has few values."""

    id: str
    provider: Literal["a", "b"]
    state: Text = Text.A


USES = Table(
    "PromisedUses",
    "Key design: by id.",
    key=Key("id"),
    entities=[Use],
    indexes=[
        Index(name="ByProvider", key=Key("provider"), why="Tested.", shards=4),
        Index(name="ByState", key=Key("state"), why="Tested.", shards=4, sparse=True),
    ],
)


def test_a_value_of_few_is_read_without_its_shard(engine: str) -> None:
    with fresh(engine, [USES]) as bench:
        store = bench.store(measure=False)
        uses = [Use(id=str(n), provider="a", state=Text.B) for n in range(9)]
        for use in uses:
            store.put(Put(**_told("put", USES, Use)), use)
            assert store.get(Get(**_told("get", USES, Use)), id=use.id) == use
        for name, given in (("ByProvider", {"provider": "a"}), ("ByState", {"state": Text.B})):
            query = Query(index=name, **_told("all", USES, Use))
            found = list(store.items(query, **given))
            assert sorted(found, key=lambda use: use.id) == uses
            page = store.query(query, limit=4, **given)
            rest = store.query(query, limit=9, cursor=page.cursor, **given)
            assert len(page.items) + len(rest.items) == 9
