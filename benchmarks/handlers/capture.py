"""The events that the journeys of all systems bring to each function, and its variables."""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psutil
from rich.console import Console

from keyline_deploy.environment import load
from keyline_deploy.project import ROOT
from keyline_local import Platform, Ports
from keyline_ops.demo.options import Options
from keyline_ops.demo.tour import ENVIRONMENT, Tour
from keyline_ops.running import local_ports
from keyline_ops.synth import assembly_folder, bring_up_to_date

_NAME = "AWS_LAMBDA_FUNCTION_NAME"
Event = dict[str, Any]


@dataclass
class Captured:
    """The events and the variables of a function.

    Attributes
    ----------
    environ
        The variables of its processes.
    events
        By what they ask for, such as a route.
    """

    environ: Mapping[str, str]
    events: dict[str, list[Event]] = field(default_factory=dict)

    def candidates(self) -> list[tuple[str, Event]]:
        """Return the last and the first event of each kind, those of the most frequent kind first.

        The last request of a journey may be one that is refused; the first one is not.
        """
        by_number = sorted(self.events.items(), key=lambda pair: -len(pair[1]))
        return [
            (kind, event) for kind, events in by_number for event in events[-1:] + events[:-1][:1]
        ]


def kind_of(event: Event) -> str:
    """Name what an event asks for: a route, the records of a stream, or a schedule."""
    if "routeKey" in event:
        return str(event["routeKey"])
    if "httpMethod" in event:
        return f"{event['httpMethod']} {event['resource']}"
    if "Records" in event:
        return "a batch of a stream"
    request = event.get("request")
    if isinstance(request, dict):
        return str(request.get("intent", {}).get("name") or request.get("type"))
    return "a schedule"


@asynccontextmanager
async def journeys_made() -> AsyncIterator[tuple[Path, dict[str, Captured]]]:
    """Yield the engine's file after the journeys of all systems, and what each function got.

    The platform goes on running. The functions are named as they are deployed.
    """
    seen: dict[str, Captured] = {}
    environment, assembly = load(ENVIRONMENT), assembly_folder(ENVIRONMENT)
    await bring_up_to_date(ENVIRONMENT, assembly)
    with tempfile.TemporaryDirectory(prefix="keyline-handlers-") as state:
        options = Options(None, None, Path(state), True, False, True, True, False, False)
        platform = Platform(
            root=ROOT,
            assembly=assembly,
            state=Path(state),
            fresh=True,
            ports=Ports(),
            declared=local_ports(environment),
        )
        async with platform:
            invoke = platform.functions.invoke

            async def noting(name: str, payload: bytes, **more: Any) -> Any:
                done = await invoke(name, payload, **more)
                function = name.rpartition(":")[2]
                if function not in seen and (environ := _environ(function)):
                    seen[function] = Captured(environ)
                if function in seen and done.function_error is None:
                    event = json.loads(payload or b"{}")
                    seen[function].events.setdefault(kind_of(event), []).append(event)
                return done

            with patch.object(platform.functions, "invoke", noting):
                await Tour.of(options, environment).take(platform, Console(stderr=True))
            yield Path(state, "engine.db"), seen


def _environ(function: str) -> Mapping[str, str] | None:
    for process in psutil.Process().children(recursive=True):
        try:
            environ: dict[str, str] = process.environ()
        except psutil.Error:
            continue
        if environ.get(_NAME) == function:
            return environ
    return None
