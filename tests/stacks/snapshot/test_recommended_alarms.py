"""AWS's recommended alarms and those of the specifications, against the templates and the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keyline_deploy.systems import systems
from keyline_ops.alarms.recommended import NAMESPACES, RECOMMENDED, Held, as_markdown, held
from keyline_ops.costs.observability import as_json, observability
from keyline_ops.costs.prices import CURRENT
from tests.support.templates import Templates, resources

WITHOUT_A_SECTION = {
    *("AWS::Budgets", "AWS::CloudWatch", "AWS::Events", "AWS::IAM", "AWS::Logs"),
    *("AWS::KMS", "AWS::SSM", "AWS::SecretsManager"),
}
"""Services of which the guide recommends no alarm: EventBridge has one on its scheduler only."""
SERVICES = {
    "AWS::ApiGatewayV2": "API Gateway",
    **{f"AWS::{name}": name for name in ("Cognito", "DynamoDB", "Lambda", "S3", "SNS", "SQS")},
}


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    return (root / "docs" / "alarms.md").read_text()


@pytest.fixture(scope="module")
def of_prod(templates: Templates) -> list[Held]:
    return held(templates("prod"))


def test_every_recommended_alarm_is_there_or_has_a_reason(of_prod: list[Held]) -> None:
    assert len(of_prod) == len(RECOMMENDED)
    for each in of_prod:
        assert bool(each.alarms) == bool(each.recommended.here), each
        assert each.recommended.why, each


def test_what_is_told_not_to_be_here_is_not_here(templates: Templates) -> None:
    ours = {
        (alarm.get("Namespace"), alarm.get("MetricName"), tuple(sorted(_names(alarm))))
        for template in templates("prod").values()
        for alarm in resources(template, "AWS::CloudWatch::Alarm").values()
    }
    for each in RECOMMENDED:
        if not each.here:
            by = tuple(sorted(each.by.split(", "))) if each.by != "account" else ()
            assert (NAMESPACES[each.service], each.metric, by) not in ours, each


def _names(alarm: dict[str, Any]) -> Iterator[str]:
    for dimension in alarm.get("Dimensions", []):
        yield dimension["Name"]


def test_the_list_has_every_service_of_the_templates(templates: Templates) -> None:
    kinds = {
        resource["Type"].rpartition("::")[0]
        for template in templates("prod").values()
        for resource in template["Resources"].values()
    }
    assert kinds - WITHOUT_A_SECTION <= set(SERVICES)
    assert {SERVICES[kind] for kind in kinds - WITHOUT_A_SECTION} <= set(NAMESPACES)
    assert {each.service for each in RECOMMENDED} == set(NAMESPACES)


def test_the_page_has_the_list(page: str) -> None:
    shown = page.partition("--recommended --markdown` -->\n")[2].partition("\n<!-- end")[0]
    assert shown == as_markdown()


def test_the_page_has_every_line_of_a_specification_that_asks_for_an_alarm(
    root: Path, page: str
) -> None:
    table = page.partition("## Alarms of the specifications")[2].partition("\n## ")[0]
    lines = {
        each
        for row in re.findall(r"^\| [^|]+\| ([^|]+) \|", table, re.M)
        for each in row.split(", ")
    }
    asked = {
        line
        for file in (root / "systems").glob("*/specification.md")
        for line in _asking(file.read_text())
    }
    assert asked
    assert asked <= lines


def _asking(text: str) -> Iterator[str]:
    """Yield the lines of a specification whose first paragraph speaks of alarms."""
    for line, section in re.findall(r"^### (\S+)\n(.*?)(?=^##|\Z)", text, re.M | re.S):
        if re.search("alarm", section.strip().partition("\n\n")[0], re.I):
            yield line


def test_the_page_has_the_prices_of_alarms_by_cause(page: str) -> None:
    places = sum(1 + len(table.indexes) for system in systems() for table in system.tables)
    assert f"its {places} tables and indexes" in page
    rows = page.partition("| events of |")[2].partition("\n\n")[0].splitlines()[2:]
    *causes, requests = (row.rpartition("| $")[2].rstrip(" |") for row in rows)
    assert set(causes) == {f"{2 * places * CURRENT.alarm:.2f}"}
    assert len(causes) == 4
    operations = {
        (table.name, p.operation)
        for system in systems()
        for table in system.tables
        for p in system.called
        if table.name in {part.table.name for part in (p, *p.actions)}
    }
    assert requests == f"{len(operations) * CURRENT.alarm:.2f}"


def test_the_page_has_what_observability_costs(page: str, templates: Templates) -> None:
    found = as_json(observability(systems(), templates("prod").values()))
    said = " ".join(page.partition("`keyline cost --observability` says")[2].split())
    for part in (
        f"costs ${found['usd']:.2f}: {found['metrics']} metrics of our own",
        f"own ${found['metrics_usd']:.2f}",
        f"alarms over {found['alarm_metrics']} metrics",
        f"composite alarms ${found['alarms_usd']:.2f}",
        f"dashboards ${found['dashboards_usd']:.2f}",
    ):
        assert part in said
