"""The reports system on an engine, and the HTTP APIs of its functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reports.settings import Settings
from reports.system import SYSTEM
from tests.support.events import event
from tests.support.systems import Answer, HttpFunction, OnEngine

ACCESS = {"token_use": "access"}
"""What an access token says."""

__all__ = ["ACCESS", "Answer", "Api", "MakeReports", "Reports"]


class Reports(OnEngine[Settings]):
    """The reports system on an engine, with tables of its own."""

    system = SYSTEM

    def app(self, function: str, **environ: str) -> Api:
        """Return the HTTP API of a function, imported as in a new process of that function."""
        return Api(self.module(function, **environ))


class Api(HttpFunction):
    """The routes of one function."""

    def __call__(
        self,
        route: str,
        path: dict[str, str] | None = None,
        *,
        query: str = "",
        body: Any = None,
        user: str | None = "ada",
        claims: Mapping[str, str] | None = None,
        **raw: Any,
    ) -> Answer:
        """Call a route as a user with an access token, with further claims; or without a token."""
        all_claims = None if user is None else {"sub": user, **ACCESS, **(claims or {})}
        return self.answer(event(route, path, query, body, claims=all_claims, **raw))


MakeReports = Callable[..., Reports]
