"""A client that sends each request again until it is answered: each is carried out once."""

from __future__ import annotations

import uuid
from collections import Counter
from http import HTTPStatus
from typing import Any

import pytest

from keyline.model import System
from keyline.run import Store, UniqueClock
from reports.repositories import ReportRepository
from tests.support.protocols.crash import Crash
from tests.support.protocols.driver import drive
from tests.support.protocols.network import Network
from tests.support.protocols.plan import Plan
from tests.systems.reports.on_engine import Answer, Api, Reports

pytestmark = [pytest.mark.usefixtures("no_sleep", "no_wait"), pytest.mark.soak]

PROCESSES = ("a", "b")
REFUSED_FOR_NOW = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


class Client:
    """One user creates, changes and deletes reports, through two processes of the function."""

    def __init__(self, plan: Plan, reports: Reports) -> None:
        self.plan, self.reports = plan, reports
        self.network = Network(reports.endpoint, plan)
        self.close = self.network.close
        self.apis = {name: self._started(name) for name in PROCESSES}
        self.user = uuid.uuid4().hex
        self.known: dict[str, tuple[str, int]] = {}
        self.titles = 0

    def step(self) -> None:
        """Create a report, or change or delete one."""
        kind = self.plan.draw.random()
        if not self.known or kind < 0.35:
            self._create()
        elif kind < 0.5:
            self._delete(self.plan.draw.choice(list(self.known)))
        else:
            self._change(self.plan.draw.choice(list(self.known)))

    def finish(self) -> None:
        """Compare the user's reports with what was answered."""
        self.network.heal()
        store = self.reports.store_behind(self.reports.client, UniqueClock())
        page = ReportRepository(store).list_reports(self.user, limit=100)
        times = Counter(report.id for report in page.items)
        assert times.keys() == self.known.keys(), "a request has made two reports, or none"
        held = {report.id: (report.title, report.version) for report in page.items}
        assert held == self.known, f"{held} is stored, not {self.known}"

    def _started(self, name: str) -> Api:
        store = self.reports.store_behind(self.network.client(name), UniqueClock())

        def for_function(_: type[Store], system: System) -> Store:
            return store

        self.reports.monkeypatch.setattr(Store, "for_function", classmethod(for_function))
        return self.reports.app("reports")

    def _create(self) -> None:
        title = self._title()
        headers = {"content-type": "application/json", "idempotency-key": f'"{uuid.uuid4()}"'}
        answer = self._answered("POST /reports", body={"title": title}, headers=headers)
        assert answer.status == HTTPStatus.CREATED, answer
        self.known[answer.body["id"]] = title, answer.body["version"]

    def _change(self, report_id: str) -> None:
        title, (_, version) = self._title(), self.known[report_id]
        body = {"title": title, "version": version}
        answer = self._answered("PATCH /reports/{id}", {"id": report_id}, body=body)
        assert answer.status == HTTPStatus.OK, f"{answer} to the client's own change"
        assert (answer.body["title"], answer.body["version"]) == (title, version + 1), answer
        self.known[report_id] = title, version + 1

    def _delete(self, report_id: str) -> None:
        """Delete a report; a try that is sent again finds none (ADR 0023)."""
        answer = self._answered("DELETE /reports/{id}", {"id": report_id})
        assert answer.status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND), answer
        del self.known[report_id]

    def _answered(self, route: str, path: dict[str, str] | None = None, **more: Any) -> Answer:
        """Send a request again until it is carried out or refused."""
        while True:
            name = self.plan.draw.choice(PROCESSES)
            self.plan.note(name, f"{route} {self.titles}")
            try:
                answer = self.apis[name](route, path, user=self.user, **more)
            except Crash:
                self.apis[name] = self._started(name)
                continue
            self.plan.note(name, f"  {answer.status}")
            if answer.status not in REFUSED_FOR_NOW:
                return answer

    def _title(self) -> str:
        self.titles += 1
        return f"title {self.titles}"


def test_a_request_that_is_sent_again_is_carried_out_once(reports: Reports) -> None:
    drive(lambda plan: Client(plan, reports), runs=4)
