"""The status of a platform as people read it."""

from __future__ import annotations

import io

from rich.console import Console

from keyline_ops.status import show

STREAM: dict[str, object] = {
    "function": "notes-stream-local",
    "table": "Notes-local",
    "iterator_age_ms": 1234.5,
    "checkpoint": None,
    "delivered": 2000,
    "filtered": 1,
    "discarded": 0,
    "invocations": 3,
    "failures": 0,
}
STATUS: dict[str, object] = {
    "stage": "loading",
    "pid": 12,
    "apis": {"notes-local": "http://127.0.0.1:3000"},
    "engine": "http://127.0.0.1:18765",
    "aws": "http://127.0.0.1:18767",
    "tables": ["Notes-local"],
    "functions": ["notes-read-local"],
    "streams": [STREAM],
    "schedules": {"notes-daily-local": None},
    "time": "2026-01-01T00:05:00+00:00",
    "ahead": 0.0,
    "alarms": [],
    "faults": [],
}


def shown(status: dict[str, object]) -> str:
    out = io.StringIO()
    show(status, Console(file=out, width=40))
    return " ".join(out.getvalue().split())


def test_addresses_streams_and_schedules_are_told() -> None:
    text = shown(STATUS)
    assert "The platform is loading (process 12)." in text
    assert "notes-local http://127.0.0.1:3000 http://127.0.0.1:3000/_keyline/docs" in text
    assert "DynamoDB http://127.0.0.1:18765" in text
    assert "notes-stream-local Notes-local 1,234 2,000 1 0 3 0" in text
    assert "notes-daily-local never again" in text


def test_what_there_is_none_of_has_no_table() -> None:
    assert "Streams" not in shown({**STATUS, "streams": []})


def test_a_stream_without_a_batch_says_so() -> None:
    stream = {**STREAM, "iterator_age_ms": None}
    assert "no batch yet" in shown({**STATUS, "streams": [stream]})


def test_alarms_that_are_on_and_what_is_wrong_on_purpose_are_told() -> None:
    assert "Alarms that are on" not in shown(STATUS)
    alarm = {"stack": "Notes", "name": "Errors", "since": "2026-01-01", "runbook": "runbook.md"}
    fault = {"kind": "throttle", "name": "Notes-local", "until": "2026-01-02"}
    text = shown({**STATUS, "ahead": 300.0, "alarms": [alarm], "faults": [fault]})
    assert "Notes/Errors 2026-01-01 runbook.md" in text
    assert "Notes-local throttle 2026-01-02" in text
    assert "Its time is 2026-01-01T00:05:00+00:00, 0:05:00 ahead of the machine." in text
