"""The promise of companion to a request with a key, while its calls fail."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest

from tests.support.fault_rates import assert_kept
from tests.support.faults import fault_proxy
from tests.support.systems import Answer
from tests.systems.companion.on_engine import Companion

pytestmark = [pytest.mark.soak, pytest.mark.usefixtures("no_sleep", "no_wait")]


@dataclass
class Patients:
    """Patients, each with a name and a caregiver of its own."""

    companion: Companion
    behind: Companion
    system = "companion"

    def send(self, name: str) -> Answer:
        headers = {"content-type": "application/json", "idempotency-key": f'"{name}"'}
        body = {"preferredName": name}
        return self.behind.call("POST /patients", f"of-{name}", body=body, headers=headers)

    def kept(self) -> Counter[str]:
        rows = self.companion.stored("BuddyPatients")
        return Counter(row["preferredName"]["S"] for row in rows if "preferredName" in row)


def test_no_patient_is_lost_or_doubled(companion: Companion) -> None:
    with fault_proxy(companion.endpoint) as proxy:
        behind = Companion(
            proxy.url, companion.environment, companion.settings, companion.monkeypatch
        )
        assert_kept(Patients(companion, behind), proxy)
