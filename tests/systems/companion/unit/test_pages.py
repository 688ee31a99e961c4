"""Test that the page of the system has the computed costs, and each correction."""

from __future__ import annotations

import re

import pytest

from companion.tables import Assignment, Caregiver, DayCount, Log, Patient, Preferences
from keyline_deploy.project import ROOT
from keyline_ops.costs.figures import markdown
from keyline_ops.costs.prices import CURRENT
from keyline_ops.requirements.ledger import read
from keyline_ops.requirements.markers import proving_tests
from systems.companion import figures
from tests.support.verdicts import corrected, page_of

PAGE = page_of("companion", "cost")
LEDGER = read("companion", ROOT / "systems/companion/specification.md", ROOT)

CORRECTED = {
    *("B-06", "B-08", "B-15", "B-23", "B-24", "B-25", "B-26", "B-27", "B-28", "B-30", "B-49"),
    *("B-51", "B-57", "B-59", "B-62", "B-65", "B-66", "B-67", "B-72", "B-73"),
    *("B-74", "B-75", "B-76"),
    *("B-O2", "B-O4", "B-O5", "B-O6", "B-O7"),
}
"""The lines of the specification that are technically false."""


@pytest.mark.requirement("X-19")
def test_every_correction_of_the_specification_stands_on_the_page() -> None:
    assert "\n## What is asked, and what answers it\n" in page_of("companion", "README")
    assert corrected("companion") >= CORRECTED


@pytest.mark.requirement("B-53", "B-67", "B-68", "B-69", "B-73", "B-74", "X-15")
def test_the_page_shows_what_is_computed() -> None:
    assert markdown(figures.FIGURES) in PAGE, "Put the output of `keyline figures companion` there."
    assert figures.break_even(CURRENT) == pytest.approx(0.2889, abs=1e-4)
    assert figures.calls_usd(CURRENT) < 1
    lines = {"B-53", "B-67", "B-68", "B-69", "B-73", "B-74"}
    assert {each.line for each in figures.FIGURES} == lines


@pytest.mark.requirement("B-77")
def test_each_practice_names_lines_that_a_test_holds() -> None:
    named = set(re.findall(r"B-\d+", LEDGER.lines["B-77"].parts["Built"]))
    assert named == {"B-01", "B-03", "B-04", "B-08", "B-14", "B-25", "B-27", "B-50", "B-55", "B-71"}
    proving = proving_tests(ROOT)
    assert all(proving.get(line) for line in (*named, "B-26"))


@pytest.mark.requirement("B-O3")
def test_the_ledger_names_the_attributes_that_are_there_and_those_that_are_not() -> None:
    parts = LEDGER.lines["B-O3"].parts
    fields = {
        name
        for entity in (Caregiver, Preferences, Patient, Assignment, DayCount, Log)
        for name in entity.__struct_fields__
    }
    kept = {
        *("username", "caregiverId", "displayName", "level1Alerts", "updatedAt", "version"),
        *("lastConversationAt", "lastEscalationLevel", "lastModifiedBy", "isPrimary"),
        *("userUtterance", "assistantResponse", "intent", "repeatCount", "source"),
    }
    assert kept <= fields
    assert all(name in parts["Built"] for name in kept)
    gone = {"passwordHash", "phoneNumber", "level2Alerts", "birthdate", "patientSnapshot"}
    assert all(name in parts["In fact"] for name in gone)
    assert not gone & fields
