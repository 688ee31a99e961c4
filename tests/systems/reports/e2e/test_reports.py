"""A user's own profile and reports."""

from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.kills import acknowledged_under_kills
from tests.support.platform import Running
from tests.systems.reports.e2e.api import REPORTS, USERS, Api, fresh

pytestmark = pytest.mark.xdist_group("reports")

AT_ONCE = 12


@pytest.mark.requirement("K-26")
def test_45_reports_are_three_pages_while_others_are_stored(api: Api) -> None:
    # Given 45 reports of a user
    ada = api.user()
    stored = [api.create(ada, f"Report {number}") for number in range(45)]
    stop = threading.Event()
    inserted: list[str] = []

    def insert(token: str) -> None:
        while not stop.is_set():
            inserted.append(api.create(token)["id"])

    # When they are read page by page, while another user and the user too store more
    first = api.get("/reports", ada)
    with ThreadPoolExecutor(2) as pool:
        inserts = [pool.submit(insert, token) for token in (ada, api.user())]
        try:
            _wait_for_more(inserted)
            second = api.get("/reports", ada, cursor=first["cursor"])
            _wait_for_more(inserted)
            third = api.get("/reports", ada, cursor=second["cursor"])
        finally:
            stop.set()
        for each in inserts:
            each.result()

    # Then each is there once, newest first, and nothing else is
    pages = [first, second, third]
    assert [len(page["reports"]) for page in pages] == [20, 20, 5]
    assert third["cursor"] is None
    assert [report for page in pages for report in page["reports"]] == stored[::-1]


@pytest.mark.requirement("K-22", "K-77")
def test_many_first_requests_of_a_user_make_one_profile(api: Api, running: Running) -> None:
    # Given a user whom nobody has seen, of whom the token says some
    subject = fresh()
    claims = {"token_use": "access", "email": "ada@example.com", "name": "Ada"}
    token = api.token(subject, claims=claims)
    ready = threading.Barrier(AT_ONCE)

    def ask(_: int) -> Any:
        ready.wait()
        return api.get("/profile", token)

    # When many requests come at once
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(ask, range(AT_ONCE)))

    # Then all show the one profile that was created, and it is the one that is stored
    assert answers == [answers[0]] * AT_ONCE
    (item,) = [item for item in running.items(USERS) if item["user_id"] == subject]
    assert item == {name: value for name, value in answers[0].items() if value is not None}
    assert (item["email"], item["name"], item["version"]) == ("ada@example.com", "Ada", 1)
    streamed = [r["dynamodb"] for r in running.stream_records(USERS)]
    assert sum(r["Keys"]["user_id"] == {"S": subject} for r in streamed) == 1


@pytest.mark.requirement("K-53")
@pytest.mark.soak
def test_kills_of_engine_and_functions_lose_no_acknowledged_report(
    api: Api, running: Running
) -> None:
    # Given writers who store reports, each of a title of its own
    ada, numbers = api.user(), itertools.count()

    # When the engine and functions are killed again and again among their writes
    answers = acknowledged_under_kills(
        running,
        lambda _: api.call("POST", "/reports", token=ada, json={"title": f"R-{next(numbers)}"}),
    )

    # Then every acknowledged report is there as it was acknowledged, and none is there twice
    acknowledged = {answer.json()["id"]: answer.json() for answer in answers}
    assert len(acknowledged) == len(answers)
    listed = api.reports(ada)
    by_id = {report["id"]: report for report in listed}
    assert len(by_id) == len(listed)
    assert len({report["title"] for report in listed}) == len(listed)
    assert {id: by_id.get(id) for id in acknowledged} == acknowledged

    # And the table has what its index has
    own = {i["id"] for i in running.items(REPORTS) if i["user_id"] == listed[0]["user_id"]}
    assert own == by_id.keys()


def _wait_for_more(inserted: list[str]) -> None:
    count, deadline = len(inserted) + 2, time.monotonic() + 60
    while len(inserted) < count:
        assert time.monotonic() < deadline, "nothing more was stored"
        time.sleep(0.01)
