"""The guide's example does what the guide says, word by word."""

from __future__ import annotations

import re

import pytest

from keyline_deploy.project import ROOT
from tests.systems.reports.on_engine import Reports

PAGE = ROOT / "systems/reports/README.md"


def test_the_example_for_scripts_runs(
    reports: Reports, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert 'environment="dev"' in example
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", reports.endpoint)
    monkeypatch.setenv("AWS_REGION", reports.dynamodb.meta.region_name)
    exec(example.replace('"dev"', f'"{reports.environment}"'), {})
    assert capsys.readouterr().out == "Test Report\n"
    assert reports.stored("k9-reports") == []
