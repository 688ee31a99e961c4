"""Nothing that a patient says, and no name, medicine or token, reaches a log, a metric or a trace.

Every test of the system is scanned (`conftest.py`). Here the handlers run as in their processes.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from companion.alexa import UnverifiedRequestError
from tests.support.events import Context
from tests.systems.companion import secrets
from tests.systems.companion.conftest import pytest_runtest_makereport
from tests.systems.companion.on_engine import ALEXA_USER, SKILL_ID, Companion, MakeCompanion, said

LEAKS = ["Zebulon", "where is my grey xylophone"]
MEDICINE = {"name": "Quinapril", "dose": "5 milligrams"}


@pytest.mark.requirement("B-28", "B-31", "B-32", "B-33", "B-34")
def test_the_skill_writes_metrics_and_the_four_segments_and_no_secret(
    make_companion: MakeCompanion, capfd: pytest.CaptureFixture[str]
) -> None:
    companion = make_companion(skill_id=SKILL_ID, alerts="log")
    secrets.remember(ALEXA_USER)
    secrets.remember("a token")
    companion.patient(preferredName="Zebulon", medications=[MEDICINE])
    handler = companion.module("skill").handler
    for words in ("where is my xylophone", "my medication", "I fell over the xylophone"):
        handler(said(words), Context())
    with pytest.raises(UnverifiedRequestError) as refused:
        handler(said("my xylophone is here", skill="another"), Context())
    out, err = capfd.readouterr()
    assert secrets.found(out + err + str(refused.value)) == []
    lines = [json.loads(line) for line in out.splitlines()]
    assert {line["span"] for line in lines if "span" in line} == {
        "getPatientContext",
        "checkRepetition",
        "generateNovaResponse",
        "logConversation",
    }
    measured = {
        metric["Name"]
        for line in lines
        for group in line.get("_aws", {}).get("CloudWatchMetrics", [])
        for metric in group["Metrics"]
    }
    assert {"Conversations", "EmergencyEscalations", "Latency"} <= measured


@pytest.mark.requirement("B-34")
def test_segments_end_where_the_work_fails(
    companion: Companion, capfd: pytest.CaptureFixture[str]
) -> None:
    companion.patient()
    companion.say("hello there")
    capfd.readouterr()
    companion.monkeypatch.setattr(
        type(companion.store), "transact", lambda *_, **__: 1 / 0, raising=True
    )
    with pytest.raises(ZeroDivisionError):
        companion.say("hello again")
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    spans = {line["span"]: line.get("error") for line in lines if "span" in line}
    assert spans["logConversation"] == "ZeroDivisionError"
    assert spans["getPatientContext"] is None


def test_refused_requests_of_caregivers_are_logged_without_their_values(
    companion: Companion,
) -> None:
    """The scan of each test fails if a value is written."""
    path = {"patientId": companion.patient()["patientId"]}
    bodies = (
        {"version": 1, "preferredName": "Zebulon\0"},
        {"version": 7, "preferredName": "Zebulon"},
        {"version": 1, "medications": [{"name": "Quinapril"}]},
        {"version": 1, "secretField": "a xylophone"},
    )
    secrets.remember(list(bodies))
    for body in bodies:
        answer = companion.call("PATCH /patients/{patientId}", path=path, body=body)
        assert answer.status in (400, 409), answer.body


def test_the_scan_finds_a_secret_that_is_put_there(tmp_path: Path) -> None:
    secrets.remember({"preferredName": "Zebulon", "medications": [MEDICINE]})
    secrets.remember("where is my grey xylophone")
    line = '{"message": "zebulon asked: Where is my grey xylophone"}'
    (tmp_path / "function.log").write_text(line)
    (tmp_path / "other.log").write_text('{"message": "nothing"}')
    assert secrets.found_in(tmp_path) == {"function.log": LEAKS}


@pytest.mark.parametrize("place", ["stdout", "stderr", "log"])
def test_a_test_that_writes_a_secret_fails(request: pytest.FixtureRequest, place: str) -> None:
    secrets.remember("where is my grey xylophone")
    item = request.node
    for text, outcome in (("where is my grey xylophone?", "failed"), ("nothing", "passed")):
        report = pytest.TestReport(
            item.nodeid,
            item.location,
            {},
            "passed",
            None,
            "call",
            sections=[(f"Captured {place} call", text)],
        )
        scan = pytest_runtest_makereport(item, pytest.CallInfo.from_call(lambda: None, "call"))
        next(scan)
        with pytest.raises(StopIteration):
            scan.send(report)
        assert report.outcome == outcome
