"""Lists that an API answers page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from keyline.payload import MAX_PAYLOAD
from tests.support.systems import Answer


def pages(ask: Callable[[str], Answer], member: str, query: str = "") -> Iterator[list[Any]]:
    """Yield the items of each page of a list; every page but the last has some, and can be let out.

    Parameters
    ----------
    ask
        Calls the route with a query string.
    member
        What the answer calls its items.
    """
    asked = query
    while True:
        answer = ask(asked)
        assert answer.status == 200, answer.body
        assert answer.size <= MAX_PAYLOAD
        cursor = answer.body["cursor"]
        assert answer.body[member] or cursor is None
        yield answer.body[member]
        if cursor is None:
            return
        asked = f"{query}&cursor={cursor}"
