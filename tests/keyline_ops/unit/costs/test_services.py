"""Costs beside DynamoDB are worked out by hand, and nothing that is missing becomes zero."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from keyline.errors import KeylineError
from keyline.model import Function, Route, StreamSource, StreamView, System
from keyline_deploy.environment import load
from keyline_deploy.systems import names
from keyline_ops.cli import app
from keyline_ops.costs.forecast import forecast
from keyline_ops.costs.observability import Observability
from keyline_ops.costs.prices import CURRENT
from keyline_ops.costs.services import (
    ASSUMED,
    Profile,
    ServiceCost,
    known_invocations,
    positive,
    profiles,
    service_costs,
)
from keyline_ops.costs.units import Bounds
from keyline_ops.costs.usage import Usage
from tests.keyline_ops.unit.costs.test_forecast import (
    BY_AUTHOR,
    BY_MOOD,
    GET,
    NOTES,
    PUT,
    Settings,
)

STREAMED = replace(NOTES, stream=StreamView.NEW_IMAGE)
CREATE, FIND, AUTHOR, MOOD = (
    replace(each, table=STREAMED) for each in (PUT, GET, BY_AUTHOR, BY_MOOD)
)
API = Function(
    name="api",
    handler="notes.handlers.all.handler",
    why="All.",
    patterns=(CREATE, FIND, AUTHOR, MOOD),
    routes=(Route("GET", "/notes"),),
)
COUNT = Function(
    name="count",
    handler="notes.handlers.count.handler",
    why="Count.",
    source=StreamSource(table=STREAMED, batch=100),
)
NIGHT = Function(
    name="night", handler="notes.handlers.night.handler", why="Tidy.", schedule="rate(1 day)"
)
SYSTEM = System(
    name="notes",
    title="Notes",
    tables=(STREAMED,),
    functions=(API, COUNT, NIGHT),
    settings=Settings,
)
WATCHED = Observability(
    metrics=10, metric_months=10, alarms=20, alarm_metrics=30, composites=2, dashboards=1
)
MEASURED = {"api": Profile(cpu_ms=8.0, log_bytes=1_500.0)}


def costs(invocations: dict[str, float] | None = None) -> dict[str, ServiceCost]:
    found = service_costs(
        SYSTEM,
        load("prod"),
        Usage.declared(SYSTEM),
        CURRENT,
        WATCHED,
        invocations=invocations,
        measured=MEASURED,
    )
    return {each.what: each for each in found}


@pytest.mark.requirement("X-15")
def test_a_function_is_billed_by_its_invocations_and_its_time() -> None:
    # prod gives 1,024 MB, 1,024 / 1,769 of a vCPU: 8 ms of CPU last 13.82 ms, and 5 ms of waiting;
    # 18.82 ms x 1 GB x $0.0000133334, and $0.20 / 1,000,000
    each = (8 / (1024 / 1769) + 5) / 1000 * 0.0000133334 + 0.2e-6
    found = costs({"api": 2_000_000})["function api"]
    assert found.number == Bounds.of(2_000_000)
    assert found.usd.most == pytest.approx(2_000_000 * each)
    assert found.basis.startswith("given; 1,024 MB; 8 ms of CPU measured")


def test_a_function_is_invoked_as_often_as_its_patterns_are_called() -> None:
    found = costs()
    # put 1,000,000 alone; or one call for each of put, get, by-author and by-mood
    assert found["function api"].number == Bounds(1_000_000, 1_003_000)
    assert found["API requests"].number == found["function api"].number
    assert found["API requests"].usd == Bounds(1.0, 1.003)
    # a record of each put, in batches of 100 or alone
    assert found["function count"].number == Bounds(10_000, 1_000_000)
    assert found["function night"].number == Bounds.of(30)
    assert "assumed" in found["function count"].basis


def test_logs_are_billed_as_written_and_as_kept() -> None:
    found = costs({"api": 1_000_000, "count": 1})
    # 1,500 B and Lambda's own 500 B; what nobody measured is assumed; prod keeps 365 days
    gb = (1e6 * 2_000 + 31 * (ASSUMED.log_bytes + 500)) / 1e9
    assert found["logs written"].number.most == pytest.approx(gb)
    assert found["logs written"].usd.most == pytest.approx(gb * 0.50)
    assert found["logs kept"].usd.most == pytest.approx(gb * 365 / 30 * 0.03)


def test_what_is_billed_by_the_piece_is_counted_and_a_stream_costs_nothing() -> None:
    found = costs()
    assert found["alarms"].usd == Bounds.of(30 * 0.10 + 2 * 0.50)
    assert found["metrics"].usd == Bounds.of(10 * 0.30)
    assert found["dashboards"].usd == Bounds.of(3.0)
    assert found["stream of Notes"].usd == Bounds.of(0.0)


def test_what_nobody_knows_is_asked_for_and_not_taken_for_nothing() -> None:
    usage = Usage(calls={})
    first, *others = service_costs(SYSTEM, load("prod"), usage, CURRENT, WATCHED, measured={})
    assert not first.known
    assert first.basis.startswith("not known: say it with --invocations")
    said = forecast(SYSTEM, Settings(), CURRENT, usage=usage, services=[first, *others]).unknown
    assert "function api: nothing says how often it is invoked, so that it adds nothing." in said


@pytest.mark.parametrize("number", ["nan", "inf", "-1", "0", "", "many"])
def test_a_number_that_is_none_is_refused(number: str) -> None:
    with pytest.raises(KeylineError, match="is not a number above 0"):
        positive(number, "--days")
    with pytest.raises(KeylineError, match="is not a number above 0"):
        known_invocations([f"notes/api={number}"], (SYSTEM,))


def test_invocations_are_of_a_function_that_there_is() -> None:
    assert known_invocations(["notes/api=5"], (SYSTEM,)) == {"notes": {"api": 5.0}}
    with pytest.raises(KeylineError, match="Did you mean 'notes/api'"):
        known_invocations(["notes/apo=5"], (SYSTEM,))


def test_profiles_are_those_that_the_benchmark_wrote(tmp_path: Path) -> None:
    file = tmp_path / "functions.json"
    assert profiles("notes", file) == {}
    profile = {"cpu_ms": 3.5, "log_bytes": 900.0}
    file.write_text(json.dumps({"functions": {"notes": {"api": profile}}}), encoding="utf-8")
    assert profiles("notes", file) == {"api": Profile(cpu_ms=3.5, log_bytes=900.0)}
    assert profiles("other", file) == {}


def test_the_command_counts_the_alarms_of_an_assembly(tmp_path: Path) -> None:
    alarm = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "Errors"}}
    name = names()[0]
    start = name.capitalize()
    for stack, count in ((f"{start}DataProd", 3), (f"{start}ServiceProd", 2), ("OtherDataProd", 9)):
        resources = {f"A{number}": alarm for number in range(count)}
        (tmp_path / f"{stack}.template.json").write_text(json.dumps({"Resources": resources}))
    asked = ["cost", name, "--assembly", str(tmp_path)]
    said = CliRunner().invoke(app, [*asked, "--json"])
    assert said.exit_code == 0, said.output
    (document,) = json.loads(said.stdout)
    rows = {row["what"]: row for row in document["services"]}
    assert rows["alarms"]["number"] == {"least": 5, "most": 5}
    assert document["services_usd"]["most"] > 0
    assert "logs written" in CliRunner().invoke(app, asked).output
