"""The page of faults says what the kept results say, and these lost nothing."""

from __future__ import annotations

from keyline_deploy.systems import names
from tests.support.fault_page import KEPT, PAGE, page
from tests.support.fault_rates import trials
from tests.support.fault_rows import Kills, Load, Row, read


def test_the_page_is_that_of_the_kept_results() -> None:
    assert PAGE.read_text() == page(read(KEPT))


def test_the_results_have_every_system_fault_and_rate_and_lost_nothing() -> None:
    rows = read(KEPT)
    assert [row for row in rows if row.lost or row.doubled] == []
    faults = {(row.system, row.fault, row.rate) for row in rows if isinstance(row, Row)}
    wanted = {(s, trial.fault, trial.rate) for s in names() for trial in trials()}
    assert wanted <= faults
    kills = {row.system: row for row in rows if isinstance(row, Kills)}
    assert set(kills) == set(names())
    assert all(row.engine + row.functions + row.platform >= 95 for row in kills.values())
    loads = {row.system: row for row in rows if isinstance(row, Load)}
    assert set(loads) == set(names())
    assert all(row.errors == 0 and row.seconds >= 120 for row in loads.values())
