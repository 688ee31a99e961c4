"""Views of the access patterns: what each asks, and a form that carries it out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from keyline.errors import KeylineError
from keyline.model import Get, Pattern, Query, System
from keyline.run import TableSettings
from keyline_deploy.environment import Environment
from keyline_local import Platform
from keyline_ops.console.calls import Called, Caller
from keyline_ops.console.pages import NotFoundError, Pages, View
from keyline_ops.console.permissions import permissions
from keyline_ops.costs.units import call_units
from keyline_ops.docs import condition_of, operation_of, rate_of
from keyline_ops.querying.pattern import Readable, Text, type_of, typed
from keyline_ops.requirements.patterns import PatternTests

_LIMIT = 20
_MOST = 200


@dataclass(frozen=True)
class Field:
    """A field of a form.

    Attributes
    ----------
    name
        As the address has it.
    label
        As a person reads it.
    kind
        The type of its value.
    """

    name: str
    label: str
    kind: str
    text: str


@dataclass(frozen=True)
class PatternViews:
    """The views of the patterns of systems."""

    pages: Pages
    platform: Platform
    environment: Environment
    systems: Sequence[System]
    caller: Caller
    root: Path

    def views(self) -> Mapping[str, View]:
        """Return the views by their paths."""
        return {"/patterns": self._all, "/patterns/{system}/{pattern}": self._one}

    async def _all(self, request: Request) -> Response:
        return self.pages.page("patterns", request, systems=self.systems)

    async def _one(self, request: Request) -> Response:
        system, pattern = self._found(request)
        given = request.query_params
        read = Readable(system, pattern) if isinstance(pattern, Get | Query) else None
        called, error = None, None
        if read and "run" in given:
            try:
                called = await asyncio.to_thread(self._read, read, given)
            except KeylineError as refused:
                error = refused
        settings = self.environment.settings(system.name, system.settings)
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
            permissions=list(
                permissions(pattern, system, self.environment, self.platform.deployment)
            ),
            tests=PatternTests(system, self.root).of(pattern),
            fields=_fields(read, given) if read else None,
            limit=given.get("limit", str(_LIMIT)),
            called=called,
            error=error,
            next_page=_next_page(given, called),
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

    def _read(self, read: Readable, given: QueryParams) -> Called:
        values = typed(read, _texts(read, given))
        return self.caller.read(read, values, _limit(given), given.get("cursor"))


def _fields(read: Readable, given: QueryParams) -> list[Field]:
    return [
        Field(name, label, _kind(type_of(read, parameter)), given.get(name, ""))
        for parameter in read.pattern.parameters
        for name, label in _names(read, parameter)
    ]


def _names(read: Readable, parameter: str) -> list[tuple[str, str]]:
    if parameter not in read.ranges:
        return [(parameter, parameter)]
    return [(f"{parameter}.from", f"{parameter} from"), (f"{parameter}.to", f"{parameter} to")]


def _texts(read: Readable, given: QueryParams) -> dict[str, Text]:
    texts: dict[str, Text] = {}
    for parameter in read.pattern.parameters:
        found = [given.get(name, "") for name, _ in _names(read, parameter)]
        if "" in found:
            raise KeylineError(
                f"{read.pattern.name}.{parameter}", "has no value.", "Fill in all fields."
            )
        texts[parameter] = (found[0], found[1]) if len(found) == 2 else found[0]
    return texts


def _limit(given: QueryParams) -> int:
    text = given.get("limit", str(_LIMIT))
    if text.isdecimal() and 1 <= int(text) <= _MOST:
        return int(text)
    raise KeylineError("limit", f"{text!r} is not a limit.", f"Take 1 to {_MOST}.")


def _kind(type_: Any) -> str:
    return getattr(type_, "__name__", str(type_))


def _next_page(given: QueryParams, called: Called | None) -> str | None:
    """Return the address of the next page; None if there is none."""
    if called is None or called.cursor is None:
        return None
    kept = [(name, value) for name, value in given.multi_items() if name != "cursor"]
    return "?" + urlencode([*kept, ("cursor", called.cursor)])
