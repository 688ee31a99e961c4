"""The API of interactions under more requests than it can answer at once."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack

import httpx
import pytest

from tests.support.platform import Running
from tests.support.saturation import CLIENTS, assert_saturated
from tests.systems.interactions.e2e.api import Api, of_kind

pytestmark = [pytest.mark.soak, pytest.mark.xdist_group("interactions")]


def test_checks_are_stored_once_at_saturation(running: Running) -> None:
    # Each client has an address of its own: requests of one address are limited.
    with ExitStack() as stack:
        addresses = [f"127.0.1.{number + 1}" for number in range(CLIENTS)]
        clients = [stack.enter_context(Api(running, address)) for address in addresses]
        sessions = [client.open() for client in clients]

        def send(client: int, name: str) -> httpx.Response:
            return clients[client].send(sessions[client], "warfarin", name)

        def kept() -> Counter[str]:
            return Counter(item["Data"]["medB"] for item in of_kind(running, "QUERY"))

        assert_saturated(running, send, kept)
