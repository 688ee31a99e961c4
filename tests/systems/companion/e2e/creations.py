"""Patients, each with a name of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from tests.support.creations import Creations
from tests.support.served import Served
from tests.systems.companion.e2e.api import Caregiver, fresh

_PATIENTS = "BuddyPatients-local"


@contextmanager
def creations(served: Served, clients: int) -> Iterator[Creations]:
    """Let each client be a caregiver."""
    caregivers = [fresh() for _ in range(clients)]

    def kept() -> Counter[str]:
        items = served.items(_PATIENTS)
        return Counter(item["preferredName"] for item in items if "preferredName" in item)

    with Caregiver(served) as api:

        def send(
            client: int, name: str, headers: Mapping[str, str] | None = None
        ) -> httpx.Response:
            token, patient = api.token(caregivers[client]), {"preferredName": name}
            return api.call("POST", "/patients", token=token, json=patient, headers=headers)

        yield Creations(send, kept)
