"""`keyline alarms`: what it says of the alarms of an environment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from keyline_ops import synth
from keyline_ops.cli import app

ALARM: dict[str, Any] = {
    "Type": "AWS::CloudWatch::Alarm",
    "Metadata": {"aws:cdk:path": "ShopServiceProd/Http/ServerErrors/Resource"},
    "Properties": {
        "Namespace": "AWS/ApiGateway",
        "MetricName": "5xx",
        "Dimensions": [{"Name": "ApiId", "Value": {"Ref": "HttpApi"}}],
        "Period": 60,
        "Statistic": "Sum",
        "EvaluationPeriods": 5,
        "DatapointsToAlarm": 3,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [{"Ref": "Topic"}],
        "AlarmDescription": "The API fails. Runbook: docs/runbooks/alarms.md#an-api-answers-5xx",
    },
}


def run(
    alarm: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *options: str
) -> tuple[int, str]:
    template = {"Resources": {"HttpServerErrors1A2B": alarm, "Topic": {"Type": "AWS::SNS::Topic"}}}
    (tmp_path / "ShopServiceProd.template.json").write_text(json.dumps(template), encoding="utf-8")
    monkeypatch.setattr(synth, "up_to_date", lambda environment: tmp_path)
    found = CliRunner().invoke(app, ["alarms", *options], catch_exceptions=False)
    return found.exit_code, found.output


def test_it_says_what_an_alarm_watches_and_how_it_was_proven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = run(ALARM, tmp_path, monkeypatch, "--env", "prod", "--json")
    assert code == 0
    assert json.loads(said) == [
        {
            "stack": "ShopServiceProd",
            "name": "Http/ServerErrors",
            "watches": ["Sum of AWS/ApiGateway 5xx (ApiId=HttpApi)"],
            "when": "> 0 in 3 of 5 periods of 60 s",
            "meaning": "The API fails.",
            "runbook": "docs/runbooks/alarms.md#an-api-answers-5xx",
            "proven": "ALARM after 5 min, OK 5 min later",
            "tells": True,
        }
    ]


def test_it_prints_a_table_for_each_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = run(ALARM, tmp_path, monkeypatch)
    assert code == 0
    assert "Http/ServerErrors" in said
    assert said.splitlines()[-1] == "1 alarm, 0 of them not proven."


def test_an_alarm_that_never_ends_is_not_proven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = {**ALARM, "Properties": {**ALARM["Properties"], "TreatMissingData": "ignore"}}
    code, said = run(broken, tmp_path, monkeypatch)
    assert code == 1
    assert "NOT PROVEN" in said
    assert said.splitlines()[-1] == "1 alarm, 1 of them not proven."


def composite(*named: str) -> dict[str, Any]:
    """Return a composite alarm as the CDK writes it: of the ARNs of other alarms."""
    parts: list[Any] = ["("]
    for name in named:
        parts += ['ALARM("', {"Fn::GetAtt": [name, "Arn"]}, '") OR ']
    rule = {"Fn::Join": ["", [*parts, "FALSE)"]]}
    described = "Something is wrong. Runbook: docs/runbooks/alarms.md#several-alarms-of-one-cause"
    properties = {"AlarmName": "shop-prod-tables", "AlarmRule": rule, "AlarmDescription": described}
    return {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": properties}


@pytest.mark.parametrize(("named", "code"), [("HttpServerErrors1A2B", 0), ("Missing", 1)])
def test_a_composite_is_proven_by_each_of_its_alarms_if_they_are_there(
    named: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = {"Resources": {"HttpServerErrors1A2B": ALARM, "Trouble": composite(named)}}
    (tmp_path / "ShopDataProd.template.json").write_text(json.dumps(template), encoding="utf-8")
    monkeypatch.setattr(synth, "up_to_date", lambda environment: tmp_path)
    run = CliRunner().invoke(app, ["alarms", "--json"], catch_exceptions=False)
    assert run.exit_code == code
    (found,) = (each for each in json.loads(run.output) if each["name"] != "Http/ServerErrors")
    assert found["watches"] == [named]
    assert found["proven"] == ("" if code else "by each of them alone")
    assert found["tells"] is False
