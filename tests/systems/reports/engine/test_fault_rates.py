"""The promise of reports to a request with a key, while its calls fail."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest

from tests.support.fault_rates import assert_kept
from tests.support.faults import fault_proxy
from tests.support.systems import Answer
from tests.systems.reports.engine.test_repeated import CREATE
from tests.systems.reports.on_engine import Api, Reports

pytestmark = [pytest.mark.soak, pytest.mark.usefixtures("no_sleep", "no_wait")]


@dataclass
class Created:
    """Reports, each with its title."""

    reports: Reports
    api: Api
    system = "reports"

    def send(self, name: str) -> Answer:
        headers = {"content-type": "application/json", "idempotency-key": f'"{name}"'}
        return self.api(CREATE, body={"title": name, "author": "Ada"}, headers=headers)

    def kept(self) -> Counter[str]:
        return Counter(item["title"]["S"] for item in self.reports.stored("k9-reports"))


def test_no_report_is_lost_or_doubled(reports: Reports) -> None:
    with fault_proxy(reports.endpoint) as proxy:
        behind = Reports(proxy.url, reports.environment, reports.settings, reports.monkeypatch)
        assert_kept(Created(reports, behind.app("reports")), proxy)
