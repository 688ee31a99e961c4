"""The segments of a request, and that none holds what was said."""

from __future__ import annotations

import json

import pytest

from keyline import tracing
from keyline.spans import recorded
from memory.turns import NewTurn
from tests.systems.memory.on_engine import MakeMemory


@pytest.mark.requirement("X-18")
def test_saving_has_segments_without_a_word_of_what_was_said(
    make_memory: MakeMemory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tracing, "_start", recorded)
    memory = make_memory()
    memory.interactions.save("Zebulon", "kitchen", [NewTurn(role="user", content="a xylophone")])
    out = capsys.readouterr().out
    lines = [json.loads(line) for line in out.splitlines()]
    spans = {line["span"]: line for line in lines if "span" in line}
    assert list(spans) == ["makeVectors", "storeInteraction"]
    assert spans["storeInteraction"]["attempts"] == 1
    assert not [word for word in ("Zebulon", "kitchen", "xylophone") if word in out]
