"""Each function's role is exactly what its handler does: nothing missing, nothing unused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

from interactions.system import SYSTEM
from tests.systems.interactions.on_engine import Mediphant


def interactions(mediphant: Mediphant) -> None:
    api = mediphant.app("interactions")
    session = api("POST /sessions").body["sessionId"]
    path = {"sessionId": session}
    api("POST /interactions", body={"medA": "a", "medB": "b", "sessionId": session})
    api("GET /sessions/{sessionId}/history", path)
    api("DELETE /sessions/{sessionId}/history", path)
    api("GET /sessions")
    api("GET /sessions/{sessionId}", path)
    api("GET /me")
    api("GET /rate-limit")
    api("GET /analytics/sessions/{sessionId}", path)


def faq(mediphant: Mediphant) -> None:
    api = mediphant.app("faq")
    api("GET /faq", query="q=dose")
    api("GET /faq/searches", query="day=2026-01-31")


def table_sizes(mediphant: Mediphant) -> None:
    mediphant.app("table-sizes").module.handler({}, None)


USES: Mapping[str, Callable[[Mediphant], None]] = {
    "interactions": interactions,
    "faq": faq,
    "table-sizes": table_sizes,
}


def test_every_function_is_among_them() -> None:
    assert set(USES) == {function.name for function in SYSTEM.functions}


@pytest.mark.requirement("M-63", "X-07")
@pytest.mark.parametrize("function", USES)
def test_what_a_function_asks_for_equals_what_its_role_grants(
    mediphant: Mediphant, function: str
) -> None:
    asked = mediphant.accesses()
    USES[function](mediphant)
    assert asked == SYSTEM.function(function).access


@pytest.mark.requirement("M-45")
def test_the_table_s_size_is_told_as_dynamodb_describes_it(
    mediphant: Mediphant, capsys: pytest.CaptureFixture[str]
) -> None:
    mediphant.check("ada", mediphant.history.open_session("ada"))
    module = mediphant.app("table-sizes").module
    capsys.readouterr()
    said = mediphant.dynamodb.describe_table(TableName=mediphant.table_name)["Table"]
    sizes = module.handler({}, None)["tables"]
    index = said["GlobalSecondaryIndexes"][0]["IndexSizeBytes"]
    assert sizes == {"mediphant-data": said["TableSizeBytes"] + index}
    told = capsys.readouterr().out
    assert '"TableSizeBytes"' in told
    assert '"IndexSizeBytes"' in told
    calls = [json.loads(line) for line in told.splitlines() if '"Pattern"' in line]
    assert calls
    assert all("Floor" in call for call in calls)  # a demo compares it with what was consumed
