"""Checks, each of a medicine of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

import httpx

from tests.support.creations import Creations
from tests.support.served import Served
from tests.systems.interactions.e2e.api import Api, of_kind


@contextmanager
def creations(served: Served, clients: int) -> Iterator[Creations]:
    """Let each client call from an address of its own: requests of one address are limited."""

    def kept() -> Counter[str]:
        return Counter(item["Data"]["medB"] for item in of_kind(served, "QUERY"))

    with ExitStack() as stack:
        addresses = [f"127.0.1.{number + 1}" for number in range(clients)]
        apis = [stack.enter_context(Api(served, address)) for address in addresses]
        sessions = [api.open() for api in apis]

        def send(
            client: int, name: str, headers: Mapping[str, str] | None = None
        ) -> httpx.Response:
            return apis[client].send(sessions[client], "warfarin", name, headers=headers)

        yield Creations(send, kept)
