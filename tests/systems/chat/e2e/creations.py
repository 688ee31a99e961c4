"""Messages, each with a question of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from tests.support.creations import Creations
from tests.support.served import Served
from tests.systems.chat.e2e.api import Api, body, fresh_id, fresh_name
from tests.systems.chat.e2e.recount import MESSAGES


@contextmanager
def creations(served: Served, clients: int) -> Iterator[Creations]:
    """Let each client write into a conversation of its own."""
    module, paths = fresh_id(), [f"/conversations/{fresh_name()}/messages" for _ in range(clients)]

    def kept() -> Counter[str]:
        return Counter(item["question"] for item in served.items(MESSAGES))

    with Api(served) as api:

        def send(
            client: int, name: str, headers: Mapping[str, str] | None = None
        ) -> httpx.Response:
            message = body(moduleId=module, question=name)
            return api.call("POST", paths[client], json=message, headers=headers)

        yield Creations(send, kept)
