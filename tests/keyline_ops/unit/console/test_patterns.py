"""The page of a pattern that was not run."""

from __future__ import annotations

import html
from typing import Any

import pytest

from keyline.model import Pattern
from tests.support.console import answer, asked, console, platform
from tests.support.sample.notes import BY_NAME
from tests.support.sample.orders import ORDER_BY_DAY, ORDER_MARKED
from tests.support.sample.shop import LARGE


@pytest.mark.parametrize("pattern", LARGE.patterns, ids=lambda pattern: pattern.name)
def test_each_pattern_has_a_page_with_its_index_its_units_and_its_permission(
    pattern: Pattern[Any],
) -> None:
    name, target = pattern.name, pattern.index_name
    page = html.unescape(answer(console(), f"/patterns/{LARGE.name}/{name}").text)
    assert f"<h1>{name}</h1>" in page
    assert "by the declaration" in page
    assert target is None or f"<dd>{target} (" in page
    assert " may dynamodb:" in page
    assert " may not dynamodb:" not in page


def test_the_list_has_all_patterns() -> None:
    page = answer(console(), "/patterns").text
    for pattern in LARGE.patterns:
        assert f'href="/patterns/{LARGE.name}/{pattern.name}"' in page


def test_the_statement_is_the_roles_own() -> None:
    page = html.unescape(answer(console(), f"/patterns/{LARGE.name}/{ORDER_BY_DAY.name}").text)
    assert "orders-api-local" in page
    assert "table/CustomerOrders-local/index/ByDay" in page
    # Given a role that lost the statement
    lost = platform()
    for function in lost.deployment.functions:
        function.statements = []
    page = html.unescape(answer(console(lost), f"/patterns/{LARGE.name}/{ORDER_BY_DAY.name}").text)
    assert "may not dynamodb:Query" in page


def test_a_transaction_needs_what_its_parts_need() -> None:
    page = html.unescape(answer(console(), f"/patterns/{LARGE.name}/{ORDER_MARKED.name}").text)
    for action in ("ConditionCheckItem", "UpdateItem", "PutItem"):
        assert f"may dynamodb:{action}" in page


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "by-name.name: has no value."),
        ({"name": "a", "timestamp.from": "1"}, "by-name.timestamp: has no value."),
        ({"name": "a", "timestamp.from": "x", "timestamp.to": "2"}, "'x' cannot be read"),
        ({"name": "a", "timestamp.from": "1", "timestamp.to": "2", "limit": "0"}, "limit"),
    ],
)
def test_values_that_cannot_be_asked_for_are_told_beside_the_form(
    values: dict[str, str], said: str
) -> None:
    path, query = asked(BY_NAME.name, values)
    page = answer(console(), path, params=query)
    text = html.unescape(page.text.replace("</strong>", "").replace("<strong>", ""))
    assert said in text
    assert 'name="timestamp.from"' in text
