"""What the pages of two systems say of costs and latencies is what is computed and measured."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest

from interactions.settings import Settings as InteractionsSettings
from interactions.tables import DATA
from keyline.run import Settings
from ops.costs import interactions, reports
from ops.costs.figures import Row, markdown
from ops.costs.prices import BEFORE, CURRENT
from ops.costs.units import call_units
from reports.patterns import EMBEDDING_BYTES, MODEL_VECTORS, REPORT_GET
from reports.system import SYSTEM

ROOT = Path(__file__).parents[3]
REPORTS = (ROOT / "docs/systems/reports.md").read_text(encoding="utf-8")
INTERACTIONS = (ROOT / "docs/systems/interactions.md").read_text(encoding="utf-8")
MEASURED = json.loads((ROOT / "benchmarks/results/reports_claims.json").read_text())
KINDS = ("measured on the local engine", "only on AWS", "computed")


def said(line: str, rows: list[Row], what: str) -> Row:
    return next(row for row in rows if row.line == line and row.what == what)


@pytest.mark.requirement("K-49", "K-50", "K-51", "K-52", "X-15")
def test_the_reports_page_shows_what_is_computed() -> None:
    assert reports.markdown() in REPORTS, "Put ops.costs.reports.markdown() into the page."
    rows = list(reports.rows())
    assert {row.line for row in rows} == {"K-49", "K-50", "K-51", "K-52"}
    assert said("K-49", rows, "a million reads").now == "$0.125"
    assert said("K-49", rows, "a million writes").now == "$0.625"
    assert said("K-49", rows, "a million writes").before == "$1.250"
    assert said("K-50", rows, "a gigabyte and month").now == "$0.25"
    assert said("K-51", rows, "free storage").verdict.startswith("right")
    assert said("K-51", rows, "free capacity").verdict.startswith("wrong")
    assert reports.writes_usd(BEFORE) == pytest.approx(2 * reports.writes_usd(CURRENT))
    assert reports.reads_usd(BEFORE) == pytest.approx(2 * reports.reads_usd(CURRENT))
    assert reports.idle_usd(CURRENT) == reports.idle_usd(BEFORE) > 0
    assert reports.stored_bytes() == 2 * 800


@pytest.mark.requirement("M-52", "M-53", "M-54", "M-55", "M-56", "X-15")
def test_the_interactions_page_shows_what_is_computed() -> None:
    assert interactions.markdown() in INTERACTIONS, "Put ops.costs.interactions.markdown() there."
    month = interactions.MONTH
    assert month.stored(1, 0) == pytest.approx(0.03072)
    assert month.stored() * CURRENT.storage == pytest.approx(0.01686)
    assert month.read * CURRENT.read_million / 1e6 == pytest.approx(0.005625)
    assert month.written * CURRENT.write_million / 1e6 == pytest.approx(0.0375)
    assert month.written * BEFORE.write_million / 1e6 == pytest.approx(0.075)
    assert month.usd(CURRENT) == pytest.approx(0.059985)
    assert {row.line for row in interactions.rows()} == {f"M-{n}" for n in range(52, 57)}
    # As built it is more than the specification's parts, and still far from its total.
    assert month.usd(CURRENT) < interactions.built().usd.least < 1.13 / 2


def test_what_the_application_gives_an_expiry_is_not_forecast_as_kept_for_a_year() -> None:
    settings = Settings(InteractionsSettings())
    days = {
        kind.shape.__name__: expiry.seconds / 86_400
        for kind in DATA.kinds
        if (expiry := settings.expiry(DATA, kind))
    }
    assert days == {"Check": 30, "Window": 1, "FaqSearch": 90, "Session": 30}
    (row,) = [row for row in interactions.built().tables if row.table == DATA.name]
    checks, cleared, searches, sessions = 30_000, 3_000, 3 * 3_000, 3_000
    windows, users = 63_000 / 30, 12 * 3_000  # if each request is of a client of its own
    assert row.items.least == checks + searches + sessions
    assert row.items.most == row.items.least + cleared + windows + users


@pytest.mark.requirement("K-41", "K-45", "K-46")
def test_the_measured_latencies_stand_on_the_page_with_their_machine() -> None:
    assert MEASURED["machine"] in REPORTS
    assert {claim["line"] for claim in MEASURED["claims"]} == {"K-41", "K-45", "K-46"}
    patterns = {pattern.name: pattern for pattern in SYSTEM.patterns}
    for claim in MEASURED["claims"]:
        row = (
            f"| {claim['line']} | {claim['what']} | {claim['claimed_ms']} ms | {claim['units']:g} "
            f"| {claim['p50_ms']} ms | {claim['p99_ms']} ms |"
        )
        assert row in REPORTS, "Put the results of benchmarks.reports_claims into the page."
        implied = call_units(patterns[claim["pattern"]], Settings(SYSTEM.settings()))
        assert implied.least <= claim["units"] <= implied.most


def verdicts_of(page: str, system: str) -> dict[str, str]:
    """The verdict on each promise of a specification, by its lines."""
    table = page.partition("## What the specification promises")[2].partition("\n\n")[2]
    row = rf"^\| ({system}-\d\d(?: to {system}-\d\d)?) \| .* \| (.*) \|$"
    return dict(re.findall(row, table.partition("\n\n")[0], re.M))


@pytest.mark.requirement("K-42", "K-48", "K-54")
def test_every_promise_of_reports_has_a_verdict_of_one_of_three_kinds() -> None:
    verdicts = verdicts_of(REPORTS, "K")
    lines = [f"K-{n}" for n in range(41, 49)]
    assert list(verdicts) == [*lines, "K-49 to K-52", "K-53", "K-54"]
    assert [verdict for verdict in verdicts.values() if not verdict.startswith(KINDS)] == []


@pytest.mark.requirement("M-57", "M-58", "M-59", "M-60", "M-61", "M-62")
def test_every_promise_of_interactions_has_a_verdict_of_one_of_three_kinds() -> None:
    verdicts = verdicts_of(INTERACTIONS, "M")
    assert list(verdicts) == [f"M-{n}" for n in range(57, 63)]
    assert [verdict for verdict in verdicts.values() if not verdict.startswith(KINDS)] == []


@pytest.mark.requirement("K-43", "K-46")
def test_the_figures_in_the_verdicts_follow_from_the_declaration() -> None:
    settings = Settings(SYSTEM.settings())
    assert REPORT_GET.consistent
    assert call_units(REPORT_GET, settings).most == 1.0
    requests = math.ceil(MODEL_VECTORS.items * EMBEDDING_BYTES / 2**20)
    assert (
        f"{MODEL_VECTORS.items:,.0f} vectors of {EMBEDDING_BYTES:,} B are {requests} requests"
        in REPORTS
    )


def test_a_column_of_verdicts_stands_only_where_there_are_some() -> None:
    plain = Row("X-1", "what", "said", "formula", "now", "before")
    assert markdown([plain]).splitlines()[1] == "|---|---|---|---|---|---|"
    judged = Row("X-2", "what", "said", "formula", "now", "before", "wrong")
    assert markdown([plain, judged]).splitlines()[2:] == [
        "| X-1 | what | said | formula | now | before |  |",
        "| X-2 | what | said | formula | now | before | wrong |",
    ]
