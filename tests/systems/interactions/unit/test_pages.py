"""Test that what the page of the system says of costs is what is computed."""

from __future__ import annotations

import pytest

from interactions.settings import Settings as InteractionsSettings
from interactions.tables import DATA
from keyline.run import TableSettings
from keyline_ops.costs.figures import markdown
from keyline_ops.costs.prices import BEFORE, CURRENT
from systems.interactions import figures
from tests.support.verdicts import KINDS, corrected, page_of, verdicts_of

COST, SPECIFICATION = (page_of("interactions", name) for name in ("cost", "specification"))

CORRECTED = {"M-11", "M-19", "M-23", "M-34", "M-45", "M-51"}
"""The lines of the specification that are technically false, but for sums of costs."""


@pytest.mark.requirement("X-19")
def test_every_correction_of_the_specification_stands_on_the_page() -> None:
    assert "\n## What is asked, and what answers it\n" in page_of("interactions", "README")
    assert corrected("interactions") >= CORRECTED


@pytest.mark.requirement("M-52", "M-53", "M-54", "M-55", "M-56", "X-15")
def test_the_interactions_page_shows_what_is_computed() -> None:
    text = markdown(figures.FIGURES)
    assert text in COST, "Put the output of `keyline figures interactions` there."
    assert figures.formula_storage_usd(CURRENT) == pytest.approx(0.03072 * CURRENT.storage)
    assert figures.storage_usd(CURRENT) == pytest.approx(0.01686)
    assert figures.reads_usd(CURRENT) == pytest.approx(0.005625)
    assert figures.writes_usd(CURRENT) == pytest.approx(0.0375)
    assert figures.writes_usd(BEFORE) == pytest.approx(0.075)
    assert figures.parts_usd(CURRENT) == pytest.approx(0.059985)
    assert {each.line for each in figures.FIGURES} == {f"M-{n}" for n in range(52, 57)}
    # As built it is more than the specification's parts, and still far from its total.
    assert figures.parts_usd(CURRENT) < figures.built().usd.least < 1.13 / 2


def test_what_the_application_gives_an_expiry_is_not_forecast_as_kept_for_a_year() -> None:
    settings = TableSettings(InteractionsSettings())
    days = {
        kind.shape.__name__: expiry.seconds / 86_400
        for kind in DATA.kinds
        if (expiry := settings.expiry(DATA, kind))
    }
    assert days == {
        **{"Check": 30, "Window": 1, "FaqSearch": 90, "Session": 30},
        "Reservation": 1,
    }
    (row,) = [row for row in figures.built().tables if row.table == DATA.name]
    checks, cleared, searches, sessions = 30_000, 3_000, 3 * 3_000, 3_000
    windows, users = 63_000 / 30, 12 * 3_000  # if each request is of a client of its own
    assert row.items.least == checks + searches + sessions
    assert row.items.most == row.items.least + cleared + windows + users


@pytest.mark.requirement("M-57", "M-58", "M-59", "M-60", "M-61", "M-62")
def test_every_promise_of_interactions_has_a_verdict_of_one_of_three_kinds() -> None:
    verdicts = verdicts_of(SPECIFICATION, "M")
    assert list(verdicts) == [f"M-{n}" for n in range(57, 63)]
    assert [verdict for verdict in verdicts.values() if not verdict.startswith(KINDS)] == []
