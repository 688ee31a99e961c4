"""The declaration says what the specification says."""

from __future__ import annotations

import pytest

from interactions.settings import Settings
from interactions.system import INTERACTIONS, SYSTEM
from interactions.tables import DATA, Check, FaqSearch, Session, User, Window
from keyline.idempotency import Reservation
from keyline.model import (
    ALL,
    Get,
    Query,
    TransactWrite,
    Update,
    absent,
    any_of,
    less_than,
)


@pytest.mark.requirement("M-01", "M-02", "M-05", "M-06")
def test_the_table_has_the_specified_name_and_attributes() -> None:
    assert {e: DATA.physical_name(e) for e in ("dev", "prod")} == {
        "dev": "mediphant-data-dev",
        "prod": "mediphant-data-prod",
    }
    assert DATA.key.attributes == ("PK", "SK")
    assert DATA.ttl is not None
    assert DATA.ttl.attribute == "TTL"
    types = {name: DATA.type_of(name) for name in ("PK", "SK", "GSI1PK", "GSI1SK", "Data")}
    assert types == {"PK": "S", "SK": "S", "GSI1PK": "S", "GSI1SK": "S", "Data": "M"}


@pytest.mark.requirement("M-04")
def test_every_kind_of_item_has_a_type_of_its_own() -> None:
    assert DATA.discriminator == "EntityType"
    assert {kind.shape: kind.tag for kind in DATA.kinds} == {
        Check: "QUERY",
        Reservation: "REQUEST",
        Window: "RATE_LIMIT",
        FaqSearch: "FAQ_SEARCH",
        Session: "SESSION",
        User: "USER",
    }


@pytest.mark.requirement("M-03", "M-07", "M-10")
def test_the_index_carries_checks_and_sessions_whole_and_nothing_else() -> None:
    (index,) = DATA.indexes
    assert (index.name, index.key.attributes) == ("GSI1", ("GSI1PK", "GSI1SK"))
    assert (index.projection, index.sparse) == (ALL, True)
    inside = {kind.shape for kind in DATA.kinds if kind.type_of("GSI1PK")}
    assert inside == {Check, Session}


@pytest.mark.requirement("M-08", "M-09", "M-16")
def test_the_index_is_asked_for_a_session_s_checks_and_for_a_session() -> None:
    asked = [p for p in SYSTEM.patterns if isinstance(p, Query) and p.index == "GSI1"]
    assert {p.name: p.parameters for p in asked} == {
        "history": ("sessionId", "at"),
        "history-keys": ("sessionId",),
        "session-owner": ("sessionId",),
    }
    history = next(p for p in asked if p.name == "history")
    assert (history.page, history.descending) == (10, True)


@pytest.mark.requirement("M-19", "M-23")
def test_a_window_is_counted_in_one_update_and_read_by_its_key() -> None:
    rates = [p for p in INTERACTIONS.patterns if p.kind.shape is Window]
    count, window = rates
    assert isinstance(count, Update)
    assert (count.add, count.upsert) == (("count",), True)
    assert count.conditions == (any_of(absent("client"), less_than("count", "allowed")),)
    assert isinstance(window, Get)
    assert window.consistent


@pytest.mark.requirement("M-24", "M-29")
def test_limits_and_retentions_are_settings_with_the_decided_defaults() -> None:
    settings = Settings()
    assert (settings.rate_limit, settings.rate_window_seconds) == (100, 3600)
    assert (settings.history_days, settings.faq_days, settings.faq_keep_text) == (30, 90, False)
    assert settings.session_days >= settings.history_days


@pytest.mark.requirement("M-52")
def test_the_month_is_the_specification_s() -> None:
    month = {pattern.name: pattern for pattern in SYSTEM.patterns}
    checks = month["check-add"]
    assert isinstance(checks, TransactWrite)
    assert (checks.per_month, checks.item_bytes) == (30_000, 1_024)


def test_what_tells_of_all_users_takes_a_scope_of_its_own() -> None:
    routes = [route for function in SYSTEM.functions for route in function.routes]
    scopes = {f"{route.method} {route.path}": route.scope for route in routes}
    of_all = {"GET /faq/searches", "GET /analytics/sessions/{sessionId}"}
    assert {name for name, scope in scopes.items() if scope == "interactions:analytics"} == of_all
    assert {scopes[name] for name in scopes.keys() - of_all} == {"interactions:use"}
