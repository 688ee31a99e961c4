"""The saved queries ask the logs for what the meter writes."""

from __future__ import annotations

import json
import re

import pytest

from keyline.run.meter import Call, Labels, emf
from keyline_cdk.saved_queries import QUERIES
from keyline_deploy.systems import systems
from tests.support.templates import Templates, resources

LINE = json.loads(
    emf(Labels("prod", "orders"), [Call(pattern="p", operation="Query", table="T")], 0)
)


@pytest.mark.parametrize("query", ["units", "calls"])
def test_a_query_of_calls_names_what_a_line_of_the_meter_has(query: str) -> None:
    text = re.sub(r" as \w+", "", QUERIES[query])
    asked = set(re.findall(r"\b[A-Z]\w+", text))
    assert asked >= {"Pattern", "Calls"}
    assert asked <= set(LINE)
    for listed in re.findall(r"(\w+)\.0", text):
        assert isinstance(LINE[listed], list)
    for whole in re.findall(r"sum\((\w+)\)", text):
        assert isinstance(LINE[whole], int | float)


def test_every_system_has_them_over_the_logs_of_all_its_functions(templates: Templates) -> None:
    for system in systems():
        template = templates("prod")[f"{system.name}-service-prod"]
        found = resources(template, "AWS::Logs::QueryDefinition").values()
        assert len(found) == len(QUERIES)
        for query in found:
            assert len(query["LogGroupNames"]) == len(system.functions)
