"""Pages of the console: a template, and headers that keep foreign content out."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import wraps
from http import HTTPStatus
from pathlib import Path
from typing import Any

import jinja2
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from keyline.errors import KeylineError
from keyline_ops.colours import TOKENS
from keyline_ops.console.confirmation import NotConfirmedError
from keyline_ops.words import count_of

View = Callable[[Request], Awaitable[Response]]

_FOLDER = Path(__file__).parent
_FILES = {
    path.name: path
    for path in (TOKENS, _FOLDER / "static/console.css", _FOLDER / "static/console.js")
}
_PARTS = {
    "/patterns": "Patterns",
    "/tables": "Tables",
    "/streams": "Streams",
    "/functions": "Functions",
    "/alarms": "Alarms",
    "/logs": "Logs",
}
"""The navigation."""
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
        " img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Pages:
    """Makes pages of templates. Whatever a template is given is text, not HTML."""

    def __init__(self) -> None:
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_FOLDER / "templates"),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=True,
        )
        self._templates.filters.update(
            pretty=pretty, figure=figure, units=units, moment=moment, clock=clock
        )
        self._templates.globals.update(parts=_PARTS, count_of=count_of)

    def page(
        self,
        name: str,
        request: Request,
        *,
        code: HTTPStatus = HTTPStatus.OK,
        **values: Any,
    ) -> Response:
        """Return the page that a template makes of values."""
        template = self._templates.get_template(f"{name}.html.jinja")
        text = template.render(here=request.url.path, query=request.query_params, **values)
        return HTMLResponse(text, code, headers=_HEADERS)

    def refusal(self, request: Request, error: KeylineError, status: HTTPStatus) -> Response:
        """Return the page that says what is wrong and what to do."""
        return self.page("refusal", request, code=status, error=error)

    def told(self, view: View) -> View:
        """Let a view's errors be pages."""

        @wraps(view)
        async def answer(request: Request) -> Response:
            try:
                return await view(request)
            except KeylineError as error:
                status = next((s for kind, s in _STATUS.items() if isinstance(error, kind)), None)
                return self.refusal(request, error, status or HTTPStatus.BAD_REQUEST)

        return answer

    def routes(self, views: Mapping[str, View], changes: Mapping[str, View]) -> Sequence[BaseRoute]:
        """Return the routes of views and of changes by their paths, and of all that is not there.

        Parameters
        ----------
        changes
            Views that change something: they are for POST alone.
        """
        return [
            Route("/_console/{name}", self._file),
            *(Route(path, self.told(view), methods=["POST"]) for path, view in changes.items()),
            *(Route(path, self.told(view), methods=["GET"]) for path, view in views.items()),
            Route("/{path:path}", self.told(_nothing), methods=["GET"]),
        ]

    async def _file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _FILES:
            return await self.told(_nothing)(request)
        return FileResponse(_FILES[name], headers={"Cache-Control": "no-cache"})


class NotFoundError(KeylineError):
    """The console has no such page."""


_STATUS = {NotFoundError: HTTPStatus.NOT_FOUND, NotConfirmedError: HTTPStatus.FORBIDDEN}


async def _nothing(request: Request) -> Response:
    raise NotFoundError(request.url.path, "is not a page of the console.", "Begin at the index.")


def pretty(value: Any) -> str:
    """Return JSON as people read it."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def figure(value: float) -> str:
    """Return a number with at most two decimals: `3.5`, `1,862`."""
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def units(value: float, kind: str) -> str:
    """Return a number of units of capacity: `3.5 read units`."""
    return f"{figure(value)} {kind} unit" + ("" if value == 1 else "s")


def clock(seconds: float) -> str:
    """Return the moment of epoch seconds in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z"


def moment(value: datetime | None) -> str:
    """Return a time with its zone, or nothing."""
    return "" if value is None else value.isoformat(sep=" ", timespec="seconds")


def number_of(request: Request, name: str, default: int, most: int) -> int:
    """Return a number that an address holds.

    Raises
    ------
    KeylineError
        If it is not a number from 1 to the most.
    """
    text = request.query_params.get(name, "")
    if not text:
        return default
    if text.isdecimal() and 1 <= int(text) <= most:
        return int(text)
    raise KeylineError(name, f"{text!r} is not a number from 1 to {most:,}.", "Correct it.")
