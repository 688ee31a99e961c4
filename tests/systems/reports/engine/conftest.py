"""An engine with the reports system's tables as the synthesized template has them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from reports.settings import Settings
from reports.system import SYSTEM
from tests.keyline.unit.http.events import event
from tests.support.systems import Answer, HttpFunction, OnEngine, definitions_of, fresh_tables

__all__ = ["Answer", "Api", "MakeReports", "Reports"]


@pytest.fixture(scope="session")
def definitions(local_assembly: Path) -> list[dict[str, Any]]:
    """CreateTable's parameters of the system's tables."""
    return definitions_of(SYSTEM, local_assembly)


class Reports(OnEngine[Settings]):
    """The reports system on an engine, with tables of its own."""

    system = SYSTEM

    def app(self, function: str, **environ: str) -> Api:
        """The HTTP API of a function, imported as in a new process of that function."""
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
        """Call a route as a user, with further claims; as None without a token."""
        all_claims = None if user is None else {"sub": user, **(claims or {})}
        return self.answer(event(route, path, query, body, claims=all_claims, **raw))


MakeReports = Callable[..., Reports]


@pytest.fixture
def make_reports(
    endpoint: str, definitions: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[MakeReports]:
    """Make the reports system on fresh tables, with some settings of its own."""
    with contextlib.ExitStack() as made:

        def make(**settings: Any) -> Reports:
            environment = made.enter_context(fresh_tables(endpoint, definitions))
            return Reports(endpoint, environment, msgspec.convert(settings, Settings), monkeypatch)

        yield make


@pytest.fixture
def reports(make_reports: MakeReports) -> Reports:
    """The reports system with default settings on fresh tables."""
    return make_reports()
