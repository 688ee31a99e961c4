"""The views of what happens: streams with their consumers, alarms and logs."""

from __future__ import annotations

import html
import re
from types import SimpleNamespace
from typing import Any

import pytest

from keyline_deploy.alarms import State
from tests.support.console import AT, Sources, alarm, answer, console, platform
from tests.support.sample.notes import NOTES
from tests.support.sample.orders import ORDERS

SCRIPT = "<script>alert(1)</script>"
STREAM = f"/streams/{ORDERS.physical_name('local')}"


def record(number: int, **more: Any) -> dict[str, Any]:
    return {
        "eventName": "INSERT",
        "dynamodb": {
            "SequenceNumber": str(number),
            "ApproximateCreationDateTime": 1.9e9,
            "Keys": {"customer": {"S": f"c-{number}"}},
            "NewImage": {"token": {"S": "s3cret"}, "state": {"S": SCRIPT}},
        },
        **more,
    }


@pytest.fixture
def running() -> Any:
    """A platform with a consumer that gave up the second of three records."""
    found = platform()
    sources: Sources = found.event_sources
    sources.records = [record(1), record(2), record(3, userIdentity={"type": "Service"})]
    fates = {
        "1": SimpleNamespace(fate="delivered", reason="", request_id="id-1"),
        "2": SimpleNamespace(fate="discarded", reason="RetryAttemptsExhausted", request_id="id-2"),
        "3": SimpleNamespace(fate="waiting", reason="", request_id=None),
    }
    failure = SimpleNamespace(at=1.9e9, first="2", last="2", outcome=fates["2"])
    status = SimpleNamespace(
        function="orders-order-stream-local",
        table=ORDERS.physical_name("local"),
        checkpoint="2",
        delivered=17,
        filtered=3,
        discarded=1,
        invocations=20,
        failures=2,
        iterator_age_ms=1234.5,
    )
    consumer = SimpleNamespace(
        status=status,
        outcomes=SimpleNamespace(failures=[failure]),
        outcome_of=lambda found: fates[found["dynamodb"]["SequenceNumber"]],
    )
    sources.of_table = {ORDERS.physical_name("local"): [consumer]}
    return found


def test_a_stream_shows_its_records_and_what_each_consumer_did(running: Any) -> None:
    page = answer(console(running), STREAM).text
    text = re.sub(r"<[^>]+>", "", page)
    for fate in (": delivered", ": discarded, RetryAttemptsExhausted", ": waiting"):
        assert f"orders-order-stream-local{fate}" in text
    assert page.index('id="record-3"') < page.index('id="record-1"')
    assert "deleted by TTL" in page
    assert 'href="/logs?request=id-2"' in page
    for figure in ("17", "1234 ms"):
        assert f"<td>{figure}</td>" in page
    # And what is stored is text, and what is named as a secret is hidden
    assert SCRIPT not in page
    assert html.escape(SCRIPT) in html.unescape(page).replace("<", "&lt;").replace(">", "&gt;")
    assert "s3cret" not in page


def test_older_records_have_an_address(running: Any) -> None:
    page = answer(console(running), STREAM, params={"limit": "2"}).text
    older = re.search(r'href="(\?first=\d+)">Older', page)
    assert older
    assert older[1] == "?first=1"
    first = answer(console(running), STREAM + older[1]).text
    assert 'id="record-1"' in first
    assert "Older" not in first


def test_a_table_without_a_stream_has_no_page_of_it(running: Any) -> None:
    assert STREAM in answer(console(running), "/streams").text
    missing = answer(console(running), f"/streams/{NOTES.physical_name('local')}")
    assert missing.status_code == 404


def test_an_alarm_says_its_state_its_reason_and_what_to_do() -> None:
    found = platform()
    found.status().alarms = [
        alarm("Fine", State.OK),
        alarm(
            "Loud",
            State.ALARM,
            since=AT,
            when="> 5 in 1 of 1 periods of 60 s",
            reason="the newest value is 7",
            runbook="docs/runbooks/alarms.md#throttled-requests",
        ),
    ]
    page = answer(console(found), "/alarms").text
    assert page.index("Loud") < page.index("Fine")
    text = html.unescape(page)
    assert "Goes off: > 5 in 1 of 1 periods of 60 s. Now: the newest value is 7." in text
    assert "Since 2026-01-01 00:00:00+00:00." in text
    assert 'href="/source/docs/runbooks/alarms.md#throttled-requests"' in page
    assert "Fine" not in answer(console(found), "/alarms", params={"state": "ALARM"}).text
    assert "Orders/Loud" in answer(console(found), "/").text


def test_logs_are_those_of_a_source_of_a_request_and_of_a_text() -> None:
    found = platform()
    found.logs.lines = [
        SimpleNamespace(time=1.9e9 + n, source=source, request_id=id_, text=text)
        for n, (source, id_, text) in enumerate(
            [("f", "id-1", "first"), ("g", "id-1", SCRIPT), ("f", "id-2", "Last"), ("f", None, "x")]
        )
    ]
    app = console(found)

    def lines(**asked: str) -> list[str]:
        page = answer(app, "/logs", params=asked).text
        return [html.unescape(each) for each in re.findall(r"<code>(.*)</code>", page)]

    assert lines() == ["first", SCRIPT, "Last", "x"]
    assert lines(request="id-1") == ["first", SCRIPT]
    assert lines(source="f", text="last") == ["Last"]
    assert lines(limit="1") == ["x"]
    assert SCRIPT not in answer(app, "/logs").text
    assert answer(app, "/logs", params={"limit": "many"}).status_code == 400
