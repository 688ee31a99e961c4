"""Profiles that instances share in a real redis: never an old one, and none that is needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from companion.conversation import Contexts, UnknownUserError, shared_profiles
from companion.settings import Settings
from keyline.cache import FAILURE, HIT, MISS
from tests.support.redis_server import RedisServer, running_redis
from tests.systems.companion.on_engine import ALEXA_USER, Companion

SECONDS = Settings().profile_seconds


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A redis of its own."""
    with running_redis() as running:
        yield running


@pytest.fixture
def seen() -> Counter[str]:
    """The hits, misses and failures of the cache."""
    return Counter()


def instance(companion: Companion, server: RedisServer, seen: Counter[str]) -> Contexts:
    """Return a new instance of the function."""
    settings = Settings(cache_url=server.url)
    count = seen.update
    return Contexts(
        companion.store, settings, shared_profiles(settings, lambda name: count([name]))
    )


def change(companion: Companion, patient: dict[str, Any]) -> None:
    body = {"version": 1, "medications": [{"name": "Xarelto", "dose": "10 milligrams"}]}
    path = {"patientId": patient["patientId"]}
    assert companion.call("PATCH /patients/{patientId}", path=path, body=body).status == 200


@pytest.mark.requirement("B-56", "B-58")
def test_another_instance_finds_a_profile_for_five_minutes(
    companion: Companion, server: RedisServer, seen: Counter[str]
) -> None:
    companion.patient(medications=[{"name": "Quinapril", "dose": "5 milligrams"}])
    first = instance(companion, server, seen).get_patient_context(ALEXA_USER)
    before = len(companion.meter.calls)
    second = instance(companion, server, seen).get_patient_context(ALEXA_USER)
    assert second.profile == first.profile
    assert "patient-profile" not in [call.pattern for call in companion.meter.calls[before:]]
    assert seen == {MISS: 1, HIT: 1}
    (key,) = server.direct.keys("companion:*")
    assert 0 < server.direct.ttl(key) <= SECONDS


@pytest.mark.requirement("B-57", "B-59")
def test_a_changed_profile_is_not_found_any_more(
    companion: Companion, server: RedisServer, seen: Counter[str]
) -> None:
    patient = companion.patient(medications=[{"name": "Quinapril", "dose": "5 milligrams"}])
    instance(companion, server, seen).get_patient_context(ALEXA_USER)
    change(companion, patient)
    found = instance(companion, server, seen).get_patient_context(ALEXA_USER)
    assert [each.name for each in found.profile.medications] == ["Xarelto"]
    path = {"patientId": patient["patientId"]}
    assert companion.call("DELETE /patients/{patientId}", path=path).status == 200
    with pytest.raises(UnknownUserError):
        instance(companion, server, seen).get_patient_context(ALEXA_USER)


@pytest.mark.requirement("B-56")
def test_a_redis_that_is_down_delays_no_patient(
    companion: Companion, server: RedisServer, seen: Counter[str]
) -> None:
    companion.patient()
    server.go_away()
    found = instance(companion, server, seen).get_patient_context(ALEXA_USER)
    assert found.profile.preferredName == "Ada"
    assert seen[FAILURE] >= 1


def test_without_a_redis_only_the_memory_of_the_instance_keeps_profiles() -> None:
    assert shared_profiles(Settings(), print) is None
