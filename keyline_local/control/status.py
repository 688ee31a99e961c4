"""The state of a running platform, in its own words."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from keyline_local.services.faults import Fault
from keyline_local.services.live_alarms import LiveAlarm
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
    """The parts that run, and their addresses.

    Attributes
    ----------
    engine, aws
        Addresses of the engine and of the other AWS APIs.
    streams
        How each stream consumer fares.
    schedules
        When each rule is due next, by name; None if never again.
    time, ahead
        The platform's time, and how many seconds it is ahead of the machine's.
    alarms
        The alarms that are on.
    faults
        What goes wrong on purpose.
    """

    apis: Sequence[ApiStatus]
    engine: str
    aws: str
    tables: Sequence[str]
    functions: Sequence[str]
    streams: Sequence[MappingStatus]
    schedules: Mapping[str, datetime | None]
    time: datetime
    ahead: float
    alarms: Sequence[LiveAlarm]
    faults: Sequence[Fault]

    def as_json(self) -> dict[str, Any]:
        """Return the status as `keyline status` prints it."""
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
            "time": self.time.isoformat(),
            "ahead": self.ahead,
            "alarms": [alarm_json(alarm) for alarm in self.alarms],
            "faults": [fault_json(fault) for fault in self.faults],
        }


def alarm_json(alarm: LiveAlarm) -> dict[str, Any]:
    """Return an alarm as JSON has it."""
    since, told = alarm.since, alarm.told
    return {
        **dataclasses.asdict(alarm),
        "since": since and since.isoformat(),
        "told": told and told.isoformat(),
    }


def fault_json(fault: Fault) -> dict[str, Any]:
    """Return a fault as JSON has it."""
    until = datetime.fromtimestamp(fault.until, UTC)
    return {**dataclasses.asdict(fault), "until": until.isoformat()}
