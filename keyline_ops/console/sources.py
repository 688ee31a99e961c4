"""Views of the project's files that other views link to: tests, documents, code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from keyline_ops.console.pages import NotFoundError, Pages, View
from keyline_ops.site.shown import numbered

_FOLDERS = ("docs", "lambda_src", "systems", "tests")
_SUFFIXES = (".json", ".md", ".py", ".toml")


@dataclass(frozen=True)
class SourceViews:
    """The views of files."""

    pages: Pages
    root: Path

    def views(self) -> Mapping[str, View]:
        """Return the views by their paths."""
        return {"/source/{path:path}": self._file}

    async def _file(self, request: Request) -> Response:
        path = request.path_params["path"]
        file = (self.root / path).resolve()
        if not self._is_shown(file):
            raise NotFoundError(path, "is not a file that is shown.", "Follow a link of a page.")
        return self.pages.page("source", request, path=path, numbered=numbered(file))

    def _is_shown(self, file: Path) -> bool:
        folders = (self.root.resolve() / folder for folder in _FOLDERS)
        return (
            any(file.is_relative_to(folder) for folder in folders)
            and file.suffix in _SUFFIXES
            and file.is_file()
        )
