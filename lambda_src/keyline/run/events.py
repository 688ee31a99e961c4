"""The events of botocore, and whether other code listens to them."""

from __future__ import annotations

from typing import Any

from botocore.hooks import HierarchicalEmitter


class Handlers(HierarchicalEmitter):  # type: ignore[misc] # botocore has no types
    """The events of a session and its client, and how many handlers were registered for them.

    Attributes
    ----------
    registered
        The number of registrations. A client has a copy of its session's events; both count here.
    """

    def __init__(self) -> None:
        super().__init__()
        self._count = [0]

    @property
    def registered(self) -> int:
        return self._count[0]

    def register(self, *said: Any, **more: Any) -> None:
        self._count[0] += 1
        super().register(*said, **more)

    def register_first(self, *said: Any, **more: Any) -> None:
        self._count[0] += 1
        super().register_first(*said, **more)

    def register_last(self, *said: Any, **more: Any) -> None:
        self._count[0] += 1
        super().register_last(*said, **more)
