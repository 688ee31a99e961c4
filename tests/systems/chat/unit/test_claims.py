"""Test what the system's page says of claimed latencies: as measured, and as the sizes imply."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from chat.patterns import MESSAGE_BYTES
from keyline.model import read_units
from keyline_deploy.project import ROOT

PAGE = (ROOT / "systems/chat/specification.md").read_text(encoding="utf-8")
MEASURED = {
    claim["line"]: claim
    for claim in json.loads((ROOT / "systems/chat/benchmarks/results/claims.json").read_text())
}
PAGE_BYTES = 1024 * 1024  # of one Query's answer


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(line, marks=pytest.mark.requirement(line), id=line)
        for line in ("T-15", "T-31", "T-41")
    ],
)
def test_requests_and_units_follow_from_the_sizes_and_stand_on_the_page(line: str) -> None:
    claim: dict[str, Any] = MEASURED[line]
    size = claim["items"] * MESSAGE_BYTES
    assert claim["pages"] == math.ceil(size / PAGE_BYTES)
    assert claim["read_units"] == read_units(size)
    row = (
        f"| {line} | {claim['what']} | {claim['claimed_ms']} ms | {claim['pages']} "
        f"| {claim['read_units']:,.0f} | {claim['milliseconds']:,.0f} ms |"
    )
    assert row in PAGE
