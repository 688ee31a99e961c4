"""The specification's cost figures, computed again, and the page that shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyline_ops.costs.prices import BEFORE, CURRENT
from systems.chat.figures import (
    MODULE,
    PROVIDER,
    STUDENT,
    Month,
    markdown,
    report_units,
    rollup_units,
    rows,
)

PAGE = "systems/chat/README.md"


@pytest.mark.requirement("T-18", "T-52")
def test_storage_has_a_hundred_bytes_per_item_and_copy() -> None:
    assert Month(item_bytes=2_000).stored(overhead=0) * CURRENT.storage == pytest.approx(2.0)
    assert Month().stored() == pytest.approx(8.592)
    assert Month().stored(1) * CURRENT.storage == pytest.approx(0.537)


@pytest.mark.requirement("T-19", "T-33", "T-44")
def test_reads_are_half_units_of_four_kilobytes() -> None:
    month = Month()
    assert month.read(MODULE) == 250_000
    assert month.read(STUDENT) == 75_000
    assert month.read(PROVIDER) == 250_000
    assert month.read(MODULE) * CURRENT.read_million / 1e6 == pytest.approx(0.03125)
    assert month.read(STUDENT) * CURRENT.read_million / 1e6 == pytest.approx(0.009375)


@pytest.mark.requirement("T-20", "T-21", "T-33", "T-44")
def test_an_index_pays_two_units_for_each_message() -> None:
    month = Month()
    assert month.written(1) == 2e6
    assert month.written(1) * CURRENT.write_million / 1e6 == 1.25
    assert month.index_usd(MODULE) == pytest.approx(1.81825)
    assert month.index_usd(STUDENT) == pytest.approx(1.796375)
    assert month.index_usd(PROVIDER) == pytest.approx(1.81825)


@pytest.mark.requirement("T-45")
def test_the_month_at_both_prices() -> None:
    assert Month().usd() == pytest.approx(2.148 + 5.0 + 0.071875)
    assert Month().usd(BEFORE) == pytest.approx(2.148 + 10.0 + 0.14375)
    assert Month().recovery_usd() == pytest.approx(0.4296)


@pytest.mark.requirement("T-46")
def test_traffic_scales_and_stored_months_add_up() -> None:
    assert Month(messages=10e6).usd() == pytest.approx(10 * Month().usd())
    kept = Month(kept_months=12)
    assert kept.usd() - Month().usd() == pytest.approx(11 * 2.148)
    assert kept.stored() * CURRENT.storage == pytest.approx(25.776)


def test_larger_batches_write_less_for_each_message() -> None:
    assert rollup_units(1, 1, 1, 1) == 9
    assert rollup_units(100, 30, 4, 50) / 100 < rollup_units(4, 3, 2, 3) / 4 < 9


def test_a_report_from_totals_reads_a_hundredth_of_the_messages() -> None:
    assert report_units(30, 4, 20) < 10_000 * 2_048 / 4_096 / 2 / 100


@pytest.mark.requirement("X-19")
def test_the_page_shows_what_is_computed(root: Path) -> None:
    page = (root / PAGE).read_text(encoding="utf-8")
    assert markdown() in page, f"Put the output of systems.chat.figures.markdown() into {PAGE}."
    assert {row.line for row in rows()} >= {"T-18", "T-19", "T-20", "T-21", "T-33", "T-44"}
