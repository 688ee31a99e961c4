"""Processes that change the same users' reports: versions in order, and no user in another's."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from keyline.run import (
    Client,
    NotFoundError,
    OutcomeUnknownError,
    Store,
    ThrottledError,
    UnavailableError,
    UniqueClock,
    VersionConflictError,
)
from reports.patterns import REPORT_CREATE
from reports.repositories import ReportRepository
from reports.tables import Report
from tests.support.faults import Fault
from tests.support.protocols.crash import Crash
from tests.support.protocols.driver import assert_found, drive
from tests.support.protocols.network import Network
from tests.support.protocols.plan import Plan
from tests.systems.reports.on_engine import Reports
from tests.systems.reports.unit.examples import report

pytestmark = [pytest.mark.usefixtures("no_sleep", "no_wait"), pytest.mark.soak]

PROCESSES = ("a", "b", "c")
USERS = ("ada", "bea")
PRODUCTS = ("p", "q")
NEVER = math.inf


@dataclass
class Change:
    """A change that was asked for: when, and when it was acknowledged."""

    began: int
    ended: float = NEVER


@dataclass
class Model:
    """The requests for one report.

    Attributes
    ----------
    titles
        The titles that each version may have; one alone where its change was acknowledged.
    certain
        The versions whose change was acknowledged, and when.
    """

    name: str
    user: str
    created: Change
    titles: dict[int, set[str]] = field(default_factory=dict)
    certain: dict[int, float] = field(default_factory=dict)
    deletes: list[Change] = field(default_factory=list)
    added: dict[str, list[Change]] = field(default_factory=lambda: {p: [] for p in PRODUCTS})
    removed: dict[str, list[Change]] = field(default_factory=lambda: {p: [] for p in PRODUCTS})

    def may_be_gone(self, began: float) -> bool:
        """Return whether a read that began then may find nothing."""
        return bool(self.deletes) or self.created.ended > began

    def must_be_gone(self, began: float) -> bool:
        """Return whether a read that began then must find nothing."""
        return any(delete.ended < began for delete in self.deletes)

    def check(self, found: Report, began: float) -> None:
        """Compare a report with what was asked for before a read, and until now."""
        assert not self.must_be_gone(began), f"{self.name} was deleted and is there"
        least = max((v for v, ended in self.certain.items() if ended < began), default=1)
        version, title = found.version, found.title
        assert version >= least, f"{self.name} has version {version} after {least}"
        assert title in self.titles.get(version, ()), f"{self.name} {version} has {title}"
        for product in PRODUCTS:
            self._check_favourite(product, product in found.favorites, began)

    def _check_favourite(self, product: str, there: bool, began: float) -> None:
        added, removed = self.added[product], self.removed[product]
        if there:
            undone = all(
                any(add.ended < remove.began and remove.ended < began for remove in removed)
                for add in added
            )
            assert not undone, f"{product} was removed from {self.name} and is there"
        else:
            kept = any(
                add.ended < began and all(remove.ended < add.began for remove in removed)
                for add in added
            )
            assert not kept, f"{product} was added to {self.name} and is not there"


class SharedReports:
    """Three processes create, change, read and delete the reports of two users."""

    def __init__(
        self,
        plan: Plan,
        reports: Reports,
        *,
        kind: type[ReportRepository] = ReportRepository,
    ) -> None:
        self.plan = plan
        self.network = Network(reports.endpoint, plan)
        self.network.meanwhile = self._act_of_another
        self.close = self.network.close
        self.repositories = {
            name: kind(self._store(reports, self.network.client(name))) for name in PROCESSES
        }
        self.direct = ReportRepository(self._store(reports, reports.client))
        self.users = {user: f"{user}-{uuid.uuid4()}" for user in USERS}
        self.models: dict[str, Model] = {}
        self.clock = 0
        self.titles = 0

    def step(self) -> None:
        """Let a process serve one request."""
        self._act(self.plan.draw.choice(PROCESSES))

    def finish(self) -> None:
        """Compare all that is stored with the model, through each way to read it."""
        self.network.heal()
        for report_id, model in self.models.items():
            self._read(self.direct, report_id, model)
        for user in USERS:
            self._list(self.direct, user)

    def _store(self, reports: Reports, client: Client) -> Store:
        return reports.store_behind(client, UniqueClock())

    def _act_of_another(self, actor: str) -> None:
        self._act(self.plan.draw.choice([name for name in PROCESSES if name != actor]))

    def _act(self, actor: str) -> None:
        try:
            self._do(actor, self.repositories[actor], self.plan.draw.random())
        except (OutcomeUnknownError, ThrottledError, UnavailableError) as error:
            self.plan.note(actor, f"  {type(error).__name__}")
        except Crash:
            pass  # a repository has no memory

    def _do(self, actor: str, repository: ReportRepository, kind: float) -> None:
        if not self.models or kind < 0.1:
            self._create(actor, repository)
            return
        report_id = self.plan.draw.choice(list(self.models)[-3:])
        model = self.models[report_id]
        for most, what, do in (
            (0.3, "changes", self._update),
            (0.45, "reads", self._read),
            (0.6, "adds a favourite to", self._add),
            (0.75, "removes a favourite from", self._remove),
            (0.82, "deletes", self._delete),
            (0.9, "intrudes into", self._intrude),
        ):
            if kind < most:
                self.plan.note(actor, f"{what} {model.name}")
                do(repository, report_id, model)
                return
        self.plan.note(actor, f"lists the reports of {model.user}")
        self._list(repository, model.user)

    def _create(self, actor: str, repository: ReportRepository) -> None:
        user, title = self.plan.draw.choice(USERS), self._title()
        made = report(id=uuid.uuid4().hex, user_id=self.users[user], title=title)
        model = Model(f"r{len(self.models)}", user, Change(self._now()), {1: {title}})
        self.models[made.id] = model
        self.plan.note(actor, f"creates {model.name} of {user}")
        repository.create_report(made)
        model.created.ended = model.certain[1] = self._now()

    def _update(self, repository: ReportRepository, report_id: str, model: Model) -> None:
        found = self._read(repository, report_id, model)
        if found is None:
            return
        title, began, version = self._title(), self._now(), found.version + 1
        known = model.titles.setdefault(version, set())
        known.add(title)
        try:
            changed = repository.update_report(
                report_id, self.users[model.user], {"title": title}, version=found.version
            )
        except NotFoundError:
            assert model.may_be_gone(began), f"{model.name} is told to be gone"
        except VersionConflictError as conflict:
            known.discard(title)
            assert conflict.version != found.version, f"{model.name} is told of no change"
        else:
            assert changed.version == version, f"{model.name} is told version {changed.version}"
            assert version not in model.certain, f"two changes of {model.name} made {version}"
            model.titles[version] = {title}
            model.certain[version] = self._now()

    def _read(self, repository: ReportRepository, report_id: str, model: Model) -> Report | None:
        began = self._now()
        try:
            found = repository.get_report(report_id, self.users[model.user])
        except NotFoundError:
            assert model.may_be_gone(began), f"{model.name} is not there"
            return None
        model.check(found, began)
        return found

    def _add(self, repository: ReportRepository, report_id: str, model: Model) -> None:
        product = self.plan.draw.choice(PRODUCTS)
        with self._favourite(model, model.added[product]):
            repository.add_favorite(report_id, self.users[model.user], product)

    def _remove(self, repository: ReportRepository, report_id: str, model: Model) -> None:
        product = self.plan.draw.choice(PRODUCTS)
        with self._favourite(model, model.removed[product]):
            repository.remove_favorite(report_id, self.users[model.user], product)

    @contextmanager
    def _favourite(self, model: Model, changes: list[Change]) -> Iterator[None]:
        change = Change(self._now())
        changes.append(change)
        try:
            yield
        except NotFoundError:
            assert model.may_be_gone(change.began), f"{model.name} is told to be gone"
        else:
            change.ended = self._now()

    def _delete(self, repository: ReportRepository, report_id: str, model: Model) -> None:
        change = Change(self._now())
        gone = model.may_be_gone(change.began)
        model.deletes.append(change)
        try:
            repository.delete_report(report_id, self.users[model.user])
        except NotFoundError:
            others = [each for each in model.deletes if each is not change]
            assert gone or others, f"{model.name} is told to be gone"
        else:
            change.ended = self._now()

    def _intrude(self, repository: ReportRepository, report_id: str, model: Model) -> None:
        """Let the other user ask for a report, as if that user knew its identifier.

        A deletion in doubt is done where there is nothing, for any user who asks for it.
        """
        (other,) = (self.users[user] for user in USERS if user != model.user)
        version, began = self.plan.draw.randint(1, 3), self._now()
        deletions: list[Callable[[], object]] = [
            lambda: repository.delete_report(report_id, other),
            lambda: repository.delete_report(report_id, other, version=version),
        ]
        attempts: list[Callable[[], object]] = [
            *deletions,
            lambda: repository.get_report(report_id, other),
            lambda: repository.update_report(report_id, other, {"title": "x"}, version=version),
            lambda: repository.add_favorite(report_id, other, "x"),
            lambda: repository.remove_favorite(report_id, other, PRODUCTS[0]),
        ]
        attempt = self.plan.draw.choice(attempts)
        try:
            attempt()
        except NotFoundError:
            return
        gone = attempt in deletions and model.may_be_gone(began)
        assert gone, f"another user has reached {model.name}"

    def _list(self, repository: ReportRepository, user: str) -> None:
        began = self._now()
        own = {each: model for each, model in self.models.items() if model.user == user}
        needed = {each for each, model in own.items() if not model.may_be_gone(began)}
        page = repository.list_reports(self.users[user], limit=100)
        own = {each: model for each, model in self.models.items() if model.user == user}
        for found in page.items:
            assert found.id in own, f"{user} is shown a report of another user"
            own[found.id].check(found, began)
        missing = needed - {found.id for found in page.items}
        gone = {each for each in missing if own[each].may_be_gone(began)}
        assert missing == gone, f"{[own[each].name for each in missing - gone]} are not listed"

    def _title(self) -> str:
        self.titles += 1
        return f"title {self.titles}"

    def _now(self) -> int:
        self.clock += 1
        return self.clock


def test_each_version_is_one_acknowledged_change_of_its_owner(reports: Reports) -> None:
    drive(lambda plan: SharedReports(plan, reports), runs=5)


class LastWins(ReportRepository, frozen=True):
    """Reports whose change is made again, of the version that is there, where it met another."""

    def update_report(
        self, report_id: str, user_id: str, changes: Mapping[str, Any], *, version: int
    ) -> Report:
        """Change the version that is there, whatever it is."""
        try:
            return super().update_report(report_id, user_id, changes, version=version)
        except VersionConflictError as conflict:
            if conflict.version is None:
                raise
            return super().update_report(report_id, user_id, changes, version=conflict.version)


def test_the_driver_finds_a_change_that_compares_no_version(reports: Reports) -> None:
    assert_found(lambda plan: SharedReports(plan, reports, kind=LastWins), kinds=(Fault.WAITS,))


def test_a_late_try_undoes_nothing(reports: Reports) -> None:
    drive(lambda plan: SharedReports(plan, reports), runs=9, kinds=(Fault.LATE,))


def test_the_driver_finds_a_late_creation_that_brings_a_report_back(
    reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.repositories.REPORT_STORE", REPORT_CREATE)
    broken = assert_found(lambda plan: SharedReports(plan, reports), kinds=(Fault.LATE,))
    assert "was deleted and is there" in str(broken)


class AnsweredDeletions(SharedReports):
    """Reports whose deletion is done where its last try gets an answer, as others were lost."""

    def _delete(self, repository: ReportRepository, report_id: str, model: Model) -> None:
        try:
            super()._delete(repository, report_id, model)
        except OutcomeUnknownError:
            assert not self.network.answered, f"{model.name} is not told to be deleted"
            raise


def test_a_deletion_whose_first_answer_was_lost_is_done(reports: Reports) -> None:
    drive(lambda plan: AnsweredDeletions(plan, reports), runs=4, kinds=(Fault.LOST,))
