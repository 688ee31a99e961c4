"""The commands that try the skill on a running platform."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from companion.alexa import verified
from companion.conversation import CONCERN_ANSWER, EMERGENCY_ANSWER
from companion.skill import REFUSAL, UTTERANCE_SLOT
from keyline.errors import KeylineError
from keyline_ops import running
from keyline_ops.cli import app
from systems.companion.samples.conversations import TURNS, levels_of, of_dialogues
from tests.systems.companion.on_engine import SKILL_ID

SAID = ("I fell.", "I am lost.", "Good morning.")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with more turns of users than are said by default."""
    turns = [
        {"speaker": speaker, "utterance": words} for words in SAID for speaker in ("USER", "SYSTEM")
    ]
    lines = (json.dumps({"dialogue_id": str(n), "turns": turns}) for n in range(TURNS))
    (tmp_path / "sgd-dev.jsonl").write_text("\n".join(lines))
    return tmp_path


def answering(monkeypatch: pytest.MonkeyPatch, *answers: str, error: str | None = None) -> None:
    """Let a platform answer each request with the next of these texts, over and over."""
    asked: list[int] = []

    def ask(*_: Any, content: bytes, **more: Any) -> dict[str, Any]:
        text = answers[len(asked) % len(answers)]
        asked.append(1)
        payload = {"response": {"outputSpeech": {"text": text}}}
        return {"error": error, "payload": json.dumps(payload)}

    monkeypatch.setattr(running, "ask_local", ask)


def test_an_event_is_a_request_that_the_skill_takes() -> None:
    done = CliRunner().invoke(app, ["companion", "event", "I fell", "--user", "ada"])
    assert done.exit_code == 0
    assert "does not read" in json.loads(done.stdout)["session"]["attributes"]["patientId"]
    request = verified(json.loads(done.stdout), SKILL_ID, datetime.now(UTC))
    assert request.user_id == "ada"
    assert request.request.intent is not None
    assert request.request.intent.slots[UTTERANCE_SLOT].value == "I fell"


@pytest.mark.parametrize(("option", "turns"), [((), TURNS), (("--all",), 3 * TURNS)])
def test_a_day_tells_how_many_turns_have_which_answer(
    monkeypatch: pytest.MonkeyPatch, data: Path, option: tuple[str, ...], turns: int
) -> None:
    answering(monkeypatch, EMERGENCY_ANSWER, CONCERN_ANSWER + "x", "x")
    done = CliRunner().invoke(app, ["companion", "day", str(data), *option])
    third = turns // 3
    assert f"{turns} turns" in done.stdout
    assert f"{third} concern, {third} emergency, {third} normal" in done.stdout


@pytest.mark.parametrize(("answer", "error"), [(REFUSAL, None), ("", "Unhandled")])
def test_a_day_ends_at_the_first_failure(
    monkeypatch: pytest.MonkeyPatch, data: Path, answer: str, error: str | None
) -> None:
    answering(monkeypatch, answer, error=error)
    failed = CliRunner().invoke(app, ["companion", "day", str(data)]).exception
    assert isinstance(failed, KeylineError)


def test_turns_of_users_are_said_in_order(data: Path) -> None:
    assert of_dialogues(data, 4) == [*SAID, SAID[0]]
    assert levels_of([*SAID, *[SAID[2]] * 4]) == [2, 1, 0, 0, 0, 1, 1]
