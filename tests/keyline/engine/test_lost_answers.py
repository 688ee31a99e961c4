"""Test that a write tells the truth about itself, whichever answers are lost."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from botocore.retries.quota import RetryQuota

from keyline.errors import KeylineError
from keyline.model import (
    BatchWrite,
    Delete,
    Function,
    Get,
    Key,
    Put,
    System,
    Table,
    TransactWrite,
    Update,
    absent,
    any_of,
    equals,
    less_than,
)
from keyline.run import Store, Write, dynamodb_client
from keyline.run.attempts import ATTEMPTS
from keyline.run.errors import (
    AlreadyExistsError,
    BadCallError,
    OutcomeUnknownError,
    ThrottledError,
    UnavailableError,
)
from tests.support.bench import Bench, fresh
from tests.support.engine import where
from tests.support.faults import Fault, FaultProxy, fault_proxy


class Entry(msgspec.Struct, kw_only=True):
    id: str
    name: str = "first"
    note: str | None = None
    n: int = 0
    tags: set[str] = msgspec.field(default_factory=set)
    version: int = 1


pytestmark = pytest.mark.usefixtures("no_sleep")

TABLE = Table("KeylineEntries", "Key design: an entry an item.", key=Key("id"), entities=[Entry])


def _told(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "why": "Tested.",
        "table": TABLE,
        "shape": Entry,
        "item_bytes": 100,
        "per_month": 1,
    }


GET = Get(consistent=True, **_told("get"))
CREATE = Put(**_told("create"))
REPLACE = Put(replace=True, **_told("replace"))
REPLACE_OLDER = Put(
    replace=True,
    conditions=(any_of(absent("id"), less_than("version")),),
    **_told("replace-older"),
)
NAME = Update(set=("name",), **_told("name"))
TAKE = Update(set=("note",), conditions=(absent("note"),), **_told("take"))
NAME_IF = Update(set=("name",), conditions=(equals("n"),), **_told("name-if"))
EDIT = Update(set=("name",), add=("n",), version="version", **_told("edit"))
ADD = Update(add=("n", "tags"), **_told("add"))
ADD_BELOW = Update(add=("n",), conditions=(less_than("n", "most"),), **_told("add-below"))
ADD_OFTEN = Update(add=("n",), at_least_once=True, **_told("add-often"))
ADD_ONCE = Update(add=("n",), exactly_once=True, **_told("add-once"))
ADD_NEW = Update(add=("n",), upsert=True, exactly_once=True, **_told("add-new"))
ADD_ANY = Update(add=("n",), upsert=True, **_told("add-any"))
OPEN = Update(set=("name",), version="version", upsert=True, **_told("open"))
STRIP = Update(remove=("note",), discard=("tags",), **_told("strip"))
DROP = Delete(**_told("drop"))
DROP_EXISTING = Delete(must_exist=True, **_told("drop-existing"))
DROP_NAMED = Delete(conditions=(equals("name"),), **_told("drop-named"))
WRITE = BatchWrite(**_told("write"))
TOGETHER = TransactWrite(parts=(ADD, CREATE), **_told("together"))
CREATE_ALONE = TransactWrite(parts=(CREATE,), items=1, **_told("create-alone"))
REPLACE_ALONE = TransactWrite(parts=(REPLACE,), items=1, **_told("replace-alone"))
SYSTEM = System(
    name="entries",
    title="Entries",
    tables=(TABLE,),
    functions=(
        Function(
            name="all",
            handler="entries.handler",
            why="All.",
            patterns=(
                *(GET, CREATE, REPLACE, REPLACE_OLDER, NAME, TAKE, NAME_IF, EDIT, ADD, ADD_BELOW),
                *(ADD_OFTEN, ADD_ANY, OPEN, STRIP, DROP, DROP_EXISTING, DROP_NAMED, WRITE),
                *(TOGETHER, CREATE_ALONE, REPLACE_ALONE, ADD_ONCE, ADD_NEW),
            ),
        ),
    ),
)

Item = Entry | None
Change = Callable[[Item], Item]


def nothing(_: str) -> Item:
    return None


def first(id_: str) -> Item:
    return Entry(id=id_)


def mine(id_: str) -> Entry:
    return Entry(id=id_, name="mine", n=1)


def old(id_: str) -> Entry:
    return Entry(id=id_, note="old", tags={"a", "b"})


def changed(item: Item, **more: Any) -> Item:
    """Return an item after an update; an update of nothing does nothing."""
    return msgspec.structs.replace(item, **more) if item else None


def plus(item: Item, n: int = 1, **more: Any) -> Item:
    return changed(item, n=item.n + n, **more) if item else None


@dataclass(frozen=True)
class Operation:
    """A write, and what it does to an item.

    Attributes
    ----------
    does
        The item after it, whatever was there before.
    starts
        What is there before.
    recognised
        Whether a second attempt tells that the first was carried out, or does the same again.
    repeated
        Whether there is a second attempt after one that may have been carried out.
    exact
        Whether it must never be carried out twice.
    twice
        Whether it may be, as its pattern says, although that shows.
    """

    call: Callable[[Store, str], object]
    does: Callable[[Item, str], Item]
    starts: Callable[[str], Item] = first
    recognised: bool = True
    repeated: bool = True
    exact: bool = False
    twice: bool = False


OPERATIONS: dict[str, Operation] = {
    "create": Operation(lambda s, i: s.put(CREATE, mine(i)), lambda _, i: mine(i), nothing),
    "create in a transaction": Operation(
        lambda s, i: s.put(CREATE_ALONE, mine(i)), lambda _, i: mine(i), nothing, exact=True
    ),
    "replace in a transaction": Operation(
        lambda s, i: s.put(REPLACE_ALONE, mine(i)), lambda _, i: mine(i), exact=True
    ),
    "replace": Operation(lambda s, i: s.put(REPLACE, mine(i)), lambda _, i: mine(i)),
    "replace on a condition": Operation(
        lambda s, i: s.put(REPLACE_OLDER, newer(i), version=5), lambda _, i: newer(i)
    ),
    "set": Operation(
        lambda s, i: s.update(NAME, {"name": "mine"}, id=i), lambda e, _: changed(e, name="mine")
    ),
    "set on a condition that still holds": Operation(
        lambda s, i: s.update(NAME_IF, {"name": "mine"}, id=i, n=0),
        lambda e, _: changed(e, name="mine"),
    ),
    "set on a condition that fails then": Operation(
        lambda s, i: s.update(TAKE, {"note": "mine"}, id=i),
        lambda e, _: changed(e, note="mine"),
        recognised=False,
    ),
    "set by version": Operation(
        lambda s, i: s.update(EDIT, {"name": "mine"}, expected=1, id=i),
        lambda e, _: changed(e, name="mine", version=2),
    ),
    "add by version": Operation(
        lambda s, i: s.update(EDIT, {"n": 1}, expected=1, id=i),
        lambda e, _: plus(e, version=2),
        recognised=False,
    ),
    "add": Operation(
        lambda s, i: s.update(ADD, {"n": 1}, id=i),
        lambda e, _: plus(e),
        repeated=False,
        exact=True,
    ),
    "add on a condition": Operation(
        lambda s, i: s.update(ADD_BELOW, {"n": 1}, id=i, most=1000),
        lambda e, _: plus(e),
        repeated=False,
        exact=True,
    ),
    "add at least once": Operation(
        lambda s, i: s.update(ADD_OFTEN, {"n": 1}, id=i), lambda e, _: plus(e), twice=True
    ),
    "add exactly once": Operation(
        lambda s, i: s.update_once(ADD_ONCE, {"n": 1}, id=i), lambda e, _: plus(e), exact=True
    ),
    "add exactly once with a token": Operation(
        lambda s, i: s.update_once(ADD_ONCE, {"n": 1}, token=i, id=i),
        lambda e, _: plus(e),
        exact=True,
    ),
    "add exactly once to a new item": Operation(
        lambda s, i: s.update_once(ADD_NEW, {"n": 1}, token=i, id=i),
        lambda e, i: plus(e or Entry(id=i)),
        nothing,
        exact=True,
    ),
    "add to a new item": Operation(
        lambda s, i: s.update(ADD_ANY, {"n": 1}, id=i),
        lambda e, i: plus(e or Entry(id=i)),
        nothing,
        repeated=False,
        exact=True,
    ),
    "create by version": Operation(
        lambda s, i: s.update(OPEN, {"name": "mine"}, id=i),
        lambda e, i: changed(e or Entry(id=i, version=1), name="mine"),
        nothing,
    ),
    "add to a set": Operation(
        lambda s, i: s.update(ADD, {"tags": {"mine"}}, id=i),
        lambda e, _: changed(e, tags={*e.tags, "mine"}) if e else None,
    ),
    "remove and discard": Operation(
        lambda s, i: s.update(STRIP, {"tags": {"a"}}, id=i),
        lambda e, _: changed(e, tags=e.tags - {"a"}, note=None) if e else None,
        old,
    ),
    "delete": Operation(lambda s, i: s.delete(DROP, id=i), lambda *_: None),
    "delete what must exist": Operation(
        lambda s, i: s.delete(DROP_EXISTING, id=i), lambda *_: None
    ),
    "delete on a condition": Operation(
        lambda s, i: s.delete(DROP_NAMED, id=i, name="first"), lambda *_: None
    ),
    "batch of puts": Operation(
        lambda s, i: s.batch_write(WRITE, puts=[mine(i)]), lambda _, i: mine(i)
    ),
    "batch of deletes": Operation(
        lambda s, i: s.batch_write(WRITE, deletes=[{"id": i}]), lambda *_: None
    ),
    "transaction": Operation(
        lambda s, i: s.transact(TOGETHER, [Write.update(ADD, {"n": 1}, id=i)]),
        lambda e, _: plus(e),
        exact=True,
    ),
    "transaction with a token": Operation(
        lambda s, i: s.transact(TOGETHER, [Write.update(ADD, {"n": 1}, id=i)], token=i),
        lambda e, _: plus(e),
        exact=True,
    ),
}


def newer(id_: str) -> Entry:
    return Entry(id=id_, name="mine", version=4)


def somebody_changes(item: Item, id_: str) -> Item:
    """Another writer's change keeps what ours has left, so that the item shows both."""
    if item is None:
        return Entry(id=id_, name="theirs", note="theirs", n=100)
    return plus(item, 100, note="theirs", version=item.version + 1)


def somebody_deletes(_: Item, __: str) -> Item:
    return None


ONCE = (Fault.UNSENT, Fault.LOST, Fault.THROTTLED, Fault.FAILED, Fault.CUT, Fault.DAMAGED)
ALWAYS = (Fault.UNSENT, Fault.LOST, Fault.THROTTLED, Fault.DAMAGED)
FAULTS: dict[str, tuple[Fault, int]] = {
    **{f"{fault} once": (fault, 1) for fault in ONCE},
    **{f"{fault} always": (fault, ATTEMPTS) for fault in ALWAYS},
}
CARRIED_OUT = {Fault.LOST, Fault.FAILED, Fault.CUT, Fault.DAMAGED}


@dataclass(frozen=True)
class Rig:
    """A table, a store whose requests pass a proxy, and one whose requests do not."""

    proxy: FaultProxy
    unreliable: Store
    direct: Store

    def put(self, id_: str, item: Item) -> None:
        """Let the engine hold this."""
        self.direct.delete(DROP, id=id_) if item is None else self.direct.put(REPLACE, item)

    def holds(self, id_: str) -> Item:
        """Return what the engine holds."""
        return self.direct.get(GET, id=id_)

    def fail(self, fault: Fault, times: int) -> None:
        """Let the next requests fail."""
        self.proxy.next(*[fault] * times)


@pytest.fixture(scope="module")
def bench(engine: str) -> Iterator[Bench]:
    with fresh(engine, SYSTEM.tables) as made:
        yield made


@pytest.fixture(scope="module")
def proxy(engine: str) -> Iterator[FaultProxy]:
    with fault_proxy(engine) as made:
        yield made


@pytest.fixture(scope="module")
def direct(bench: Bench) -> Store:
    return store_at(bench, bench.url)


@pytest.fixture(scope="module")
def unreliable(bench: Bench, proxy: FaultProxy) -> Iterator[Store]:
    """A store of which many calls fail. botocore would repeat no more of them after a while."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RetryQuota, "acquire", lambda *_: True)
        yield store_at(bench, proxy.url)


@pytest.fixture
def rig(proxy: FaultProxy, unreliable: Store, direct: Store) -> Rig:
    proxy.heal()
    proxy.meanwhile = None
    return Rig(proxy, unreliable, direct)


def store_at(bench: Bench, url: str) -> Store:
    client = dynamodb_client(**{**where(url), "read_timeout": 20.0})
    return Store(system=SYSTEM, environment=bench.environment, client=client)


@pytest.fixture
def id_() -> str:
    """An item of its own for each test, short enough for a token."""
    return uuid.uuid4().hex


@pytest.mark.parametrize("other", [None, somebody_changes, somebody_deletes])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_what_a_write_tells_is_true(
    rig: Rig, id_: str, name: str, fault: str, other: Callable[[Item, str], Item] | None
) -> None:
    operation, (kind, times) = OPERATIONS[name], FAULTS[fault]
    before = operation.starts(id_)

    def ours(item: Item) -> Item:
        return operation.does(item, id_)

    def theirs(item: Item) -> Item:
        return other(item, id_) if other else item

    # Given an item, a fault, and somebody who writes between the first attempt and the second
    rig.put(id_, before)
    rig.fail(kind, times)
    rig.proxy.meanwhile = lambda: rig.put(id_, theirs(rig.holds(id_))) if other else None

    # When the write is made
    told: KeylineError | None = None
    try:
        operation.call(rig.unreliable, id_)
    except KeylineError as error:
        told = error
    held = rig.holds(id_)

    # Then what it says is so
    undone = [theirs(before)]
    done = [theirs(ours(before)), ours(theirs(before))]
    if not operation.exact:
        done.append(ours(theirs(ours(before))))
    if operation.twice:
        done += [ours(item) for item in done]
    if told is None:
        assert held in done
    elif isinstance(told, OutcomeUnknownError):
        assert kind is not Fault.THROTTLED
        assert held in [*undone, *done]
    else:
        assert held in undone
        assert kind not in CARRIED_OUT

    # And it says as much as it can know
    if kind is Fault.THROTTLED:
        assert not isinstance(told, UnavailableError)
        assert isinstance(told, ThrottledError) == (times == ATTEMPTS)
    elif times == ATTEMPTS:
        assert isinstance(told, OutcomeUnknownError)
    elif other is None:
        known = operation.repeated and (kind is Fault.UNSENT or operation.recognised)
        assert isinstance(told, OutcomeUnknownError) != known

    # And a call that may be repeated leaves the item as if it was made once
    if isinstance(told, OutcomeUnknownError) and told.repeatable:
        with contextlib.suppress(KeylineError):
            operation.call(rig.direct, id_)
        assert rig.holds(id_) in [*done, held]


@pytest.mark.parametrize("pattern", [CREATE_ALONE, REPLACE_ALONE])
@pytest.mark.parametrize("late", [1, 2])
def test_a_late_attempt_of_a_put_in_a_transaction_changes_nothing(
    rig: Rig, id_: str, pattern: TransactWrite[Entry], late: int
) -> None:
    rig.fail(Fault.LATE, late)
    rig.unreliable.put(pattern, mine(id_))
    rig.direct.delete(DROP, id=id_)
    assert rig.proxy.deliver() == [200] * late
    assert rig.holds(id_) is None


@pytest.mark.parametrize("late", [1, 2])
def test_a_late_attempt_of_an_update_once_counts_nothing(rig: Rig, id_: str, late: int) -> None:
    rig.put(id_, first(id_))
    rig.fail(Fault.LATE, late)
    rig.unreliable.update_once(ADD_ONCE, {"n": 1}, id=id_)
    assert rig.proxy.deliver() == [200] * late
    assert rig.holds(id_) == plus(first(id_))


def test_calls_that_share_a_token_write_one_item_and_none_of_them_late(rig: Rig, id_: str) -> None:
    # Given a call of which every attempt is late, and another one with its token and another item
    rig.fail(Fault.LATE, ATTEMPTS)
    with pytest.raises(OutcomeUnknownError):
        rig.unreliable.put_or_get(CREATE_ALONE, Entry(id=id_, name="earlier"), id_)
    assert rig.direct.put_or_get(CREATE_ALONE, mine(id_), id_) == (mine(id_), False)

    # Then a third one meets the item of the second
    third = Entry(id=id_, name="third")
    assert rig.direct.put_or_get(CREATE_ALONE, third, id_) == (mine(id_), True)

    # And what is late does not bring the item back
    rig.direct.delete(DROP, id=id_)
    assert rig.proxy.deliver() == [400] * ATTEMPTS
    assert rig.holds(id_) is None

    # But a call that is made then is a new one
    assert rig.direct.put_or_get(CREATE_ALONE, third, id_) == (third, False)


@pytest.mark.parametrize("earlier", [0, 1])
@pytest.mark.parametrize("late", range(3))
def test_no_try_of_a_call_that_meets_an_item_brings_it_back(
    rig: Rig, id_: str, late: int, earlier: int
) -> None:
    # Given an item that a call has created, with or without another one that was deleted
    for number in range(earlier + 1):
        rig.direct.delete(DROP, id=id_)
        there = Entry(id=id_, name=f"number {number}")
        assert rig.direct.put_or_get(CREATE_ALONE, there, id_) == (there, False)

    # When another call with the token meets it, and one of its tries is late
    rig.proxy.next(*[None] * late, Fault.LATE)
    other = Entry(id=id_, name="other")
    assert rig.unreliable.put_or_get(CREATE_ALONE, other, id_) == (there, True)
    rig.proxy.heal()

    # Then the late one changes nothing after the item was deleted
    rig.direct.delete(DROP, id=id_)
    assert set(rig.proxy.deliver()) <= {400}
    assert rig.holds(id_) is None


@pytest.mark.parametrize("token", ["", "x" * 37])
def test_a_put_takes_a_token_only_in_a_transaction_and_only_a_right_one(
    rig: Rig, id_: str, token: str
) -> None:
    with pytest.raises(BadCallError, match="token"):
        rig.direct.put(CREATE_ALONE, mine(id_), token)
    with pytest.raises(BadCallError, match="token"):
        rig.direct.put(CREATE, mine(id_), id_)


def test_a_late_attempt_of_a_plain_create_brings_back_what_was_deleted(rig: Rig, id_: str) -> None:
    """It is a limit that docs/guarantees.md names."""
    rig.fail(Fault.LATE, 1)
    rig.unreliable.put(CREATE, mine(id_))
    rig.direct.delete(DROP, id=id_)
    rig.proxy.deliver()
    assert rig.holds(id_) == mine(id_)


def test_a_put_in_a_transaction_tells_what_is_there(rig: Rig, id_: str) -> None:
    theirs = Entry(id=id_, name="theirs")
    rig.put(id_, theirs)
    with pytest.raises(AlreadyExistsError) as refused:
        rig.direct.put(CREATE_ALONE, mine(id_))
    assert (refused.value.path, refused.value.current) == ("create-alone", theirs)
    assert rig.direct.put_or_get(CREATE_ALONE, mine(id_)) == (theirs, True)
    rig.put(id_, None)
    assert rig.direct.put_or_get(CREATE_ALONE, mine(id_)) == (mine(id_), False)
    assert rig.holds(id_) == mine(id_)


def test_a_transaction_of_other_parts_is_not_a_put(rig: Rig, id_: str) -> None:
    with pytest.raises(BadCallError, match="not a transaction of one Put"):
        rig.direct.put(TOGETHER, mine(id_))


def test_no_later_moment_is_taken_while_the_item_may_be_there(rig: Rig) -> None:
    # Given a create that never arrives, and somebody's item of its key before its second attempt
    asked: list[str] = []

    def make(moment: float) -> Entry:
        asked.append(f"{moment:.3f}")
        return Entry(id=asked[-1], name="mine")

    rig.fail(Fault.UNSENT, 1)
    rig.proxy.meanwhile = lambda: rig.put(asked[0], Entry(id=asked[0], name="theirs"))
    with pytest.raises(OutcomeUnknownError) as unknown:
        rig.unreliable.put_unique(CREATE, make)
    assert (len(asked), unknown.value.current) == (1, rig.holds(asked[0]))


def test_an_answer_that_was_lost_on_the_way_to_a_throttle_is_still_in_doubt(
    rig: Rig, id_: str
) -> None:
    rig.put(id_, Entry(id=id_))
    rig.proxy.next(Fault.LOST, *[Fault.THROTTLED] * (ATTEMPTS - 1))
    with pytest.raises(OutcomeUnknownError):
        rig.unreliable.update(NAME, {"name": "mine"}, id=id_)


def test_a_read_that_gets_no_answer_is_in_no_doubt(rig: Rig, id_: str) -> None:
    rig.fail(Fault.LOST, ATTEMPTS)
    with pytest.raises(UnavailableError) as error:
        rig.unreliable.get(GET, id=id_)
    assert not isinstance(error.value, OutcomeUnknownError)


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.DAMAGED])
def test_a_read_is_never_answered_with_what_is_damaged(rig: Rig, id_: str, fault: Fault) -> None:
    rig.put(id_, mine(id_))
    rig.fail(fault, ATTEMPTS - 1)
    assert rig.unreliable.get(GET, id=id_) == mine(id_)
    rig.fail(fault, ATTEMPTS)
    with pytest.raises(UnavailableError):
        rig.unreliable.get(GET, id=id_)
