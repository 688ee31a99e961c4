"""Turns, each with a content of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from memory.tables import HISTORY
from tests.support.creations import Creations
from tests.support.served import Served
from tests.systems.memory.e2e.api import Api, fresh


@contextmanager
def creations(served: Served, clients: int) -> Iterator[Creations]:
    """Let each client be a user with a session."""
    users = [fresh() for _ in range(clients)]

    def kept() -> Counter[str]:
        items = served.items(HISTORY.physical_name("local"))
        return Counter(item["content"] for item in items if "content" in item)

    with Api(served) as api:

        def send(
            client: int, name: str, headers: Mapping[str, str] | None = None
        ) -> httpx.Response:
            body = {"session_id": "s", "turns": [{"role": "user", "content": name}]}
            token = api.token(users[client])
            return api.call("POST", "/interactions", token=token, json=body, headers=headers)

        yield Creations(send, kept)
