"""Checks of medicines and FAQ searches: what the interactions system's demonstration sends."""

from __future__ import annotations

from dataclasses import dataclass

from keyline_ops.demo.draws import draws

USERS = 10
CHECKS = 180
MEDICINES = (
    "warfarin",
    "ibuprofen",
    "aspirin",
    "paracetamol",
    "metformin",
    "lisinopril",
    "simvastatin",
    "amoxicillin",
    "sertraline",
    "omeprazole",
)
QUESTIONS = (
    "what if I missed a dose",
    "can I take medicines with food",
    "how do I store tablets",
    "medication adherence",
    "alcohol and medicines",
    "what does an interaction mean",
)


@dataclass(frozen=True)
class WantedCheck:
    """Two medicines that a user asks about."""

    user: str
    first: str
    second: str


def checks() -> list[WantedCheck]:
    """Return invented checks in the order they are sent; they are the same at every run."""
    found = []
    for number in range(CHECKS):
        drawn = draws("check", number)
        first, second = drawn.sample(MEDICINES, 2)
        found.append(WantedCheck(f"patient-{drawn.randint(1, USERS):02}", first, second))
    return found
