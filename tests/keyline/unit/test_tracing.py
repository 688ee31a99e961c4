"""Named segments: what is recorded, and that nothing is where nobody asked for it."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from keyline import variables
from keyline.errors import KeylineError
from keyline.segment_attributes import Attributes
from keyline.spans import recorded
from keyline.tracing import segment

SOURCES = Path(__file__).parents[3] / "lambda_src"
ROOT, PARENT = "65a1b2c3" + "0" * 23 + "1", "00000000000000ff"


@pytest.fixture(autouse=True)
def invocation(monkeypatch: pytest.MonkeyPatch) -> None:
    header = f"Root=1-{ROOT[:8]}-{ROOT[8:]};Parent={PARENT};Sampled=0"
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.requirement("B-34")
def test_a_segment_is_a_line_of_the_invocation_s_trace(capsys: pytest.CaptureFixture[str]) -> None:
    with recorded("outer"), recorded("inner", items=2, cached=True):
        pass
    inner, outer = lines(capsys)
    assert (inner["span"], outer["span"]) == ("inner", "outer")
    assert inner["trace_id"] == outer["trace_id"] == ROOT
    assert outer["parent_id"] == PARENT
    assert inner["parent_id"] == outer["span_id"]
    assert (inner["items"], inner["cached"]) == (2, True)
    assert outer["duration_ms"] >= inner["duration_ms"] >= 0


@pytest.mark.requirement("B-34", "X-18")
def test_a_segment_is_closed_on_an_error_and_tells_its_type_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(ValueError, match="Ada takes aspirin"), recorded("check"):
        raise ValueError("Ada takes aspirin")
    with recorded("next"):
        pass
    failed, following = lines(capsys)
    assert failed["error"] == "ValueError"
    assert "aspirin" not in json.dumps(failed)
    assert following["parent_id"] == PARENT


@pytest.mark.requirement("X-18")
@pytest.mark.parametrize(
    ("name", "attributes"),
    [("Ada takes", {}), ("check", {"name": 1}), ("check", {"items": "aspirin"})],
)
def test_text_and_unknown_attributes_are_refused(
    name: str, attributes: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KeylineError) as raised, recorded(name, **attributes):
        pass
    assert "aspirin" not in str(raised.value)
    assert lines(capsys) == []


def test_without_an_environment_that_asks_a_segment_is_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert segment("a") is segment("b", items=1)
    with pytest.raises(ValueError, match="x"), segment("a"):
        raise ValueError("x")
    assert lines(capsys) == []


@pytest.mark.parametrize("spans", ["", "1"])
def test_opentelemetry_is_imported_only_where_spans_are_recorded(spans: str) -> None:
    program = (
        "import sys\nfrom keyline.tracing import segment\n"
        "with segment('a'): pass\n"
        "print('opentelemetry' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={variables.SPANS: spans, "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == str(bool(spans))


def test_systems_name_segments_with_literal_names_and_known_attributes() -> None:
    """A name or a text that is made at run time could hold what a person said."""
    systems = {path.parent for path in SOURCES.glob("*/system.py")}
    named: dict[str, list[str]] = {}
    for folder in systems:
        for file in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "segment":
                    (name,) = node.args
                    assert isinstance(name, ast.Constant), file
                    assert {k.arg for k in node.keywords} <= set(Attributes.__annotations__), file
                    named.setdefault(folder.name, []).append(str(name.value))
    assert all(named.values())
