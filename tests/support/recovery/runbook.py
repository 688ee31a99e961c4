"""The steps of a runbook: its commands and settings, in the order in which they stand there."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

_BLOCK = re.compile(r"^```(toml)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TIME = "2026-01-31T10:00:00Z"
_STAMP = "20260131T100000Z"


@dataclass(frozen=True)
class RunbookStep:
    """A command, or settings of the environment's file; the other one is empty."""

    command: str = ""
    settings: str = ""

    def names(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """Return the names of tables that the settings say."""
        said: dict[str, Any] = tomllib.loads(self.settings)["tables"]["names"]
        return {s: {t: tuple(n) for t, n in tables.items()} for s, tables in said.items()}


def steps_of(page: Path, section: str, moment: datetime) -> list[RunbookStep]:
    """Return the steps of a section, with the time of the damage in the place of the example's."""
    text = page.read_text(encoding="utf-8")
    (body,) = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    body = body.replace(_TIME, f"{moment:%Y-%m-%dT%H:%M:%SZ}")
    body = body.replace(_STAMP, f"{moment:%Y%m%dT%H%M%SZ}")
    found: list[RunbookStep] = []
    for kind, block in _BLOCK.findall(body):
        if kind:
            found.append(RunbookStep(settings=block))
        else:
            found += [
                RunbookStep(command=line.split("  #")[0].strip()) for line in block.splitlines()
            ]
    return found
