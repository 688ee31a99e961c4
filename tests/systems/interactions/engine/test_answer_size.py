"""Lists that are not pages: as many items as may be asked for fit into one answer."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import inspect

from interactions.answers import CHECK_ID, CheckView
from interactions.faq_searches import DIGEST_DIGITS, SearchedFor
from interactions.inputs import MAX_NAME, MAX_SEARCH
from interactions.rules import shipped
from keyline.payload import MAX_ITEMS, json_of, size_of
from tests.systems.interactions.on_engine import Mediphant

WORST = '"'
"""A character that takes as many bytes in an answer as any that a name or a search may have."""


def most(query: type[msgspec.Struct]) -> int:
    """Return the greatest `limit` that a query may have."""
    info = inspect.type_info(query)
    assert isinstance(info, inspect.StructType)
    (limit,) = (field.type for field in info.fields if field.name == "limit")
    assert isinstance(limit, inspect.IntType)
    assert limit.le is not None
    return limit.le


def size(item: Any) -> int:
    """Return the bytes of an item in an answer."""
    return size_of(json_of(item)) + 1


def test_the_longest_checks_of_a_history(mediphant: Mediphant) -> None:
    handlers = mediphant.module("interactions")
    reasons = (pair.reason for pair in shipped().pairs)
    check = CheckView(
        id=CHECK_ID,
        medA=WORST * MAX_NAME,
        medB=WORST * MAX_NAME,
        isPotentiallyRisky=False,
        reason=max(reasons, key=len),
        timestamp="2026-01-31T10:30:00.123Z",
        sessionId="s" * 64,
    )
    assert most(handlers.HistoryQuery) * size(check) < MAX_ITEMS


def test_the_longest_searches_of_a_day(mediphant: Mediphant) -> None:
    handlers = mediphant.module("faq")
    search = SearchedFor("f" * DIGEST_DIGITS, 2**53, 2**53, WORST * MAX_SEARCH)
    assert most(handlers.DayQuery) * size(search) < MAX_ITEMS


def test_the_largest_page_of_sessions(mediphant: Mediphant) -> None:
    handlers = mediphant.module("interactions")
    mediphant.history.open_session("ada")
    api = mediphant.app("interactions")
    (session,) = api("GET /sessions").body["sessions"]
    assert most(handlers.SessionsQuery) * size({**session, "queryCount": 2**53}) < MAX_ITEMS
    assert most(handlers.MeQuery) == most(handlers.SessionsQuery)
