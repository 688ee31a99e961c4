"""The code that functions run, kept as its sources are.

The functions of a system share an asset. One refresh at a time writes its files: a slower one
that has read older sources would put them back under an environment that has just started.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from keyline_local.host.tasks import begin
from keyline_local.lambdas.file_events import FileEvents
from keyline_local.lambdas.sources import Sources

Refresh = Callable[[Path, Sequence[Path]], object]
"""Brings an asset's folder up to date with its sources. The function is called in a thread."""


class Asset:
    """The code of some functions.

    Attributes
    ----------
    version
        How often the code has changed.
    """

    def __init__(
        self, code: Path, sources: Sequence[Path], refresh: Refresh, events: FileEvents
    ) -> None:
        self.version = 0
        self._code = code
        self._sources = Sources(sources, events)
        self._refresh = refresh
        self._refreshing = asyncio.Lock()
        self._under_way: set[asyncio.Task[str | None]] = set()

    async def refresh_if_changed(self) -> str | None:
        """Bring the code up to date if a source has changed.

        A refresh goes on where its caller is cancelled: its thread writes until it ends, and the
        next refresh waits for it.

        Returns
        -------
        str or None
            Why the sources could not be bundled. The sources are tried again next time.
        """
        if not self._sources.changed():
            return None
        return await asyncio.shield(begin(self._under_way, self._refresh_alone()))

    async def _refresh_alone(self) -> str | None:
        async with self._refreshing:
            if not self._sources.changed():
                return None
            state = self._sources.scan()
            try:
                await asyncio.to_thread(self._refresh, self._code, self._sources.roots)
            except Exception as error:  # noqa: BLE001 - whatever bundling raises is reported
                return f"the changed sources could not be bundled: {error}"
            self._sources.accept(state)
            self.version += 1
        return None
