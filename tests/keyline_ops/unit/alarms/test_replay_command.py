"""`keyline alarms replay`: what it prints, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from keyline.errors import KeylineError
from keyline_ops.cli import app

ALARM = {
    "AlarmName": "slow",
    "Namespace": "Shop",
    "MetricName": "Latency",
    "Period": 60,
    "Statistic": "Maximum",
    "EvaluationPeriods": 2,
    "Threshold": 10,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
}
SERIES: dict[str, Any] = {
    "start": "2026-03-02T10:00:00Z",
    "end": "2026-03-02T10:04:00Z",
    "initialState": "OK",
    "evaluationRange": 2,
    "samples": [
        {
            "namespace": "Shop",
            "metric": "Latency",
            "dimensions": {},
            "time": f"2026-03-02T10:0{minute}:05Z",
            "value": value,
        }
        for minute, value in ((0, 4), (1, 12), (2, 18))
    ],
}
DATA = {
    "MetricDataResults": [
        {
            "Id": "q",
            "Timestamps": ["2026-03-02T10:00:00Z", "2026-03-02T10:01:00Z"],
            "Values": [11, 12],
        }
    ]
}


def written(folder: Path, **documents: Any) -> dict[str, str]:
    for name, document in documents.items():
        (folder / name).write_text(json.dumps(document), encoding="utf-8")
    return {name: str(folder / name) for name in documents}


def replayed(*arguments: str) -> str:
    run = CliRunner().invoke(app, ["alarms", "replay", *arguments], catch_exceptions=False)
    assert run.exit_code == 0
    return run.output


def test_it_prints_the_state_after_each_evaluation(tmp_path: Path) -> None:
    paths = written(tmp_path, alarm=ALARM, series=SERIES)
    found = json.loads(replayed("--alarm", paths["alarm"], "--series", paths["series"], "--json"))
    assert [(each["time"], each["state"]) for each in found["states"]] == [
        ("2026-03-02T10:01:00Z", "OK"),
        ("2026-03-02T10:02:00Z", "OK"),
        ("2026-03-02T10:03:00Z", "ALARM"),
        ("2026-03-02T10:04:00Z", "OK"),
    ]
    assert [each["value"] for each in found["states"]] == [4, 12, 18, None]


def test_without_json_it_draws_a_chart(tmp_path: Path) -> None:
    paths = written(tmp_path, alarm=ALARM, series=SERIES)
    assert replayed("--alarm", paths["alarm"], "--series", paths["series"]).splitlines() == [
        "slow: ▁ is 4, █ is 18, · is not data",
        "10:01 ▁▅█·",
        "      --!-",
        "- OK   ! ALARM   ? INSUFFICIENT_DATA",
        "2026-03-02T10:03:00Z  OK -> ALARM  (18)",
        "2026-03-02T10:04:00Z  ALARM -> OK  (no data)",
    ]


def test_a_chart_shows_numbers_as_large_as_a_float_holds(tmp_path: Path) -> None:
    samples = [
        sample | {"value": value}
        for sample, value in zip(SERIES["samples"], (-1.7e308, 0, 1.7e308), strict=True)
    ]
    paths = written(tmp_path, alarm=ALARM, series=SERIES | {"samples": samples})
    said = replayed("--alarm", paths["alarm"], "--series", paths["series"])
    assert said.splitlines()[1] == "10:01 ▁▅█·"


def test_it_replays_what_get_metric_data_says(tmp_path: Path) -> None:
    paths = written(tmp_path, alarm=ALARM, data=DATA)
    said = replayed("--alarm", paths["alarm"], "--metric-data", paths["data"], "--json")
    assert [each["state"] for each in json.loads(said)["states"]] == ["OK", "ALARM"]


def test_it_replays_the_silence_after_the_last_data_point(tmp_path: Path) -> None:
    silent = ALARM | {"TreatMissingData": "breaching", "Threshold": 20}
    nothing = {"MetricDataResults": [{"Id": "q", "Timestamps": [], "Values": []}]}
    paths = written(tmp_path, alarm=silent, data=DATA, nothing=nothing)
    during = ("--end", "2026-03-02T10:06Z", "--json")
    said = replayed("--alarm", paths["alarm"], "--metric-data", paths["data"], *during)
    assert [each["state"] for each in json.loads(said)["states"]] == ["OK"] * 5 + ["ALARM"]
    start = ("--start", "2026-03-02T10:04:00+00:00")
    for data in ("data", "nothing"):
        said = replayed("--alarm", paths["alarm"], "--metric-data", paths[data], *start, *during)
        assert json.loads(said)["states"] == [
            {"time": f"2026-03-02T10:0{minute}:00Z", "state": "ALARM", "value": None}
            for minute in (5, 6)
        ]


@pytest.mark.parametrize("time", ["10:00", "2026-03-02T10:00", "2026-03-02T10:00+01:00", "x"])
def test_a_time_that_is_not_in_utc_is_refused(time: str) -> None:
    run = CliRunner().invoke(app, ["alarms", "replay", "--start", time])
    assert run.exit_code == 2
    assert "is not a time in UTC" in run.output


def test_it_replays_many_pairs_and_an_error_stands_in_its_place(tmp_path: Path) -> None:
    paths = written(tmp_path, alarm=ALARM, series=SERIES, broken={})
    pairs = [
        {"alarm": paths["broken"], "series": paths["series"]},
        {"alarm": paths["alarm"], "series": paths["series"]},
    ]
    listed = written(tmp_path, pairs=pairs)["pairs"]
    first, second = json.loads(replayed("--pairs", listed, "--json"))["replays"]
    assert "cannot be read" in first["error"]
    assert len(second["states"]) == 4
    assert "slow: " in replayed("--pairs", listed)


def test_an_entry_that_is_not_a_pair_is_an_error_in_its_place(tmp_path: Path) -> None:
    paths = written(tmp_path, alarm=ALARM, series=SERIES)
    entries = [{"alarm": paths["alarm"]}, 5, None, {"alarm": 1, "series": 2}, {"alarm": "alarm"}]
    listed = written(tmp_path, pairs=[*entries, paths])["pairs"]
    *errors, last = json.loads(replayed("--pairs", listed, "--json"))["replays"]
    assert len(errors) == len(entries)
    assert all("is not a pair of paths" in each["error"] for each in errors)
    assert len(last["states"]) == 4


def test_a_path_may_be_relative_to_the_list(tmp_path: Path) -> None:
    written(tmp_path, alarm=ALARM, series=SERIES)
    pairs = [{"alarm": "alarm", "series": "series"}, {"alarm": "alarm", "series": "missing"}]
    listed = written(tmp_path, pairs=pairs)["pairs"]
    first, second = json.loads(replayed("--pairs", listed, "--json"))["replays"]
    assert len(first["states"]) == 4
    assert "missing: cannot be read" in second["error"]
    long = written(tmp_path, pairs=[{"alarm": "x" * 5000, "series": "series"}])["pairs"]
    (found,) = json.loads(replayed("--pairs", long, "--json"))["replays"]
    assert "has a path that cannot be read" in found["error"]


@pytest.mark.parametrize("text", ["[" * 100_000, '{"start": NaN}', '"\\ud800"'])
def test_a_file_that_is_not_json_is_an_error_in_its_place(text: str, tmp_path: Path) -> None:
    paths = written(tmp_path, alarm=ALARM)
    (tmp_path / "torn").write_text(text, encoding="utf-8")
    listed = written(tmp_path, pairs=[{"alarm": paths["alarm"], "series": "torn"}])["pairs"]
    (found,) = json.loads(replayed("--pairs", listed, "--json"))["replays"]
    assert "torn: cannot be read" in found["error"]


def test_an_unknown_key_is_warned_of_and_changes_nothing(tmp_path: Path) -> None:
    odd = SERIES | {
        "evaluateat": [],
        "samples": [sample | {"counts": 5} for sample in SERIES["samples"]],
        "sample": [],
    }
    read = written(tmp_path, alarm=ALARM, series=SERIES)
    unread = written(tmp_path, odd_alarm=ALARM | {"TreatMissingdata": "breaching"}, odd_series=odd)
    run = CliRunner().invoke(
        app,
        ["alarms", "replay", "--alarm", unread["odd_alarm"], "--series", unread["odd_series"]],
        catch_exceptions=False,
    )
    assert run.exit_code == 0
    assert run.stdout == replayed("--alarm", read["alarm"], "--series", read["series"])
    said = "the key {!r} is not known and not read. Did you mean {!r}?"
    assert run.stderr.splitlines() == [
        f"warning: {unread[file]}: {said.format(key, nearest)}"
        for file, key, nearest in (
            ("odd_alarm", "TreatMissingdata", "TreatMissingData"),
            ("odd_series", "samples.counts", "count"),
            ("odd_series", "evaluateat", "evaluateAt"),
            ("odd_series", "sample", "samples"),
        )
    ]


def test_what_aws_has_of_an_alarm_is_not_warned_of(tmp_path: Path) -> None:
    paths = written(
        tmp_path,
        alarm=ALARM | {"AlarmActions": [], "Unit": "Seconds", "StateValue": "OK", "Tags": []},
        composite={"AlarmRule": "TRUE", "ActionsSuppressorWaitPeriod": 60},
        series=SERIES,
    )
    for alarm in ("alarm", "composite"):
        arguments = ["--alarm", paths[alarm], "--series", paths["series"]]
        assert CliRunner().invoke(app, ["alarms", "replay", *arguments]).stderr == ""


def test_its_help_names_the_option_for_many() -> None:
    assert "--pairs" in replayed("--help")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "does not say what to replay"),
        (["--alarm", "alarm"], "does not say what to replay"),
        (["--alarm", "alarm", "--series", "series", "--pairs", "pairs"], "does not say what"),
        (["--alarm", "missing", "--series", "series"], "missing: cannot be read"),
        (["--alarm", "torn", "--series", "series"], "torn: cannot be read"),
        (["--alarm", "composite", "--metric-data", "data"], "a composite alarm"),
        (["--alarm", "alarm", "--series", "series", "--end", "2026-03-02T10:00Z"], "are only for"),
        (
            ["--alarm", "alarm", "--metric-data", "data", "--end", "2026-03-02T10:00:30Z"],
            "not a whole multiple of the alarm's 60 s",
        ),
        (["--pairs", "alarm"], "is not a list of pairs"),
    ],
)
def test_what_cannot_be_replayed_is_refused(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, alarm=ALARM, series=SERIES, data=DATA, composite={"AlarmRule": "TRUE"})
    (tmp_path / "torn").write_text("{", encoding="utf-8")
    with pytest.raises(KeylineError, match=said):
        CliRunner().invoke(app, ["alarms", "replay", *arguments], catch_exceptions=False)
