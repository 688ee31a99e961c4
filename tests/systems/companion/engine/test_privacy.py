"""Nothing that a patient says, and no name, medicine or token, reaches a log line or a metric."""

from __future__ import annotations

import pytest

from companion.alexa import UnverifiedRequestError
from companion.settings import Settings
from tests.support.events import Context
from tests.systems.companion.on_engine import ALEXA_USER, SKILL_ID, Companion, said

SECRETS = ("Zebulon", "Quinapril", "xylophone", "a token", ALEXA_USER)


def found(text: str) -> list[str]:
    """The secrets that a text holds."""
    return [secret for secret in SECRETS if secret in text]


def test_log_lines_and_metrics_of_a_turn_hold_no_secret(
    companion: Companion, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    companion.patient(preferredName="Zebulon", medications=[{"name": "Quinapril", "dose": "5 mg"}])
    companion.settings = Settings(skill_id=SKILL_ID)
    companion.monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    handler = companion.module("skill").handler
    handler(said("where is my xylophone"), Context())
    handler(said("my medication"), Context())
    with pytest.raises(UnverifiedRequestError) as refused:
        handler(said("my xylophone", skill="another"), Context())
    out, err = capfd.readouterr()
    assert "Conversations" in out  # the metrics of the turns are there
    assert found(out + err + caplog.text + str(refused.value)) == []


def test_the_scan_finds_a_secret_that_is_put_there() -> None:
    assert found('{"message": "Zebulon asked for a xylophone"}') == ["Zebulon", "xylophone"]
