"""The benchmarks are found by convention, and the result of each is beside it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from benchmarks import lean, migrate, scale, summary, synth
from benchmarks.clients import keyline_store
from benchmarks.clients.process import ENVIRONMENT, running
from benchmarks.clients.worker import digest_of
from benchmarks.files import OWN, file_of, found, kept
from benchmarks.handlers.process import Handler
from benchmarks.handlers.process import running as running_handler
from benchmarks.handlers.recorder import recorder
from benchmarks.javascript.program import written
from benchmarks.javascript.recording import Call
from benchmarks.ratio import Ratio
from benchmarks.result import keep, met, parser
from benchmarks.summary import Measured
from keyline_deploy.project import ROOT
from tests.support.tables import create_table_params, created


def measured(value: float, what: str = "CPU of get") -> list[Measured]:
    ratio = Ratio(what=what, against="another client", value=value, budget=1.0)
    return [Measured(benchmark="benchmarks.lean", where="a machine", ratios=[ratio])]


@pytest.mark.requirement("I-39", "X-16")
def test_every_benchmark_has_its_result_beside_it() -> None:
    names = list(found())
    assert names[: len(OWN)] == list(OWN)
    assert {file_of(name) for name in names[len(OWN) :]} == {
        file for file in ROOT.glob("systems/*/benchmarks/*.py") if file.stem != "__init__"
    }
    for name in names:
        assert find_spec(name), name
        result = parser("", str(file_of(name))).parse_args([]).json
        assert result == kept(name)
        assert result.is_file()


TELLS_OPTIONS = """
import runpy, sys
for name in sys.argv[1:]:
    sys.argv = [name, "--help"]
    try:
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        print(name, "ends with", end.code)
"""


def test_each_benchmark_tells_its_options() -> None:
    names = list(found())
    told = subprocess.run(
        [sys.executable, "-c", TELLS_OPTIONS, *names],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    ).stdout
    for name in names:
        options, ended, told = told.partition(f"{name} ends with 0\n")
        assert "--json" in options, name
        assert ended, name
    assert told == ""


def test_the_costs_at_run_time_are_those_of_the_result(root: Path) -> None:
    rows = {"GetItem": "get", "PutItem": "put", "UpdateItem": "update"}
    rows |= {"BatchGetItem of 100 items": "batch get", "Query of 1,000 items": "query"}
    result = json.loads((root / "benchmarks/results/lean.json").read_text())["cpu_ms"]
    page = (root / "docs/cost.md").read_text().partition("## What a call costs at run time")[2]
    shown = {
        cells[0]: [float(cell) for cell in cells[1:]]
        for cells in re.findall(r"^\| (\w.*?)" + r" \| ([\d.]+)" * 6 + r" \|$", page, re.M)
    }
    assert shown.keys() == rows.keys()
    for row, figures in shown.items():
        measured = list(result[rows[row]].values())
        assert figures == pytest.approx(measured, rel=0.005, abs=0.005), row


def test_the_page_shows_what_was_kept() -> None:
    everything = summary.read()
    advice = "Run `python -m benchmarks.summary`."
    assert summary.kept_results(summary.RESULTS) == everything, advice
    assert summary.PAGE.read_text() == summary.page(everything), advice
    assert summary.PICTURE.read_text() == summary.picture(everything), advice


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    ratio = Ratio.of_rounds("CPU", "another", [(1.0, 10.0), (3.0, 10.0), (2.0, 10.0)], budget=0.15)
    assert (ratio.value, ratio.least, ratio.most) == (0.2, 0.1, 0.3)
    assert not ratio.is_met
    assert "| CPU | another | 0.2 | 0.1 to 0.3 | **0.15, missed** |" in summary.page(
        [Measured(benchmark="benchmarks.lean", where="a machine", ratios=[ratio])]
    )


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (0.20, 0.20, []),
        (0.20, 0.22, []),
        (0.20, 0.10, []),
        (0.20, 0.24, ["benchmarks.lean: CPU of get, beside another client: 0.2 before, 0.24 now"]),
    ],
)
def test_what_has_become_worse_is_told(before: float, after: float, told: list[str]) -> None:
    assert summary.worse(measured(before), measured(after)) == told


@pytest.mark.parametrize(
    ("least", "is_told"),
    [
        (0.19, False),  # one of the rounds was as good as before: the machine was busy
        (0.21, True),
    ],
)
def test_what_is_worse_in_each_round_is_told(least: float, is_told: bool) -> None:
    slower = Ratio(what="CPU of get", against="another client", value=0.3, least=least, most=0.4)
    after = [Measured(benchmark="benchmarks.lean", where="a machine", ratios=[slower])]
    assert bool(summary.worse(measured(0.2), after)) is is_told


def test_what_is_not_measured_any_more_is_told() -> None:
    gone = summary.worse(measured(0.2), measured(0.2, "CPU of put"))
    assert gone == ["benchmarks.lean: CPU of get, beside another client: is not measured any more"]


def test_a_run_ends_with_1_if_something_has_become_worse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("RESULTS", "PAGE", "PICTURE"):
        monkeypatch.setattr(summary, name, tmp_path / name)
    monkeypatch.setattr(sys, "argv", ["summary"])
    monkeypatch.setattr(summary, "read", lambda: measured(0.2))
    assert summary.main() == 0  # nothing was kept before
    monkeypatch.setattr(summary, "read", lambda: measured(0.3))
    assert summary.main() == 1
    assert "0.2 before, 0.3 now" in capsys.readouterr().out


def test_a_result_is_kept_as_json_whatever_it_is_made_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (against,) = measured(0.5)
    keep({"by": {10: (1.5, None)}, "ratios": against.ratios}, tmp_path / "results" / "a.json")
    text = (tmp_path / "results" / "a.json").read_text(encoding="utf-8")
    ratio = {"what": "CPU of get", "against": "another client", "value": 0.5, "budget": 1.0}
    assert json.loads(text) == {"by": {"10": [1.5, None]}, "ratios": [ratio]}
    assert capsys.readouterr().out == text
    assert met({"ratios": against.ratios}) == met(json.loads(text)) == 0


def test_a_digest_is_of_the_values_alone() -> None:
    first, second = {"timestamp": 1, "n": 2, "flag": True}, {"timestamp": 2, "n": 3.0, "flag": True}
    digest = digest_of([first, second])
    assert digest == digest_of([{**second, "n": Decimal(3)}, {**first, "left_out": None}])
    assert digest != digest_of([first, {**second, "n": 4}])
    assert digest != digest_of([first])


def test_clients_must_get_the_same_items(endpoint: str) -> None:
    # Given two clients, each in a process of its own, of tables of one name
    ours, theirs = (s for s in lean.SUBJECTS if s.module in {"keyline_store", "boto3_client"})
    with (
        lean.engines() as (url, *_),
        running(ours, url, lean.NAME) as one,
        running(theirs, url, lean.NAME) as other,
    ):
        lean.must_agree([one, other])
        assert one.run("get", 4, workers=2).wall > 0

        # When one of them reads another table than the other
        with (
            created(endpoint, [create_table_params(keyline_store.TABLE, "local")]),
            running(theirs, endpoint, lean.NAME) as elsewhere,
            # Then the benchmark refuses to compare them
            pytest.raises(ValueError, match="query: the clients got other items"),
        ):
            lean.must_agree([one, elsewhere])


def test_a_copy_is_measured_and_whole() -> None:
    figures = dict(migrate.measured(1_000))
    assert figures["every_item_once"]
    assert min(figures["script_per_second"], figures["copy_per_second"]) > 0


def test_the_peak_of_a_process_is_its_own() -> None:
    # Given a process that has held 200 MB, and started another
    held = (
        "import subprocess, sys; held = b'x' * 200_000_000; del held\n"
        "from benchmarks.peak import peak_megabytes; print(peak_megabytes(), flush=True)\n"
        "subprocess.run([sys.executable, '-c', 'from benchmarks.peak import peak_megabytes\\n'"
        " 'print(peak_megabytes())'], check=True)"
    )
    command = [sys.executable, "-c", held]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT)
    # Then what the first has held is not counted as the other's
    own, started = map(float, done.stdout.split())
    assert own > 200
    assert 1 < started < 100


def test_a_call_consumes_the_same_of_a_table_of_any_size() -> None:
    times, units = scale.measure(10_000, 1)
    assert all(one == other for one, other in map(dict.values, units.values()))
    assert len(scale.ratios(times, 10_000)) == 3 * len(units) == 18


def test_an_app_in_javascript_makes_what_an_app_in_python_makes(tmp_path: Path) -> None:
    # Given an app whose resources name each other, and which Python's own rules check
    app = tmp_path / "app.py"
    app.write_text(
        "import aws_cdk as cdk\n"
        "from aws_cdk import aws_sqs as sqs\n"
        "app = cdk.App()\n"
        "stack = cdk.Stack(app, 'Queues')\n"
        "first = sqs.Queue(stack, 'First', retention_period=cdk.Duration.days(3))\n"
        "cdk.CfnOutput(stack, 'Name', value=f'the name is {first.queue_name}')\n"
        "app.synth()\n"
    )
    ours = synth.App((sys.executable, str(app)), tmp_path / "ours")

    # When it is written in JavaScript, then the templates are the same, and both can be measured
    theirs = synth.in_javascript(ours, {}, tmp_path)
    assert min(*ours.alone({}), *theirs.alone({})) > 0
    assert synth.resources(theirs.out) == synth.resources(ours.out) > 0

    # And templates that differ are refused
    (theirs.out / "Queues.template.json").write_text("{}")
    with pytest.raises(ValueError, match=r"Queues\.template\.json"):
        synth.must_be_the_same(ours.out, theirs.out)


def test_a_text_with_an_unknown_token_is_refused() -> None:
    asked = {"api": "sinvoke", "fqn": "aws-cdk-lib.Fn", "method": "ref", "args": ["${Token[A.1]}"]}
    with pytest.raises(ValueError, match="no call has returned this token"):
        written([Call(asked, {"ok": {"result": None}})])


def test_boto3_makes_the_calls_that_a_handler_has_made(endpoint: str, tmp_path: Path) -> None:
    # Given a handler that calls DynamoDB, and a recorder in front of the engine
    code = (
        "import boto3\n"
        "def handler(event, context):\n"
        "    boto3.client('dynamodb').list_tables(Limit=event['limit'])\n"
        "    return {'statusCode': event['status']}\n"
    )
    (tmp_path / "ours.py").write_text(code)
    path = f"{tmp_path}:{sysconfig.get_path('purelib')}"
    with recorder(endpoint) as told:
        environ = {**ENVIRONMENT, "PYTHONPATH": path, "AWS_ENDPOINT_URL_DYNAMODB": told.url}

        def invoke(work: Mapping[str, Any]) -> tuple[int, Any]:
            with running_handler(Handler("one", work, environ), tmp_path) as process:
                return process.invoke(0, 1).failed, told.take()

        # When it is invoked, then its calls are known, and an answer of failure is seen
        ours = {"handler": "ours.handler"}
        assert invoke({**ours, "event": {"limit": 3, "status": 200}}) == (
            0,
            [("list_tables", {"Limit": 3})],
        )
        failed, calls = invoke({**ours, "event": {"limit": 4, "status": 409}})
        assert failed == 1

        # And boto3 alone makes the same
        assert invoke({"event": {}, "calls": [calls]}) == (0, [("list_tables", {"Limit": 4})])

        # And a handler that raises ends its process with what it said
        with pytest.raises(RuntimeError, match="KeyError"):
            invoke({**ours, "event": {}})
