"""Views of the streams: their last records, and what each consumer did with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from keyline_local import Platform
from keyline_ops.console.items import shown
from keyline_ops.console.pages import NotFoundError, Pages, View, number_of

_LIMIT = 25
_MOST = 200


@dataclass(frozen=True)
class StreamViews:
    """The views of the streams of tables."""

    pages: Pages
    platform: Platform

    def views(self) -> Mapping[str, View]:
        """Return the views by their paths."""
        return {"/streams": self._all, "/streams/{table}": self._one}

    async def _all(self, request: Request) -> Response:
        consumers = {name: self._consumers(name) for name in self._streamed()}
        return self.pages.page("streams", request, consumers=consumers)

    async def _one(self, request: Request) -> Response:
        table = request.path_params["table"]
        if table not in self._streamed():
            raise NotFoundError(table, "has no stream.", "Choose one of the list.")
        first = request.query_params.get("first")
        begin = number_of(request, "first", 1, 10**15) if first else None
        count = number_of(request, "limit", _LIMIT, _MOST)
        sources = self.platform.event_sources
        records = await sources.look(table, count, None if begin is None else str(begin))
        return self.pages.page(
            "stream",
            request,
            table=table,
            consumers=self._consumers(table),
            records=[*reversed(records)],
            image=lambda image: shown(image)[0],
            first=begin,
            older=_older(records[0]["dynamodb"]["SequenceNumber"], count) if records else None,
        )

    def _streamed(self) -> list[str]:
        tables = self.platform.deployment.tables
        specified = {each.name: each.create.get("StreamSpecification", {}) for each in tables}
        return [name for name, said in specified.items() if said.get("StreamEnabled")]

    def _consumers(self, table: str) -> list[object]:
        return [*self.platform.event_sources.consumers(table)]


def _older(first: str, count: int) -> int | None:
    """Return where the page of older records begins; None where there are none."""
    return max(int(first) - count, 1) if int(first) > 1 else None
