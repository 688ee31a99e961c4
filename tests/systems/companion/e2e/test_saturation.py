"""The API of the companion under more requests than it can answer at once."""

from __future__ import annotations

from collections import Counter

import httpx
import pytest

from tests.support.platform import Running
from tests.support.saturation import assert_saturated
from tests.systems.companion.e2e.api import Api, fresh

pytestmark = [pytest.mark.soak, pytest.mark.xdist_group("companion")]

PATIENTS = "BuddyPatients-local"


def test_patients_are_stored_once_at_saturation(api: Api, running: Running) -> None:
    caregiver = fresh()

    def send(client: int, name: str) -> httpx.Response:
        token = api.token(f"{caregiver}-{client}")
        return api.call("POST", "/patients", token=token, json={"preferredName": name})

    def kept() -> Counter[str]:
        items = running.items(PATIENTS)
        return Counter(item["preferredName"] for item in items if "preferredName" in item)

    assert_saturated(running, send, kept)
