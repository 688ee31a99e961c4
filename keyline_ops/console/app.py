"""The console whole: the routes of all views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from keyline.model import System
from keyline_deploy.environment import Environment, load
from keyline_deploy.project import ROOT
from keyline_deploy.systems import systems
from keyline_local import Platform
from keyline_ops.console.alarms import AlarmViews
from keyline_ops.console.calls import Caller
from keyline_ops.console.catalogue import entries, found
from keyline_ops.console.functions import FunctionViews
from keyline_ops.console.items import Items
from keyline_ops.console.logs import LogViews
from keyline_ops.console.pages import Pages, View
from keyline_ops.console.patterns import PatternViews
from keyline_ops.console.sources import SourceViews
from keyline_ops.console.streams import StreamViews
from keyline_ops.console.tables import TableViews
from keyline_ops.deployed import Deployed


class Viewed(Protocol):
    """A part of the console."""

    def views(self) -> Mapping[str, View]:
        """Return the views by their paths."""


def console_pages(platform: Platform) -> Sequence[BaseRoute]:
    """Make the console of this project, for `Platform(front_pages=...)`."""
    environment = load(platform.deployment.environment)
    return Console(platform, environment, systems(), ROOT).routes()


@dataclass(frozen=True)
class Console:
    """The console of a platform.

    Parameters
    ----------
    systems
        The declarations of what runs.
    root
        The project.
    """

    platform: Platform
    environment: Environment
    systems: Sequence[System]
    root: Path

    def routes(self) -> Sequence[BaseRoute]:
        """Return the routes of all views."""
        pages = Pages()
        deployed = Deployed(self.environment, self.platform.endpoints.engine)

        async def index(request: Request) -> Response:
            status = self.platform.status()
            return pages.page(
                "index", request, status=status, alarms=status.alarms, systems=self.systems
            )

        async def search(request: Request) -> Response:
            words = request.query_params.get("q", "").strip()
            hits = found(words, entries(self.platform, self.systems))
            return pages.page("search", request, words=words, found=hits)

        items = Items(deployed)
        patterns = PatternViews(
            pages, self.platform, self.environment, self.systems, Caller(deployed), items, self.root
        )
        parts: Sequence[Viewed] = (
            patterns,
            TableViews(pages, self.platform, items),
            StreamViews(pages, self.platform),
            FunctionViews(pages, self.platform, self.systems),
            AlarmViews(pages, self.platform),
            LogViews(pages, self.platform),
            SourceViews(pages, self.root),
        )
        views = {path: view for part in parts for path, view in part.views().items()}
        return pages.routes({"/": index, "/search": search, **views}, patterns.changes())
