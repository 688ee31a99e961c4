"""The consumption of each pattern in a demonstration, kept beside its system."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import msgspec

from keyline_deploy.project import ROOT
from keyline_deploy.systems import folder


class Measured(msgspec.Struct, kw_only=True):
    """The consumption of all calls of a pattern on the embedded engine.

    Attributes
    ----------
    calls, items
        How many calls there were, and how many items they were about.
    read_units, write_units
        The units that DynamoDB's API reported, those of indexes included.
    floor
        The units that the sizes of the items imply.
    p50, p99
        Milliseconds on the machine that measured. The times are not those of DynamoDB.
    """

    calls: int
    items: int
    read_units: float
    write_units: float
    floor: float
    p50: float
    p99: float


def path_of(system: str, root: Path = ROOT) -> Path:
    """Return where the figures of a system are."""
    return folder(system, root) / "measured.json"


def read(system: str, root: Path = ROOT) -> Mapping[str, Measured]:
    """Return the figures of a system by pattern; none if nothing was measured."""
    path = path_of(system, root)
    if not path.exists():
        return {}
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Measured])


def keep(report: Path, root: Path = ROOT) -> list[Path]:
    """Take the figures of each system from the report of a demonstration, and return the files."""
    rows = json.loads(report.read_text(encoding="utf-8"))["patterns"]
    changed = []
    for system in dict.fromkeys(row["system"] for row in rows):
        own = {
            row["pattern"]: msgspec.convert(row, Measured)
            for row in rows
            if row["system"] == system and row["calls"]
        }
        text = msgspec.json.format(msgspec.json.encode(own), indent=1).decode() + "\n"
        path_of(system, root).write_text(text, encoding="utf-8")
        changed.append(path_of(system, root))
    return changed
