"""Test what the API says of a write whose answer was lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reports.repositories import ReportRepository, UserRepository
from tests.support.faults import Fault, FaultProxy, fault_proxy
from tests.systems.reports.on_engine import Reports
from tests.systems.reports.unit.examples import report, user


@pytest.fixture
def proxy(reports: Reports) -> Iterator[FaultProxy]:
    """Yield what the functions' requests pass."""
    with fault_proxy(reports.endpoint) as made:
        yield made


@pytest.fixture
def behind(reports: Reports, proxy: FaultProxy) -> Reports:
    """The system on the same tables, behind the proxy."""
    return Reports(proxy.url, reports.environment, reports.settings, reports.monkeypatch)


def test_a_deletion_whose_answer_was_lost_is_done(
    reports: Reports, behind: Reports, proxy: FaultProxy
) -> None:
    stored = ReportRepository(reports.store).create_report(report())
    api = behind.app("reports")
    proxy.next(Fault.LOST)
    answer = api("DELETE /reports/{id}", {"id": stored.id}, user=stored.user_id)
    assert (answer.status, answer.body) == (204, None)
    assert reports.stored("k9-reports") == []


def test_a_change_whose_answer_was_lost_is_recognised(
    reports: Reports, behind: Reports, proxy: FaultProxy
) -> None:
    users = UserRepository(reports.store)
    users.create_user(user())
    proxy.next(Fault.LOST)
    changed = UserRepository(behind.store).update_user("ada", {"name": "New"}, version=1)
    assert changed == users.get_user("ada")
    assert (changed.name, changed.version) == ("New", 2)


def test_a_profile_that_another_request_made_meanwhile_is_shown(
    reports: Reports, behind: Reports, proxy: FaultProxy
) -> None:
    # Given a profile's creation that never arrives, and another request that is faster
    users = UserRepository(reports.store)
    proxy.only = frozenset({"PutItem"})
    proxy.next(Fault.UNSENT)
    proxy.meanwhile = lambda: users.create_user(user(name="Earlier"))
    answer = behind.app("users")("GET /profile", claims={"name": "Later"})
    assert (answer.status, answer.body["name"]) == (200, "Earlier")
