"""Views of the access patterns: what each asks, and a form that carries it out."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from keyline.errors import KeylineError
from keyline.model import Check, Pattern, System
from keyline.run import TableSettings
from keyline_deploy.environment import Environment
from keyline_local import Platform
from keyline_ops.console.calls import Called, Caller
from keyline_ops.console.confirmation import FIELD, Confirmation
from keyline_ops.console.examples import examples
from keyline_ops.console.forms import Given, call_of, fields
from keyline_ops.console.items import Items
from keyline_ops.console.pages import NotFoundError, Pages, View, number_of
from keyline_ops.console.permissions import permissions
from keyline_ops.costs.units import call_units
from keyline_ops.docs import condition_of, operation_of, rate_of
from keyline_ops.requirements.patterns import PatternTests

_LIMIT = 20
_MOST = 200
_KEPT = 50
"""Writes whose answers are kept."""
_OTHER_FIELDS = frozenset({"run", "limit", "cursor"})


@dataclass(frozen=True)
class Written:
    """A write that was made here, and what it took."""

    system: System
    pattern: Pattern[Any]
    called: Called


@dataclass(frozen=True)
class PatternViews:
    """The views of the patterns of systems."""

    pages: Pages
    platform: Platform
    environment: Environment
    systems: Sequence[System]
    caller: Caller
    items: Items
    root: Path
    confirmation: Confirmation = field(default_factory=Confirmation)
    written: dict[str, Written] = field(default_factory=dict)

    def views(self) -> Mapping[str, View]:
        """Return the views by their paths."""
        one = "/patterns/{system}/{pattern}"
        return {"/patterns": self._all, one: self._one, "/writes/{id}": self._written}

    def changes(self) -> Mapping[str, View]:
        """Return what changes something, by its path."""
        return {"/patterns/{system}/{pattern}": self._write}

    async def _all(self, request: Request) -> Response:
        return self.pages.page("patterns", request, systems=self.systems)

    async def _one(self, request: Request) -> Response:
        system, pattern = self._found(request)
        given = dict(request.query_params)
        called, preview, error = None, None, None
        try:
            limit = number_of(request, "limit", _LIMIT, _MOST)
            if "run" in given:
                call = call_of(pattern, given, limit)
                if pattern.writes:
                    preview = await asyncio.to_thread(self.caller.preview, system, call)
                else:
                    called = await asyncio.to_thread(self.caller.call, system, call)
        except KeylineError as refused:
            error = refused
        settings = self.environment.settings(system.name, system.settings)
        deployment = self.platform.deployment
        values = _values(given)
        return self.pages.page(
            "pattern",
            request,
            system=system,
            pattern=pattern,
            operation=operation_of(pattern).replace("`", ""),
            condition=condition_of(pattern),
            rate=rate_of(pattern, system),
            units_of_call=call_units(pattern, TableSettings(settings)),
            index=pattern.table.index(pattern.index_name) if pattern.index_name else None,
            permissions=list(permissions(pattern, system, self.environment, deployment)),
            tests=PatternTests(system, self.root).of(pattern),
            is_called=not isinstance(pattern, Check),
            fields=fields(pattern, given),
            examples=await asyncio.to_thread(self._examples, system, pattern),
            limit=given.get("limit", str(_LIMIT)),
            called=called,
            preview=preview,
            values=values,
            mark=self.confirmation.mark(request.url.path, values),
            error=error,
            next_page=_next_page(given, called),
        )

    async def _write(self, request: Request) -> Response:
        """Make a write that was confirmed, and lead to its answer."""
        system, pattern = self._found(request)
        sent = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        mark = sent.pop(FIELD, "")
        self.confirmation.check(request, sent, mark)
        call = call_of(pattern, sent, _LIMIT)
        called = await asyncio.to_thread(self.caller.call, system, call)
        id_ = secrets.token_hex(4)
        self.written[id_] = Written(system, pattern, called)
        while len(self.written) > _KEPT:
            del self.written[next(iter(self.written))]
        return RedirectResponse(f"/writes/{id_}", HTTPStatus.SEE_OTHER)

    async def _written(self, request: Request) -> Response:
        id_ = request.path_params["id"]
        if id_ not in self.written:
            raise NotFoundError(
                id_,
                "is not a write that is still known.",
                "Look at the item, and fill in the form again.",
            )
        written = self.written[id_]
        return self.pages.page(
            "written",
            request,
            system=written.system,
            pattern=written.pattern,
            called=written.called,
            next_page=None,
        )

    def _found(self, request: Request) -> tuple[System, Pattern[Any]]:
        asked = request.path_params
        for system in self.systems:
            for pattern in system.patterns:
                if (system.name, pattern.name) == (asked["system"], asked["pattern"]):
                    return system, pattern
        raise NotFoundError(
            f"{asked['system']}/{asked['pattern']}",
            "is not a pattern of a system.",
            "Choose one of the list.",
        )

    def _examples(self, system: System, pattern: Pattern[Any]) -> list[tuple[str, str]]:
        """Return values of items that are there: as text, and as an address."""
        name = self.environment.table_name(system.name, pattern.table)
        return [
            (", ".join(f"{key} = {value}" for key, value in found.items()), "?" + urlencode(found))
            for found in examples(pattern, name, self.items)
        ]


def _values(given: Given) -> dict[str, str]:
    """Return the values of a write without what the page itself adds."""
    return {name: text for name, text in given.items() if name not in _OTHER_FIELDS}


def _next_page(given: Given, called: Called | None) -> str | None:
    """Return the address of the next page; None if there is none."""
    if called is None or called.cursor is None:
        return None
    return "?" + urlencode({**given, "cursor": called.cursor})
