"""The console whole: the routes of all views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from keyline.model import System
from keyline_deploy.environment import Environment, load
from keyline_deploy.project import ROOT
from keyline_deploy.systems import systems
from keyline_local import Platform
from keyline_ops.console.calls import Caller
from keyline_ops.console.catalogue import entries, found
from keyline_ops.console.functions import FunctionViews
from keyline_ops.console.pages import Pages
from keyline_ops.console.patterns import PatternViews
from keyline_ops.console.sources import SourceViews
from keyline_ops.deployed import Deployed


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
        caller = Caller(Deployed(self.environment, self.platform.endpoints.engine))

        async def index(request: Request) -> Response:
            return pages.page("index", request, status=self.platform.status())

        async def search(request: Request) -> Response:
            words = request.query_params.get("q", "").strip()
            hits = found(words, entries(self.platform, self.systems))
            return pages.page("search", request, words=words, found=hits)

        patterns = PatternViews(
            pages, self.platform, self.environment, self.systems, caller, self.root
        )
        functions = FunctionViews(pages, self.platform, self.systems)
        sources = SourceViews(pages, self.root)
        return pages.routes(
            {
                "/": index,
                "/search": search,
                **patterns.views(),
                **functions.views(),
                **sources.views(),
            }
        )
