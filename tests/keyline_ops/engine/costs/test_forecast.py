"""What the forecast says of a call, against what the engine charges for it.

Each item has exactly the size that its pattern declares.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from chat.patterns import MESSAGE_CREATE, MODULE_MESSAGES
from chat.system import SYSTEM as CHAT
from chat.tables import Message
from interactions.patterns import CHECK_ADD, CHECK_CREATE, HISTORY, SESSION_CREATE, SESSION_TOUCH
from interactions.system import SYSTEM as INTERACTIONS
from interactions.tables import Check, CheckData, Session, SessionData
from keyline.model import Pattern, System, item_size
from keyline.run import ItemWriter, Store, TableSettings, Write, dynamodb_client
from keyline_ops.costs.units import Bounds, call_units
from reports.patterns import (
    EMBEDDING_STORE,
    EMBEDDING_SWAP,
    FAVORITE_ADD,
    MODEL_EMBEDDINGS,
    REPORT_CREATE,
    REPORT_DELETE,
    REPORT_GET,
    REPORT_UPDATE,
    USER_REPORTS,
)
from reports.system import SYSTEM as REPORTS
from reports.tables import Embedding, Report
from tests.support.engine import admin_client, running_engine, where
from tests.support.tables import create_table_params, created

NOW = "2026-01-31T00:00:00.000000Z"
AT = "2026-01-31T00:00:00.000Z"
LATER = int(time.time()) + 86_400


@pytest.fixture(scope="session")
def engine() -> Iterator[str]:
    with running_engine() as url:
        yield url


@dataclass(frozen=True)
class Tried:
    """A system on tables of its own, to call patterns of."""

    system: System
    store: Store

    def sized(self, pattern: Pattern[Any], make: Callable[[int], Any]) -> Any:
        """The item that `make` makes of a number of bytes, as large as the pattern declares."""
        writer = ItemWriter(pattern.table, pattern.kind, TableSettings(self.system.settings()))
        bare = item_size(writer.attributes(make(0), time.time()))
        item = make(pattern.item_bytes - bare)
        assert item_size(writer.attributes(item, time.time())) == pattern.item_bytes
        return item

    def costs(self, pattern: Pattern[Any], call: Callable[[], Any]) -> tuple[float, Bounds]:
        """What a call consumed, and what the forecast says of it."""
        before = len(self.store.meter.calls)
        call()
        calls = self.store.meter.calls[before:]
        assert {each.pattern for each in calls} == {pattern.name}
        consumed = sum(each.read + each.write for each in calls)
        return consumed, call_units(pattern, TableSettings(self.system.settings()))


@pytest.fixture
def tried(engine: str, request: pytest.FixtureRequest) -> Iterator[Tried]:
    system, environment = request.param, uuid.uuid4().hex[:8]
    client = dynamodb_client(**where(engine), read_timeout=20)
    tables = [create_table_params(table, environment) for table in system.tables]
    with created(admin_client(engine), tables):
        yield Tried(system, Store(system=system, environment=environment, client=client))


def on(system: System) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("tried", [system], indirect=True, ids=[system.name])


def report(number: int, padding: int) -> Report:
    return Report(
        id=f"report-{number:04}",
        user_id="ann",
        title="x" * padding,
        created_at=NOW,
        updated_at=NOW,
        author="a",
        favorites={"one"},
    )


def embedding(number: int, model: str, size: int) -> Embedding:
    return Embedding(
        product_id=f"product-{number:04}",
        model_version=model,
        model=model,
        embedding_vector=bytes(size),
        vector_dimension=512,
        vector_codec="float32",
        created_at=NOW,
    )


def check(number: int, padding: int) -> Check:
    data = CheckData(
        medA="a",
        medB="b",
        isPotentiallyRisky=False,
        reason="x" * padding,
        timestamp=AT,
        sessionId="s",
    )
    return Check(sessionId="s", at=AT, id=f"{number:04}", Data=data, TTL=LATER)


def session(padding: int) -> Session:
    data = SessionData(createdAt=AT + "x" * padding)
    return Session(userId="u", sessionId="s", TTL=LATER, lastActivity=AT, Data=data)


def message(number: int, student: int | None, padding: int) -> Message:
    return Message(
        conversationId="c",
        timestamp=LATER * 1000.0 + number,
        messageId=f"m-{number:04}",
        moduleId=1,
        provider="openai",
        modelUsed="small",
        question="q" * padding,
        response="r",
        tokenCount=5,
        responseTime=5,
        hasFile=False,
        createdAt=NOW,
        studentId=student,
    )


def consumed_exactly(measured: tuple[float, Bounds]) -> None:
    consumed, said = measured
    assert said.exact
    assert consumed == said.most


def within(measured: tuple[float, Bounds]) -> None:
    consumed, said = measured
    assert said.least <= consumed <= said.most


@on(REPORTS)
def test_reports(tried: Tried) -> None:
    store = tried.store
    items = [tried.sized(REPORT_CREATE, partial(report, number)) for number in range(20)]
    for item in items:
        consumed_exactly(tried.costs(REPORT_CREATE, partial(store.put, REPORT_CREATE, item)))
    own = {"id": items[0].id, "user_id": "ann"}
    change = partial(store.update, REPORT_UPDATE, {"author": "b"}, expected=1, **own)
    favor = partial(store.update, FAVORITE_ADD, {"favorites": {"two"}}, **own)
    consumed_exactly(tried.costs(REPORT_GET, partial(store.get, REPORT_GET, id=items[0].id)))
    consumed_exactly(tried.costs(USER_REPORTS, partial(store.query, USER_REPORTS, user_id="ann")))
    consumed_exactly(tried.costs(REPORT_UPDATE, change))
    consumed_exactly(tried.costs(FAVORITE_ADD, favor))
    consumed_exactly(tried.costs(REPORT_DELETE, partial(store.delete, REPORT_DELETE, **own)))


@on(REPORTS)
def test_what_is_spread_or_overwritten_is_a_range(tried: Tried) -> None:
    store = tried.store
    old, new = ({"model": name} for name in ("m-1", "m-2"))
    for number in range(400):
        item = tried.sized(EMBEDDING_STORE, partial(embedding, number, "m-1"))
        store.put(EMBEDDING_STORE, item, **old)
    read = partial(store.query, MODEL_EMBEDDINGS, model_version="m-1")
    within(tried.costs(MODEL_EMBEDDINGS, read))
    for number in range(20):
        item = tried.sized(EMBEDDING_SWAP, partial(embedding, number, "m-2"))
        within(
            tried.costs(
                EMBEDDING_SWAP, partial(store.put, EMBEDDING_SWAP, item, replaces="m-1", **new)
            )
        )


@on(INTERACTIONS)
def test_a_transaction_costs_twice_in_the_table_and_once_in_the_index(tried: Tried) -> None:
    store = tried.store
    store.put(SESSION_CREATE, tried.sized(SESSION_CREATE, session))
    for number in range(10):
        create = Write.put(CHECK_CREATE, tried.sized(CHECK_CREATE, partial(check, number)))
        changes = {"lastActivity": f"2026-01-31T00:00:00.{number:03}Z", "queryCount": 1}
        touch = Write.update(SESSION_TOUCH, changes, userId="u", sessionId="s")
        consumed_exactly(
            tried.costs(CHECK_ADD, partial(store.transact, CHECK_ADD, [create, touch]))
        )
    read = partial(store.query, HISTORY, sessionId="s", at="2026-01-01T00:00:00.000Z")
    consumed_exactly(tried.costs(HISTORY, read))


@on(CHAT)
def test_a_message_that_lacks_an_index_key_costs_the_least(tried: Tried) -> None:
    store = tried.store
    for number in range(10):
        student = None if number == 0 else 7
        item = tried.sized(MESSAGE_CREATE, partial(message, number, student))
        consumed, said = tried.costs(MESSAGE_CREATE, partial(store.put, MESSAGE_CREATE, item))
        assert consumed == (said.least if student is None else said.most)
    read = partial(store.query, MODULE_MESSAGES, moduleId=1, timestamp=(0.0, 1e14))
    consumed_exactly(tried.costs(MODULE_MESSAGES, read))
