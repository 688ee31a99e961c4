"""The specification's cost figures, computed again, and the page that shows them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from keyline_ops.cli import app
from keyline_ops.costs.figures import markdown
from keyline_ops.costs.prices import BEFORE, CURRENT
from systems.chat.figures import (
    COPIES,
    FIGURES,
    FORMULA_GB,
    MODULE,
    PROVIDER,
    STUDENT,
    copy_usd,
    copy_writes_usd,
    index_usd,
    month_usd,
    read,
    reads_usd,
    recovery_usd,
    report_units,
    rollup_units,
    stored_gb,
    written,
)

PAGE = "systems/chat/cost.md"


@pytest.mark.requirement("T-18", "T-52")
def test_storage_has_a_hundred_bytes_per_item_and_copy() -> None:
    assert FORMULA_GB * CURRENT.storage == pytest.approx(2.0)
    assert stored_gb() == pytest.approx(8.592)
    assert copy_usd(CURRENT) == pytest.approx(0.537)


@pytest.mark.requirement("T-19", "T-33", "T-44")
def test_reads_are_half_units_of_four_kilobytes() -> None:
    assert read(*MODULE) == 250_000
    assert read(*STUDENT) == 75_000
    assert read(*PROVIDER) == 250_000
    assert reads_usd(MODULE, CURRENT) == pytest.approx(0.03125)
    assert reads_usd(STUDENT, CURRENT) == pytest.approx(0.009375)


@pytest.mark.requirement("T-20", "T-21", "T-33", "T-44")
def test_an_index_pays_two_units_for_each_message() -> None:
    assert written() / COPIES == 2e6
    assert copy_writes_usd(CURRENT) == 1.25
    assert index_usd(MODULE, CURRENT) == pytest.approx(1.81825)
    assert index_usd(STUDENT, CURRENT) == pytest.approx(1.796375)
    assert index_usd(PROVIDER, CURRENT) == pytest.approx(1.81825)


@pytest.mark.requirement("T-45")
def test_the_month_at_both_prices() -> None:
    assert month_usd(CURRENT) == pytest.approx(2.148 + 5.0 + 0.071875)
    assert month_usd(BEFORE) == pytest.approx(2.148 + 10.0 + 0.14375)
    assert recovery_usd(CURRENT) == pytest.approx(0.4296)


@pytest.mark.requirement("T-46")
def test_traffic_scales_and_stored_months_add_up() -> None:
    assert month_usd(CURRENT, millions=10) == pytest.approx(10 * month_usd(CURRENT))
    kept = month_usd(CURRENT, months=12)
    assert kept - month_usd(CURRENT) == pytest.approx(11 * 2.148)
    assert stored_gb(months=12) * CURRENT.storage == pytest.approx(25.776)


def test_larger_batches_write_less_for_each_message() -> None:
    assert rollup_units(1, 1, 1, 1) == 9
    assert rollup_units(100, 30, 4, 50) / 100 < rollup_units(4, 3, 2, 3) / 4 < 9


def test_a_report_from_totals_reads_a_hundredth_of_the_messages() -> None:
    assert report_units(30, 4, 20) < 10_000 * 2_048 / 4_096 / 2 / 100


@pytest.mark.requirement("X-19")
def test_the_page_shows_what_is_computed(root: Path) -> None:
    page = (root / PAGE).read_text(encoding="utf-8")
    assert markdown(FIGURES) in page, f"Put the output of `keyline figures chat` into {PAGE}."
    assert {each.line for each in FIGURES} >= {"T-18", "T-19", "T-20", "T-21", "T-33", "T-44"}


@pytest.mark.requirement("X-15")
def test_the_command_forecasts_what_a_message_costs() -> None:
    asked = ["cost", "chat", "--dynamodb"]
    said = CliRunner().invoke(app, [*asked, "--stored", "ChatMessages=1000000"])
    assert said.exit_code == 0, said.output
    assert "message-create" in said.output
    (document,) = json.loads(CliRunner().invoke(app, [*asked, "--json"]).output)
    rows = {row["pattern"]: row for row in document["patterns"]}
    assert rows["message-create"]["units_per_call"] == {"least": 6.0, "most": 8.0}
