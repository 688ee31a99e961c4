"""The parts of the platform, which are started and stopped."""

from __future__ import annotations

from typing import Protocol, Self


class Part(Protocol):
    """A part of the platform. As a context manager it runs within the block."""

    async def start(self) -> None:
        """Start it; it serves when this returns."""

    async def stop(self) -> None:
        """Stop it, also where its start failed half-way."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
