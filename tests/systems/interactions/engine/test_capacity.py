"""Every access pattern costs what the sizes of its items imply, and no more."""

from __future__ import annotations

import time

import pytest

from interactions.faq_searches import FaqSearches
from interactions.patterns import (
    CHECK_BYTES,
    CHECK_CREATE,
    GROWTH,
    REQUESTS,
    SESSION_CREATE,
)
from interactions.system import SYSTEM
from interactions.tables import DATA, Check, Session, SessionData
from keyline.growth import SizeSnapshot
from keyline.idempotency import IdempotencyKey, reservation, reserve
from keyline.model import item_size
from keyline.moments import iso, us_of_ms
from keyline.run import ItemWriter, TableSettings
from tests.systems.interactions.engine.test_history import check_of
from tests.systems.interactions.on_engine import Mediphant

BY_HAND = {
    # A transaction doubles what its items cost in the table, and not in the index: a check of
    # below 1 KB and its session, whose copy in the index changes with it.
    "check-add": (2 + 2 + 1 + 1, {"GSI1": 2}),
    # A session, in the index as well, and a user, who is not.
    "session-open": (2 + 2 + 1, {"GSI1": 1}),
    # A window below 1 KB, which no index has.
    "rate-limit-count": (1, {}),
    # Ten deletions, in the table and the index.
    "history-clear": (20, {"GSI1": 10}),
}
"""Units where an answer does not tell the item as it was, from which a floor follows."""


def use_every_pattern(mediphant: Mediphant, length: int = 100) -> None:
    """Ask the table in every way the system declares, with names of so many characters."""
    repository, limiter = mediphant.repository, mediphant.limiter(time.time())
    session = mediphant.history.open_session("ada")
    for _ in range(10):
        limiter.admit("client")
        mediphant.check("ada", session, names=("a" * length, "b" * length))
    limiter.usage("client")
    repository.recent_checks("ada", session.sessionId)
    repository.sessions_of("ada")
    repository.profile("ada")
    repository.owned(session.sessionId)
    searches = FaqSearches(mediphant.store, mediphant.settings)
    day = searches.add("dose", 1, 0.5).day
    searches.of_day(day, 10)
    key = IdempotencyKey.of("ada", "POST /interactions", "1", b"")
    assert reservation(mediphant.store, REQUESTS.find, key) is None
    reserve(mediphant.store, REQUESTS.reserve, key)
    assert reservation(mediphant.store, REQUESTS.find, key) is not None
    repository.clear_checks("ada", session.sessionId)
    days = ("2026-01-01", "2026-01-02")
    snapshot = SizeSnapshot(tableName="t", day=days[0], tableBytes=1, indexBytes={}, items=1)
    mediphant.store.put(GROWTH.put, snapshot)
    mediphant.store.query(GROWTH.past, limit=1, tableName="t", day=days)


def test_every_pattern_is_used_and_costs_its_floor(mediphant: Mediphant) -> None:
    use_every_pattern(mediphant)
    calls = mediphant.meter.calls
    parts = {"check-create", "session-touch", "session-create", "user-seen"}
    assert {call.pattern for call in calls} | parts == {p.name for p in SYSTEM.patterns}
    for call in calls:
        if call.pattern in BY_HAND:
            assert (call.write, call.by_index) == BY_HAND[call.pattern]
        else:
            assert call.floor is not None, call.pattern
            assert call.read + call.write == call.floor, call


@pytest.mark.requirement("M-54", "M-55")
def test_a_row_of_a_kilobyte_costs_what_the_specification_s_month_is_made_of(
    mediphant: Mediphant,
) -> None:
    """A write is a unit in the table and one in the index; a page of ten is 1.5 units."""
    now = time.time()
    session = Session(
        userId="ada",
        sessionId="s",
        TTL=int(now) + 600,
        lastActivity="",
        Data=SessionData(createdAt=""),
    )
    mediphant.store.put(SESSION_CREATE, session)
    before = len(mediphant.meter.calls)
    for n in range(10):
        mediphant.store.put(CHECK_CREATE, _of_a_kilobyte(mediphant, n, now))
    writes = mediphant.meter.calls[before:]
    assert [(call.write, call.by_index) for call in writes] == [(2, {"GSI1": 1})] * 10
    assert {item_size(row) for row in mediphant.rows("QUERY")} == {CHECK_BYTES}
    mediphant.repository.recent_checks("ada", "s")
    (read,) = [call for call in mediphant.meter.calls if call.pattern == "history"]
    assert (read.items, read.read) == (10, 1.5)


def _of_a_kilobyte(mediphant: Mediphant, n: int, now: float) -> Check:
    check = check_of("s", n, iso(us_of_ms((now - n) * 1000)), now + 600)
    kind = ItemWriter(DATA, DATA.entity_of(Check), TableSettings(mediphant.settings))
    check.Data.reason += "r" * (CHECK_BYTES - item_size(kind.attributes(check, now)))
    return check


def test_what_the_patterns_say_of_sizes_is_so(mediphant: Mediphant) -> None:
    """Items of plain content are never larger than their patterns declare."""
    use_every_pattern(mediphant)
    mediphant.check("ada", mediphant.history.open_session("ada"), names=("a" * 100, "b" * 100))
    declared = {
        "QUERY": "check-create",
        "RATE_LIMIT": "rate-limit-count",
        "FAQ_SEARCH": "faq-search-create",
        "SESSION": "session-create",
        "USER": "user-seen",
    }
    sizes = {pattern.name: pattern.item_bytes for pattern in SYSTEM.patterns}
    for kind, pattern in declared.items():
        rows = mediphant.rows(kind)
        assert rows, kind
        assert max(map(item_size, rows)) <= sizes[pattern], kind
