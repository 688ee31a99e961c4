"""Two users hammer the reports at once: neither sees the other's, and no update is lost."""

from __future__ import annotations

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock

import pytest

from keyline.run import InvalidCursorError, NotFoundError, VersionConflictError
from reports.repositories import ReportRepository
from reports.tables import Report
from tests.support.soak import SECONDS
from tests.systems.reports.on_engine import Reports
from tests.systems.reports.unit.examples import report

pytestmark = pytest.mark.soak

THREADS = 4
SHARED = 3
"""Reports that all threads of a user change; their titles count the changes."""


@dataclass
class Ledger:
    """The acknowledged writes of one user."""

    user: str
    lock: Lock = field(default_factory=Lock)
    changes: Counter[str] = field(default_factory=Counter)
    favorites: dict[str, set[str]] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    cursors: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)


class Worker:
    """One thread of a user, which also tries the other user's reports."""

    def __init__(self, repository: ReportRepository, own: Ledger, other: Ledger, n: int) -> None:
        self.repository, self.own, self.other, self.n = repository, own, other, n
        self.random = random.Random(f"{own.user}-{n}")

    def run(self, until: float) -> None:
        steps = [self.change, self.favor, self.create_or_delete, self.list_own, self.intrude]
        while time.monotonic() < until:
            step = self.random.choice(steps)
            step()
            with self.own.lock:
                self.own.done[step.__name__] += 1

    def change(self) -> None:
        """Count a report's title up from what was read; who is late counts nothing."""
        report_id = self._shared(self.own)
        found = self.repository.get_report(report_id, self.own.user)
        changes = {"title": str(int(found.title) + 1)}
        try:
            self.repository.update_report(report_id, self.own.user, changes, version=found.version)
        except VersionConflictError:
            return
        with self.own.lock:
            self.own.changes[report_id] += 1

    def favor(self) -> None:
        """Add or remove a product that no other thread touches."""
        report_id = self._shared(self.own)
        product = f"{self.own.user}-{self.n}-{self.random.randrange(10)}"
        if self.random.random() < 0.6:
            self.repository.add_favorite(report_id, self.own.user, product)
            with self.own.lock:
                self.own.favorites[report_id].add(product)
        else:
            self.repository.remove_favorite(report_id, self.own.user, product)
            with self.own.lock:
                self.own.favorites[report_id].discard(product)

    def create_or_delete(self) -> None:
        with self.own.lock:
            doomed = self.own.kept.pop() if len(self.own.kept) > 30 else None
        if doomed is not None:
            self.repository.delete_report(doomed, self.own.user)
            return
        stored = self.repository.create_report(report(user_id=self.own.user, title="0"))
        with self.own.lock:
            self.own.kept.add(stored.id)

    def list_own(self) -> None:
        page = self.repository.list_reports(self.own.user, limit=5)
        self._owned(page.items)
        if page.cursor is not None:
            self._owned(
                self.repository.list_reports(self.own.user, limit=5, cursor=page.cursor).items
            )
            with self.own.lock:
                self.own.cursors = [page.cursor]

    def intrude(self) -> None:
        """Try everything on a report of the other, and the other's cursor."""
        report_id, user = self._shared(self.other), self.own.user
        for attempt in (
            lambda: self.repository.get_report(report_id, user),
            lambda: self.repository.update_report(report_id, user, {"title": "0"}, version=1),
            lambda: self.repository.delete_report(report_id, user),
            lambda: self.repository.add_favorite(report_id, user, "stolen"),
            lambda: self.repository.remove_favorite(report_id, user, f"{self.other.user}-0-0"),
        ):
            with pytest.raises(NotFoundError):
                attempt()
        for cursor in self.other.cursors:
            with pytest.raises(InvalidCursorError):
                self.repository.list_reports(user, limit=5, cursor=cursor)

    def _shared(self, ledger: Ledger) -> str:
        return f"{ledger.user}-shared-{self.random.randrange(SHARED)}"

    def _owned(self, found: list[Report]) -> None:
        assert {report.user_id for report in found} <= {self.own.user}


@pytest.mark.requirement("K-06", "K-26", "K-27", "K-28", "K-44")
def test_two_users_at_once_see_their_own_and_lose_nothing(reports: Reports) -> None:
    repository = ReportRepository(reports.store)
    ada, bob = Ledger("ada"), Ledger("bob")
    for ledger in (ada, bob):
        for n in range(SHARED):
            name = f"{ledger.user}-shared-{n}"
            repository.create_report(report(id=name, user_id=ledger.user, title="0"))
            ledger.favorites[name] = set()

    workers = [
        Worker(repository, own, other, n)
        for own, other in ((ada, bob), (bob, ada))
        for n in range(THREADS)
    ]
    until = time.monotonic() + SECONDS
    with ThreadPoolExecutor(len(workers)) as pool:
        for outcome in [pool.submit(worker.run, until) for worker in workers]:
            outcome.result()

    for ledger in (ada, bob):
        assert set(ledger.done) == {"change", "favor", "create_or_delete", "list_own", "intrude"}
        for name, favorites in ledger.favorites.items():
            found = repository.get_report(name, ledger.user)
            assert found.favorites == favorites
            assert int(found.title) == ledger.changes[name] == found.version - 1
        listed = {r.id for r in _all(repository, ledger.user)}
        assert listed == ledger.kept | set(ledger.favorites)


def _all(repository: ReportRepository, user: str) -> list[Report]:
    found: list[Report] = []
    cursor = None
    while True:
        page = repository.list_reports(user, limit=20, cursor=cursor)
        found += page.items
        assert cursor is None or page.cursor != cursor  # else it would never end
        cursor = page.cursor
        if cursor is None:
            return found
