"""Alerts after any history of deliveries, failures and processes that end."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import Literal, get_args

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from companion.alerts import TAKE_OVER_SECONDS, AlertPendingError, Alerts
from companion.tables import Log
from tests.systems.companion.on_engine import Companion

Event = Literal["delivered", "refused", "ends before", "ends ahead", "ends after", "later"]
"""What happens when an alert is told: SNS takes it or refuses it, or the process ends before or
after SNS has taken it. Or its clock is ahead, and it ends before. Or time goes by."""
AHEAD = 3_600.0
"""Seconds that the clock of a process may be ahead."""
CAREGIVERS = ("carer", "helper")


class EndedError(BaseException):
    """The process has ended: no code of its own runs any more."""


class Publisher:
    """Publishes as an event says."""

    def __init__(self) -> None:
        self.event: Event = "delivered"
        self.told = Counter[str]()

    def publish(self, patient_id: str, caregiver_id: str, level: int, moment: str) -> None:
        if self.event == "refused":
            raise TimeoutError
        if self.event in ("ends before", "ends ahead"):
            raise EndedError
        self.told[caregiver_id] += 1
        if self.event == "ends after":
            raise EndedError


@pytest.mark.requirement("B-61", "B-64")
def test_each_caregiver_is_told_once_but_where_a_process_ended_after_it_told(
    companion: Companion,
) -> None:
    patient = companion.patient()
    companion.assign(patient, "helper")
    numbers = iter(range(10_000))

    @settings(
        max_examples=40,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        st.lists(
            st.sampled_from(get_args(Event)),
            max_size=8,
        )
    )
    @example(["ends ahead"])
    @example(["ends ahead", "delivered"])
    def holds(history: list[Event]) -> None:
        log = Log(
            patientId=patient["patientId"],
            timestamp=f"2026-01-31T10:00:00.000Z#{next(numbers)}",
            userUtterance="",
            assistantResponse="",
            intent="",
            escalationLevel=2,
        )
        publisher, now = Publisher(), 1_000.0
        alerts = Alerts(
            companion.store,
            publisher,
            lambda: now + (AHEAD if publisher.event == "ends ahead" else 0),
        )
        for event in [*history, "later", "delivered"]:
            if event == "later":
                now += TAKE_OVER_SECONDS + 1
                continue
            publisher.event = event
            with contextlib.suppress(TimeoutError, EndedError, AlertPendingError):
                alerts.tell(log)
        ended = history.count("ends after")
        assert set(publisher.told) == set(CAREGIVERS)
        assert publisher.told.total() <= len(CAREGIVERS) + ended
        publisher.event = "delivered"
        assert alerts.tell(log) == 0

    holds()
