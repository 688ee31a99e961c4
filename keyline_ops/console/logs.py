"""The view of the logs: the last lines, of a function, of an API or of one request."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from keyline_local import Platform
from keyline_ops.console.pages import Pages, View, number_of

_LIMIT = 100
_MOST = 2_000


@dataclass(frozen=True)
class LogViews:
    """The view of what functions and APIs wrote since the start."""

    pages: Pages
    platform: Platform

    def views(self) -> Mapping[str, View]:
        """Return the views by their paths."""
        return {"/logs": self._lines}

    async def _lines(self, request: Request) -> Response:
        given = request.query_params
        source, id_, text = (given.get(name, "").strip() for name in ("source", "request", "text"))
        limit = number_of(request, "limit", _LIMIT, _MOST)
        known = self.platform.logs.lines
        passing = (
            line
            for line in known
            if source in ("", line.source)
            and (line.request_id or "").startswith(id_)
            and text.lower() in line.text.lower()
        )
        return self.pages.page(
            "logs",
            request,
            lines=[*deque(passing, maxlen=limit)],
            sources=sorted({line.source for line in known} | {source} - {""}),
            source=source,
            request_id=id_,
            text=text,
            limit=limit,
        )
