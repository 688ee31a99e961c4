"""Conditions that compare two attributes hold exactly where they hold of what is read."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from operator import eq, ge, gt, lt
from typing import Any

import msgspec
import pytest

from keyline.model import (
    Check,
    Function,
    Get,
    Key,
    Put,
    Query,
    System,
    Table,
    TransactWrite,
    Update,
    any_of,
    at_least,
    at_most,
    attribute,
    begins_with,
    contains,
    differs,
    equals,
    greater_than,
    less_than,
    not_,
    size_of,
)
from keyline.model.condition import WriteCondition
from keyline.run import ConditionFailedError, Meter, Store, TransactionCancelledError, Write
from tests.support.bench import Bench, fresh


class Quota(msgspec.Struct, kw_only=True, frozen=True):
    """Numbers that lie in an item."""

    used: int = 2
    limit: int = 5
    extra: int | None = None


class Pair(msgspec.Struct, kw_only=True):
    """An item whose attributes have, and lack, defaults."""

    id: str
    at: int = 1
    used: int = 0
    limit: int = 3
    low: int | None = None
    high: int | None = None
    name: str | None = None
    nick: str | None = None
    red: set[str] = set()
    blue: set[str] = set()
    words: list[str] = []
    quota: Quota = Quota()
    spare: Quota | None = None
    title: str | None = "none"
    label: str | None = "none"
    notes: dict[str, str | None] = {}
    more: list[str | None] = []
    quotas: dict[str, Quota | None] = {}
    text: str = ""


PAIRS = Table("Pairs", "Key design: one by one.", key=Key("id", "at"), entities=[Pair])


def said(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "why": "Tested.",
        "table": PAIRS,
        "shape": Pair,
        "item_bytes": 200,
        "per_month": 1,
    }


GET, PUT = Get(**said("get-pair")), Put(replace=True, **said("put-pair"))
Holds = Callable[[Pair], bool]


def both(compare: Callable[[Any, Any], bool], one: Any, other: Any) -> bool:
    """Compare two values as DynamoDB does: nothing holds of what is not there."""
    return None not in (one, other) and bool(compare(one, other))


COMPARED: dict[str, tuple[WriteCondition, Holds]] = {
    "both have defaults": (at_most("used", attribute("limit")), lambda p: p.used <= p.limit),
    "the defaults do not meet": (
        greater_than("used", attribute("limit")),
        lambda p: p.used > p.limit,
    ),
    "one has a default": (less_than("used", attribute("low")), lambda p: both(lt, p.used, p.low)),
    "the other one has": (
        greater_than("low", attribute("used")),
        lambda p: both(gt, p.low, p.used),
    ),
    "neither has": (at_least("high", attribute("low")), lambda p: both(ge, p.high, p.low)),
    "equal": (equals("name", attribute("nick")), lambda p: both(eq, p.name, p.nick)),
    "differing": (differs("name", attribute("nick")), lambda p: not both(eq, p.name, p.nick)),
    "differing, with defaults": (differs("used", attribute("limit")), lambda p: p.used != p.limit),
    "not equal": (not_(equals("name", attribute("nick"))), lambda p: not both(eq, p.name, p.nick)),
    "a key": (at_least("at", attribute("low")), lambda p: both(ge, p.at, p.low)),
    "between two": (
        any_of(
            not_(
                any_of(less_than("used", attribute("low")), greater_than("used", attribute("high")))
            )
        ),
        lambda p: not (both(lt, p.used, p.low) or both(gt, p.used, p.high)),
    ),
    "parts": (
        at_most("quota.used", attribute("quota.limit")),
        lambda p: p.quota.used <= p.quota.limit,
    ),
    "parts without a default": (
        less_than("quota.extra", attribute("quota.used")),
        lambda p: both(lt, p.quota.extra, p.quota.used),
    ),
    "a part of what may be None": (
        equals("quota.used", attribute("spare.used")),
        lambda p: p.spare is not None and p.quota.used == p.spare.used,
    ),
    "a part of what holds None": (
        at_least("quotas.x.limit", attribute("quota.used")),
        lambda p: both(ge, (q := p.quotas.get("x")) and q.limit, p.quota.used),
    ),
    "another that is a part of what holds None": (
        at_most("quota.used", attribute("quotas.x.limit")),
        lambda p: both(ge, (q := p.quotas.get("x")) and q.limit, p.quota.used),
    ),
    "an element": (
        equals("name", attribute("words[0]")),
        lambda p: bool(p.words) and both(eq, p.name, p.words[0]),
    ),
    "sets": (equals("red", attribute("blue")), lambda p: p.red == p.blue),
    "differing sets": (differs("red", attribute("blue")), lambda p: p.red != p.blue),
    "a size": (
        at_most(size_of("red"), attribute("limit")),
        lambda p: len(p.red) <= p.limit,
    ),
    "two sizes": (
        greater_than(size_of("words"), size_of("red")),
        lambda p: len(p.words) > len(p.red),
    ),
    "a number and a size": (
        less_than("used", size_of("name")),
        lambda p: both(lt, p.used, p.name and len(p.name)),
    ),
    "a set that holds": (contains("red", attribute("name")), lambda p: p.name in p.red),
    "a list that holds": (contains("words", attribute("name")), lambda p: p.name in p.words),
    "text that holds": (
        contains("name", attribute("nick")),
        lambda p: both(lambda one, other: other in one, p.name, p.nick),
    ),
    "both may hold None": (
        equals("title", attribute("label")),
        lambda p: both(eq, p.title, p.label),
    ),
    "differing, and both may hold None": (
        differs("title", attribute("notes.x")),
        lambda p: not both(eq, p.title, p.notes.get("x")),
    ),
    "a list that holds None": (
        contains("more", attribute("title")),
        lambda p: p.title is not None and p.title in p.more,
    ),
    "text that is empty by default": (
        contains("text", attribute("nick")),
        lambda p: both(lambda one, other: other in one, p.text, p.nick),
    ),
    "text that is empty by default and begins": (
        begins_with("text", attribute("nick")),
        lambda p: both(str.startswith, p.text, p.nick),
    ),
    "text that begins": (
        begins_with("name", attribute("nick")),
        lambda p: both(str.startswith, p.name, p.nick),
    ),
}
ITEMS: list[Pair | dict[str, Any]] = [
    Pair(id="p"),
    Pair(id="p", used=3, low=3, high=3, name="Anna", nick="Anna", red={"Anna"}, blue={"Anna"}),
    Pair(id="p", used=4, low=9, name="Anna", nick="An", red={"a", "b"}, blue={"b"}),
    Pair(id="p", used=-1, limit=-2, low=-1, name="A", words=["A", "B", "C"], blue={"b"}),
    Pair(id="p", high=0, nick="A", words=["B"], spare=Quota(), quota=Quota(used=9, extra=1)),
    Pair(id="p", low=1, high=0, spare=Quota(used=1), quota=Quota(used=1, limit=0, extra=1)),
    {},
    {"limit": {"N": "-1"}, "quota": {"M": {"used": {"N": "9"}}}},
    Pair(id="p", title=None, label=None, notes={"x": None}, more=[None], text="An", nick="A"),
    Pair(id="p", title="A", label="A", notes={"x": "A"}, more=["A", None], nick=""),
    Pair(id="p", quotas={"x": None}),
    Pair(id="p", quotas={"x": Quota(limit=2)}),
    {"quotas": {"M": {"x": {"M": {}}}}},
    {"nick": {"S": ""}, "title": {"NULL": True}},
    {"used": {"N": "8"}, "quota": {"M": {"limit": {"N": "1"}}}, "spare": {"M": {}}},
]
"""Items, and attributes of items from before most fields existed."""


@pytest.fixture
def pairs(engine: str) -> Iterator[Bench]:
    with fresh(engine, (PAIRS,)) as bench:
        yield bench


def store_of(bench: Bench, *patterns: Any) -> Store:
    function = Function(
        name="all", handler="pairs.all.handler", why="Tested.", patterns=(GET, PUT, *patterns)
    )
    system = System(name="pairs", title="Pairs", tables=(PAIRS,), functions=(function,))
    return Store(system=system, environment=bench.environment, client=bench.client(), meter=Meter())


def stored(bench: Bench, store: Store, item: Pair | dict[str, Any]) -> Pair:
    """Store an item, and return it as it is read."""
    if isinstance(item, Pair):
        store.put(PUT, item)
    else:
        whole = {"id": {"S": "p"}, "at": {"N": "1"}, **item}
        bench.admin.put_item(TableName=PAIRS.physical_name(bench.environment), Item=whole)
    found: Pair | None = store.get(GET, id="p", at=1)
    assert found is not None
    return found


@pytest.mark.parametrize("name", COMPARED)
def test_it_holds_where_it_holds_of_what_is_read(pairs: Bench, name: str) -> None:
    condition, holds = COMPARED[name]
    put = Put(replace=True, conditions=(condition,), **said("put-if"))
    with contextlib.closing(store_of(pairs, put)) as store:
        met = []
        for item in ITEMS:
            found = stored(pairs, store, item)
            try:
                store.put(put, Pair(id="p", name="written"))
            except ConditionFailedError as error:
                assert error.current == found
                met.append(False)
            else:
                met.append(True)
            assert met[-1] == holds(found), found
        assert {*met} == {True, False}


@pytest.mark.parametrize("name", [name for name in COMPARED if name != "a key"])
def test_a_query_leaves_out_of_what_is_read(pairs: Bench, name: str) -> None:
    condition, holds = COMPARED[name]
    query = Query(where=(condition,), hits=0.5, **said("pairs-that"))
    with contextlib.closing(store_of(pairs, query)) as store:
        for item in ITEMS:
            found = stored(pairs, store, item)
            assert bool(store.query(query, id="p").items) == holds(found), found


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (equals("name", attribute("nick")), False),
        (at_most("used", attribute("limit")), False),
        (less_than(size_of("red"), attribute("limit")), False),
        (differs("used", attribute("limit")), True),
        (differs(size_of("red"), attribute("limit")), True),
        (not_(at_most("used", attribute("limit"))), True),
    ],
)
def test_only_what_differs_holds_where_there_is_no_item(
    pairs: Bench, condition: WriteCondition, holds: bool
) -> None:
    update = Update(set=("name",), upsert=True, conditions=(condition,), **said("upsert-if"))
    with contextlib.closing(store_of(pairs, update)) as store:
        try:
            store.update(update, {"name": "new"}, id="p", at=1)
        except ConditionFailedError:
            assert not holds
        else:
            assert holds


@pytest.mark.parametrize("used", [3, 4])
def test_it_holds_or_fails_in_every_kind_of_write(pairs: Bench, used: int) -> None:
    condition = at_most("used", attribute("limit"))
    update = Update(add=("used",), conditions=(condition,), **said("use-one"))
    check = Check(conditions=(condition,), **said("check-limit"))
    several = TransactWrite(parts=(check, PUT), **said("check-and-put"))
    with contextlib.closing(store_of(pairs, update, several)) as store:
        store.put(PUT, Pair(id="p", used=used))
        other = Pair(id="other")
        writes: list[Callable[[], object]] = [
            lambda: store.transact(
                several, [Write.check(check, id="p", at=1), Write.put(PUT, other)]
            ),
            lambda: store.update(update, {"used": 1}, id="p", at=1),
        ]
        for write in writes:
            if used == 3:
                write()
            else:
                with pytest.raises((ConditionFailedError, TransactionCancelledError)):
                    write()
