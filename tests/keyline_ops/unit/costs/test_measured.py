"""A forecast from what a run measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from keyline.errors import KeylineError
from keyline_deploy.systems import names
from keyline_ops.cli import app
from keyline_ops.costs.forecast import forecast
from keyline_ops.costs.measured import measured
from keyline_ops.costs.prices import CURRENT
from keyline_ops.costs.units import Bounds
from keyline_ops.costs.usage import Usage
from tests.keyline_ops.unit.costs.test_forecast import GET, PUT, Settings, system_of

SYSTEM = system_of(PUT, GET)


def report(folder: Path, *rows: dict[str, Any]) -> Path:
    file = folder / "report.json"
    file.write_text(json.dumps({"sources": ["samples"], "patterns": rows}), encoding="utf-8")
    return file


def row(pattern: str, calls: float, reads: float, writes: float) -> dict[str, Any]:
    units = {"read_units": reads, "write_units": writes}
    return {"system": "notes", "pattern": pattern, "calls": calls, **units, "p50": 1.0}


def test_calls_and_units_are_those_of_the_run_for_the_days_that_it_stands_for(
    tmp_path: Path,
) -> None:
    file = report(tmp_path, row("put", 40, 0, 200), row("get", 10, 25, 0), row("by-mood", 0, 0, 0))
    usage = measured(SYSTEM, Usage.declared(SYSTEM), file, days=3)
    assert usage.calls["put"] == 400
    assert usage.units["put"] == 5
    found = forecast(SYSTEM, Settings(), CURRENT, usage=usage)
    rows = {each.pattern: each for each in found.patterns}
    assert rows["put"].units == Bounds.of(2_000)
    assert rows["get"].units_per_call == Bounds.of(2.5)
    assert found.table("Notes").items == Bounds.of(400 * 12)
    # 2 of 6 units at most are of the table, so that a third of 5 is taken to be
    (write,) = (c for c in found.capacity if c.kind == "write" and c.index is None)
    assert write.units.most == pytest.approx(2_000 / 3)
    said = " ".join(found.assumptions)
    assert "Not in the report, so that the declared rate is taken: by-author, by-mood." in said
    assert "stands for 3 days" in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nonsense", "is not a report of a run"),
        ('{"patterns": [{"system": "notes"}]}', "is not a report of a run"),
        (json.dumps({"patterns": [row("put", -1, 0, 0)]}), "is not a report of a run"),
        (
            json.dumps({"patterns": [row("put", 1, 0, 0)]}).replace(": 0", ": NaN", 1),
            "is not a report of a run",
        ),
        (json.dumps({"patterns": []}), "has no call of notes"),
        (json.dumps({"patterns": [row("put", 0, 0, 0)]}), "has no call of notes"),
    ],
)
def test_what_is_no_report_is_named(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(KeylineError, match=says) as raised:
        measured(SYSTEM, Usage.declared(SYSTEM), file, days=1)
    assert str(file) in raised.value.path
    with pytest.raises(KeylineError, match="cannot be read"):
        measured(SYSTEM, Usage.declared(SYSTEM), tmp_path / "none.json", days=1)


def test_the_command_takes_a_report(tmp_path: Path) -> None:
    name = names()[0]
    plain = CliRunner().invoke(app, ["cost", name, "--dynamodb", "--json"]).stdout
    patterns = json.loads(plain)[0]["patterns"]
    written = next(each["pattern"] for each in patterns if each["operation"] == "PutItem")
    file = report(tmp_path, {**row(written, 100, 0, 900), "system": name})
    asked = ["cost", name, "--dynamodb", "--json", "--measured", str(file)]
    (document,) = json.loads(CliRunner().invoke(app, [*asked, "--days", "0.5"]).stdout)
    rows = {each["pattern"]: each for each in document["patterns"]}
    assert rows[written]["calls"] == 6_000
    assert rows[written]["units_per_call"] == {"least": 9.0, "most": 9.0}
