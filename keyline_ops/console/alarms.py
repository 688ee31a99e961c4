"""The view of the alarms: how each is now, why, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from keyline_local import Platform
from keyline_ops.console.pages import Pages, View

_ORDER = ("ALARM", "INSUFFICIENT_DATA", "OK")


@dataclass(frozen=True)
class AlarmViews:
    """The view of the alarms of the deployed templates."""

    pages: Pages
    platform: Platform

    def views(self) -> Mapping[str, View]:
        """Return the views by their paths."""
        return {"/alarms": self._all}

    async def _all(self, request: Request) -> Response:
        state = request.query_params.get("state", "")
        alarms = self.platform.alarms()
        counted = Counter(str(each.state) for each in alarms)
        shown = [each for each in alarms if state in ("", each.state)]
        return self.pages.page(
            "alarms",
            request,
            state=state,
            counted={each: counted[each] for each in _ORDER},
            alarms=sorted(shown, key=lambda each: _ORDER.index(each.state)),
            time=self.platform.status().time,
        )
