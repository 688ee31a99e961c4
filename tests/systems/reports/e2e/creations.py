"""Reports, each with a title of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from tests.support.creations import Creations
from tests.support.served import Served
from tests.systems.reports.e2e.api import REPORTS, Api, fresh


@contextmanager
def creations(served: Served, clients: int) -> Iterator[Creations]:
    """Let each client be a user."""
    users = [fresh() for _ in range(clients)]

    def kept() -> Counter[str]:
        return Counter(item["title"] for item in served.items(REPORTS))

    with Api(served) as api:

        def send(
            client: int, name: str, headers: Mapping[str, str] | None = None
        ) -> httpx.Response:
            token, report = api.user(users[client]), {"title": name}
            return api.call("POST", "/reports", token=token, json=report, headers=headers)

        yield Creations(send, kept)
