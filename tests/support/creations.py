"""Requests of a system that create something of a name each, and what is stored of them.

`tests/systems/<system>/e2e/creations.py` has those of a system, as `creations`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

import httpx

from tests.support.served import Served


class Send(Protocol):
    """Sends a client's request that creates something of a name; 201 acknowledges it."""

    def __call__(
        self, client: int, name: str, headers: Mapping[str, str] | None = None
    ) -> httpx.Response: ...


@dataclass(frozen=True)
class Creations:
    """The requests of a system's clients.

    Attributes
    ----------
    kept
        Returns how often each name is stored.
    """

    send: Send
    kept: Callable[[], Counter[str]]


class MakeCreations(Protocol):
    """Makes the requests of so many clients; their connections are open until its end."""

    def __call__(self, served: Served, clients: int) -> AbstractContextManager[Creations]: ...


def creations_of(system: str) -> MakeCreations:
    """Return what makes the requests of a system."""
    made: MakeCreations = import_module(f"tests.systems.{system}.e2e.creations").creations
    return made
