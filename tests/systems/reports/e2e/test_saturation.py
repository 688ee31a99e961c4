"""The API of reports under more requests than it can answer at once."""

from __future__ import annotations

from collections import Counter

import httpx
import pytest

from tests.support.platform import Running
from tests.support.saturation import assert_saturated
from tests.systems.reports.e2e.api import ACCESS, REPORTS, Api, fresh

pytestmark = [pytest.mark.soak, pytest.mark.xdist_group("reports")]


def test_reports_are_stored_once_at_saturation(api: Api, running: Running) -> None:
    user = fresh()

    def send(client: int, name: str) -> httpx.Response:
        token = api.token(f"{user}-{client}", claims=ACCESS)
        return api.call("POST", "/reports", token=token, json={"title": name})

    assert_saturated(
        running, send, lambda: Counter(item["title"] for item in running.items(REPORTS))
    )
