"""Test that the page of the system has the computed costs and the measured latencies."""

from __future__ import annotations

import json
import math

import pytest

from keyline.run import TableSettings
from keyline_deploy.project import ROOT
from keyline_ops.costs.figures import markdown
from keyline_ops.costs.prices import BEFORE, CURRENT
from keyline_ops.costs.units import call_units
from reports.patterns import EMBEDDING_BYTES, MODEL_VECTORS, REPORT_GET
from reports.system import SYSTEM
from systems.reports import figures
from tests.support.verdicts import KINDS, corrected, page_of, said, verdicts_of

COST, SPECIFICATION = (page_of("reports", name) for name in ("cost", "specification"))
MEASURED = json.loads((ROOT / "systems/reports/benchmarks/results/claims.json").read_text())

CORRECTED = {
    *("K-26", "K-31", "K-34", "K-35", "K-43", "K-44", "K-49", "K-51", "K-58", "K-65", "K-66"),
}
"""The lines of the specification that are technically false, but for sums of costs."""


@pytest.mark.requirement("X-19")
def test_every_correction_of_the_specification_stands_on_the_page() -> None:
    assert "\n## What is asked, and what answers it\n" in page_of("reports", "README")
    assert corrected("reports") >= CORRECTED


@pytest.mark.requirement("K-49", "K-50", "K-51", "K-52", "X-15")
def test_the_reports_page_shows_what_is_computed() -> None:
    rows = figures.FIGURES
    assert markdown(rows) in COST, "Put the output of `keyline figures reports` into the page."
    assert {row.line for row in rows} == {"K-49", "K-50", "K-51", "K-52"}
    assert said("K-49", rows, "a million reads").now == "$0.125"
    assert said("K-49", rows, "a million writes").now == "$0.625"
    assert said("K-49", rows, "a million writes").before == "$1.250"
    assert said("K-50", rows, "a gigabyte and month").now == "$0.25"
    assert said("K-51", rows, "free storage").verdict.startswith("right")
    assert said("K-51", rows, "free capacity").verdict.startswith("wrong")
    assert figures.writes_usd(BEFORE) == pytest.approx(2 * figures.writes_usd(CURRENT))
    assert figures.reads_usd(BEFORE) == pytest.approx(2 * figures.reads_usd(CURRENT))
    assert figures.idle_usd(CURRENT) == figures.idle_usd(BEFORE) > 0
    assert figures.STORED_BYTES == 2 * 800


@pytest.mark.requirement("K-41", "K-45", "K-46")
def test_the_measured_latencies_stand_on_the_page_with_their_machine() -> None:
    assert MEASURED["machine"] in SPECIFICATION
    assert {claim["line"] for claim in MEASURED["claims"]} == {"K-41", "K-45", "K-46"}
    patterns = {pattern.name: pattern for pattern in SYSTEM.patterns}
    for claim in MEASURED["claims"]:
        row = (
            f"| {claim['line']} | {claim['what']} | {claim['claimed_ms']} ms | {claim['units']:g} "
            f"| {claim['p50_ms']} ms | {claim['p99_ms']} ms |"
        )
        assert row in SPECIFICATION, (
            "Put the results of systems.reports.benchmarks.claims into the page."
        )
        implied = call_units(patterns[claim["pattern"]], TableSettings(SYSTEM.settings()))
        assert implied.least <= claim["units"] <= implied.most


@pytest.mark.requirement("K-42", "K-48", "K-54")
def test_every_promise_of_reports_has_a_verdict_of_one_of_three_kinds() -> None:
    verdicts = verdicts_of(SPECIFICATION, "K")
    lines = [f"K-{n}" for n in range(41, 49)]
    assert list(verdicts) == [*lines, "K-49 to K-52", "K-53", "K-54"]
    assert [verdict for verdict in verdicts.values() if not verdict.startswith(KINDS)] == []


@pytest.mark.requirement("K-43", "K-46")
def test_the_figures_in_the_verdicts_follow_from_the_declaration() -> None:
    settings = TableSettings(SYSTEM.settings())
    assert REPORT_GET.consistent
    assert call_units(REPORT_GET, settings).most == 1.0
    requests = math.ceil(MODEL_VECTORS.items * EMBEDDING_BYTES / 2**20)
    assert (
        f"{MODEL_VECTORS.items:,.0f} vectors of {EMBEDDING_BYTES:,} B are {requests} requests"
        in SPECIFICATION
    )
