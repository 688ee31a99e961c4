"""The request that tries a system: a read that its API document shows an example of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from keyline.errors import KeylineError
from keyline.model import System
from keyline_deploy.project import ROOT


@dataclass(frozen=True)
class SmokeRequest:
    """A GET request of a system.

    Attributes
    ----------
    path
        With its parameters, as the API document's examples have them.
    """

    system: str
    path: str


def smoke_requests(systems: Iterable[System], root: Path = ROOT) -> list[SmokeRequest]:
    """Return a request of each system that has an API.

    Raises
    ------
    KeylineError
        If a system has an API, and no read whose parameters have examples.
    """
    return [
        _request(system.name, root / "systems" / system.name / "openapi.json")
        for system in systems
        if any(function.routes for function in system.functions)
    ]


def _request(system: str, document: Path) -> SmokeRequest:
    paths = json.loads(document.read_text(encoding="utf-8"))["paths"]
    found = sorted(_reads(paths), key=lambda read: (len(read[1]), read[0]))
    if not found:
        raise KeylineError(
            f"system {system}",
            "has no GET route whose parameters have examples.",
            "Give each parameter of one route an example, and run `make docs`.",
        )
    path, needed = found[0]
    query = {}
    for parameter in needed:
        name, value = parameter["name"], str(_example(parameter))
        if parameter["in"] == "path":
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        else:
            query[name] = value
    return SmokeRequest(system, f"{path}?{urlencode(query)}" if query else path)


def _reads(paths: Mapping[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the paths of GET routes with the parameters that a request needs."""
    for path, operations in paths.items():
        if "get" in operations:
            needed = [p for p in operations["get"].get("parameters", []) if p.get("required")]
            if all(_example(parameter) is not None for parameter in needed):
                yield path, needed


def _example(parameter: Mapping[str, Any]) -> Any:
    schema = parameter.get("schema", {})
    listed = schema.get("examples") or [schema.get("example")]
    return parameter.get("example", listed[0])
