"""`keyline invoke`: what is sent, what is printed, and what is refused before anything is sent."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from keyline_deploy.systems import systems
from keyline_ops import running
from tests.support.commands import keyline

SYSTEM = systems()[0]
FUNCTION = SYSTEM.functions[0].name
DONE = {
    "error": None,
    "payload": '{"statusCode":200}',
    "request_id": "id-1",
    "duration_ms": 12.5,
    "cold": True,
    "log": ["the end"],
}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what the platform was sent; `done` is what it answers."""
    seen: dict[str, Any] = {"done": DONE}

    def ask(url: str, method: str, path: str, **options: Any) -> Any:
        seen.update(method=method, path=path, content=options["content"])
        return seen["done"]

    monkeypatch.setattr(running, "ask", ask)
    return seen


def test_a_file_is_sent_and_the_answer_is_printed(
    sent: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "event.json"
    file.write_text('{"a": 1}')
    assert keyline("invoke", SYSTEM.name, FUNCTION, "--event", str(file)) == 0
    assert sent["method"] == "POST"
    assert sent["path"] == f"/functions/{SYSTEM.name}-{FUNCTION}-local"
    assert sent["content"] == b'{"a": 1}'
    out, err = capsys.readouterr()
    assert out == '{"statusCode":200}\n'
    assert err == "12.5 ms, with a cold start\n"


def test_the_input_is_sent_and_an_error_is_printed_with_the_log(
    sent: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sent["done"] = {**DONE, "error": "Unhandled", "cold": False}
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"[]")))
    assert keyline("invoke", SYSTEM.name, FUNCTION, "--event", "-") == 1
    assert sent["content"] == b"[]"
    assert capsys.readouterr().err == "Unhandled error, 12.5 ms\nthe end\n"

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"[]")))
    assert keyline("invoke", SYSTEM.name, FUNCTION, "--event", "-", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told == {**sent["done"], "payload": {"statusCode": 200}}


@pytest.mark.parametrize(
    ("arguments", "content", "says"),
    [
        (("chta", FUNCTION), "{}", "chta: there is no such system."),
        ((SYSTEM.name, f"{FUNCTION}x"), "{}", f"Did you mean {FUNCTION!r}?"),
        ((SYSTEM.name, FUNCTION), "{", "is not JSON"),
        ((SYSTEM.name, FUNCTION), "\udcff", "is not JSON"),
        ((SYSTEM.name, FUNCTION), None, "cannot be read: No such file or directory."),
    ],
)
def test_what_cannot_be_sent_is_refused(
    arguments: tuple[str, str],
    content: str | None,
    says: str,
    sent: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "event.json"
    if content is not None:
        file.write_bytes(content.encode(errors="surrogateescape"))
    assert keyline("invoke", *arguments, "--event", str(file)) == 2
    assert says in capsys.readouterr().err
    assert "content" not in sent
