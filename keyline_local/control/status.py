"""What a running platform says of itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from keyline_local.triggers.event_source import MappingStatus


@dataclass(frozen=True, kw_only=True)
class ApiStatus:
    """An HTTP API.

    Attributes
    ----------
    url
        Where its routes begin.
    pages
        The addresses of the pages beside it, such as `docs`, by their names.
    """

    name: str
    title: str
    url: str
    pages: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Status:
    """What runs, and where.

    Attributes
    ----------
    engine, aws
        Addresses of the engine and of the other AWS APIs.
    streams
        How each stream consumer fares.
    schedules
        When each rule is due next, by name; None if never again.
    """

    apis: Sequence[ApiStatus]
    engine: str
    aws: str
    tables: Sequence[str]
    functions: Sequence[str]
    streams: Sequence[MappingStatus]
    schedules: Mapping[str, datetime | None]

    def as_json(self) -> dict[str, Any]:
        """The same as `keyline status` prints it."""
        return {
            "apis": {api.name: api.url for api in self.apis},
            "engine": self.engine,
            "aws": self.aws,
            "tables": list(self.tables),
            "functions": list(self.functions),
            "streams": [dataclasses.asdict(stream) for stream in self.streams],
            "schedules": {
                name: at.isoformat() if at else None for name, at in self.schedules.items()
            },
        }
