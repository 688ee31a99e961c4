"""Test what a turn reads of its patient: at the same time, from memory, and never what is old."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from companion.conversation import Contexts, UnknownUserError
from companion.patterns import ASSIGNMENT_GET, CAREGIVER_GET, PATIENT_PROFILE
from tests.systems.companion.on_engine import ALEXA_USER, Companion

PARALLEL = (PATIENT_PROFILE, ASSIGNMENT_GET, CAREGIVER_GET)


def reads(companion: Companion, contexts: Contexts) -> list[str]:
    """Return the calls of one context."""
    before = len(companion.meter.calls)
    contexts.get_patient_context(ALEXA_USER)
    return [call.pattern for call in companion.meter.calls[before:]]


@pytest.mark.requirement("B-17", "B-20")
def test_profile_assignment_and_caregiver_are_read_at_the_same_time(companion: Companion) -> None:
    """Each of the three reads waits until all three are under way."""
    companion.patient()
    together = threading.Barrier(len(PARALLEL), timeout=30)
    get = type(companion.store).get

    def waiting(store: Any, pattern: Any, /, **key: Any) -> Any:
        if pattern in PARALLEL:
            together.wait()
        return get(store, pattern, **key)

    companion.monkeypatch.setattr(type(companion.store), "get", waiting)
    found = Contexts(companion.store, companion.settings).get_patient_context(ALEXA_USER)
    assert found.profile.preferredName == "Ada"


@pytest.mark.requirement("B-55", "B-58")
def test_a_profile_is_kept_for_five_minutes(companion: Companion) -> None:
    companion.patient()
    now = 1_000.0
    contexts = Contexts(companion.store, companion.settings, clock=lambda: now)
    cold = reads(companion, contexts)
    assert sorted(cold) == sorted(
        ["alexa-user", "conversation-get", *(pattern.name for pattern in PARALLEL)]
    )
    now += 299.9
    assert reads(companion, contexts) == ["conversation-get"]
    now += 0.1
    assert sorted(reads(companion, contexts)) == sorted(cold)


@pytest.mark.requirement("B-57", "B-59")
def test_every_process_reads_a_profile_again_that_one_has_changed(companion: Companion) -> None:
    path = {"patientId": companion.patient()["patientId"]}
    processes = [Contexts(companion.store, companion.settings) for _ in range(2)]
    for contexts in processes:
        contexts.get_patient_context(ALEXA_USER)
    body = {"version": 1, "routines": [{"time": "08:00", "activity": "breakfast"}]}
    assert companion.call("PATCH /patients/{patientId}", path=path, body=body).status == 200
    for contexts in processes:
        (routine,) = contexts.get_patient_context(ALEXA_USER).profile.routines
        assert routine.activity == "breakfast"


@pytest.mark.requirement("B-09", "B-O4", "B-O5")
def test_a_user_whose_caregiver_is_gone_is_refused(companion: Companion) -> None:
    patient = companion.patient()
    contexts = Contexts(companion.store, companion.settings)
    contexts.get_patient_context(ALEXA_USER)
    path = {"patientId": patient["patientId"]}
    assert companion.call("DELETE /patients/{patientId}", path=path).status == 200
    with pytest.raises(UnknownUserError):
        contexts.get_patient_context(ALEXA_USER)
