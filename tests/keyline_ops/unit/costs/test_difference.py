"""The difference of costs by a change, and its comment on a pull request."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from typer.testing import CliRunner

from keyline.errors import KeylineError
from keyline.model import Index, Key, System
from keyline_deploy.systems import names, systems
from keyline_ops import revisions
from keyline_ops.cli import app
from keyline_ops.costs.difference import (
    Told,
    as_json,
    bars_of,
    difference,
    markdown,
    read_file,
    read_forecasts,
)
from keyline_ops.costs.forecast import forecast
from keyline_ops.costs.prices import CURRENT
from keyline_ops.costs.show import as_json as forecasts_as_json
from keyline_ops.costs.units import NOTHING
from tests.keyline_ops.unit.costs.test_forecast import (
    BY_AUTHOR,
    GET,
    NOTES,
    PUT,
    Settings,
    system_of,
)


def told(system: System, settings: Settings | None = None) -> list[Told]:
    found = forecast(system, settings or Settings(), CURRENT)
    return read_forecasts(json.dumps(forecasts_as_json([found])), "test")


BASE = system_of(PUT, GET)
BY_NUMBER = Index(name="ByNumber", key=Key("number"), why="By number.")
WIDER = replace(NOTES, indexes=[*NOTES.indexes, BY_NUMBER])
BEST = replace(BY_AUTHOR, name="best", table=WIDER, index="ByNumber", items=10, per_month=500)
WITH_INDEX = system_of(replace(PUT, table=WIDER), replace(GET, table=WIDER), BEST, table=WIDER)


@pytest.mark.requirement("X-15")
def test_a_new_index_costs_its_storage_its_writes_and_its_reads() -> None:
    found = difference(told(BASE), told(WITH_INDEX))
    parts = {(row.part, row.name): row for row in found.parts if row.counts}
    added = parts["index", "Notes/ByNumber"]
    assert added.before is None
    # a million writes of 2 units; 12 million items of 5,100 B, as GET says; 500 queries of 1.5
    usd = 2 * 0.625 + 12e6 * 5_100 / 1e9 * 0.25 + 500 * 1.5 * 0.125 / 1e6
    assert added.difference.most == pytest.approx(usd)
    assert ("pattern", "best") in parts
    assert parts["pattern", "put"].difference.most == pytest.approx(2 * 0.625)
    assert ("table", "Notes") not in parts
    assert found.total.difference.most == pytest.approx(usd)


def test_the_parts_add_up_to_the_whole() -> None:
    for system in (BASE, WITH_INDEX):
        found = difference([], told(system))
        parts = [row.difference for row in found.parts if row.part != "pattern"]
        assert sum(parts, NOTHING).most == pytest.approx(found.total.difference.most)
        assert sum(parts, NOTHING).least == pytest.approx(found.total.difference.least)


def test_a_pull_request_is_told_what_changes() -> None:
    said = markdown(difference(told(BASE), told(WITH_INDEX)))
    assert said.startswith("## Costs: +$16.55 a month\n")
    assert "| notes: index `Notes/ByNumber` | - | $16.55 | +$16.55 |" in said
    back = markdown(difference(told(WITH_INDEX), told(BASE)))
    assert back.startswith("## Costs: -$16.55 a month\n")
    more = markdown(difference(told(BASE), told(BASE, Settings(shards=8))))
    assert "notes: index `Notes/ByAuthor`" in more or "Nothing changes" in more
    assert "Nothing changes: " in markdown(difference(told(BASE), told(BASE)))


def test_a_change_of_prices_is_said() -> None:
    before = told(BASE)
    (one,) = told(BASE)
    after = [Told(**{name: getattr(one, name) for name in one.__struct_fields__} | {"prices": "x"})]
    assert "Prices differ: since 2024-11-01, then since x." in markdown(difference(before, after))


@given(st.sampled_from([BASE, WITH_INDEX]), st.sampled_from([BASE, WITH_INDEX]))
def test_a_difference_is_the_negative_of_the_way_back(one: System, other: System) -> None:
    there = difference(told(one), told(other)).total.difference
    back = difference(told(other), told(one)).total.difference
    assert there.most == pytest.approx(-back.most)
    assert there.least == pytest.approx(-back.least)


def test_a_difference_as_json_and_as_bars() -> None:
    found = difference(told(BASE), told(WITH_INDEX))
    document = as_json(found)
    assert document["total"]["difference"]["most"] == pytest.approx(16.55, abs=0.01)
    assert {row["name"] for row in document["parts"]} >= {"Notes/ByNumber", "best"}
    (bar,) = bars_of(found)
    assert bar[0] == "index Notes/ByNumber"
    assert bar[1] == 0.0


@pytest.mark.parametrize("text", ["{}", "[1]", "nonsense", '[{"system": "a"}]'])
def test_what_is_no_forecast_is_named(text: str, tmp_path: Path) -> None:
    file = tmp_path / "costs.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(KeylineError, match="is not what `keyline cost --json` prints") as raised:
        read_file(file)
    assert raised.value.path == str(file)


def test_the_command_compares_with_a_file_of_last_month(tmp_path: Path) -> None:
    asked = ["cost", names()[0], "--dynamodb"]
    file, chart = tmp_path / "costs.json", tmp_path / "costs.svg"
    file.write_text(CliRunner().invoke(app, [*asked, "--json"]).stdout, encoding="utf-8")
    same = CliRunner().invoke(app, [*asked, "--from", str(file), "--markdown"])
    assert same.exit_code == 0, same.output
    assert "Nothing changes: " in same.stdout

    more = [*asked, "--from", str(file), "--months", "24", "--chart", str(chart)]
    changed = CliRunner().invoke(app, more)
    assert changed.exit_code == 0, changed.output
    assert any(table.name in changed.stdout for table in systems()[0].tables)
    assert chart.read_text(encoding="utf-8").startswith("<svg")
    document = json.loads(CliRunner().invoke(app, [*more[:-2], "--json"]).stdout)
    assert document["total"]["difference"]["most"] > 0


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of two revisions, whose `keyline` prints what is in a file; the first cannot."""
    root = tmp_path / "project"
    ops = root / "keyline_ops"
    ops.mkdir(parents=True)
    (root / "lambda_src").mkdir()
    (root / "lambda_src" / "kept.txt").write_text("")
    (ops / "__init__.py").write_text("")

    def commit(body: str) -> None:
        (ops / "cli.py").write_text(f"def main() -> None:\n    {body}\n")
        named = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        for arguments in (("add", "."), ("commit", "-q", "-m", "A change")):
            subprocess.run(["git", *named, *arguments], cwd=root, check=True, capture_output=True)

    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    said = (
        CliRunner()
        .invoke(app, ["cost", names()[0], "--dynamodb", "--months", "6", "--json"])
        .stdout
    )
    (root / "said.json").write_text(said)
    commit("raise SystemExit('it knows no such option')")
    asked = f"assert sys.argv[1:3] == ['cost', {names()[0]!r}]"
    commit(f"import sys; {asked}; print(open('said.json').read())")
    monkeypatch.setattr(revisions, "ROOT", root)
    return root


def test_the_command_asks_a_revision_and_a_checkout_with_their_own_code(repository: Path) -> None:
    asked = ["cost", names()[0], "--dynamodb", "--json", "--from"]
    for source in ("HEAD", str(repository)):
        said = CliRunner().invoke(app, [*asked, source])
        assert said.exit_code == 0, said.output
        assert json.loads(said.stdout)["total"]["difference"]["most"] > 0
    refused = CliRunner().invoke(app, [*asked, "HEAD~1"]).exception
    assert isinstance(refused, KeylineError)
    assert refused.path == "--from HEAD~1"
    assert "it knows no such option" in refused.message
