"""Where a function of the reports system runs: its environment and its settings, typed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import cast

from keyline.run import from_environment
from reports.settings import Settings
from reports.system import SYSTEM


@dataclass(frozen=True)
class ReportsContext:
    """Where a function runs.

    Attributes
    ----------
    environment
        `dev`, `staging`, `prod` or `local`.
    token_use
        What the claim `token_use` of every token has to be: `access` where a user pool issues
        them, from REPORTS_TOKEN_USE. Empty where the claim may be absent.
    """

    environment: str
    settings: Settings
    token_use: str = ""


def _read() -> ReportsContext:
    context = from_environment(SYSTEM)
    return ReportsContext(
        context.environment,
        cast("Settings", context.settings),
        os.environ.get("REPORTS_TOKEN_USE", ""),
    )


CONTEXT = _read()
