"""The API of memory under more requests than it can answer at once."""

from __future__ import annotations

from collections import Counter

import httpx
import pytest

from memory.tables import HISTORY
from tests.support.platform import Running
from tests.support.saturation import assert_saturated
from tests.systems.memory.e2e.api import Api, fresh

pytestmark = [pytest.mark.soak, pytest.mark.xdist_group("memory")]


def test_turns_are_stored_once_at_saturation(api: Api, running: Running) -> None:
    user = fresh()

    def send(client: int, name: str) -> httpx.Response:
        body = {"session_id": f"s-{client}", "turns": [{"role": "user", "content": name}]}
        return api.call("POST", "/interactions", token=api.token(f"{user}-{client}"), json=body)

    def kept() -> Counter[str]:
        items = running.items(HISTORY.physical_name("local"))
        return Counter(item["content"] for item in items if "content" in item)

    assert_saturated(running, send, kept)
