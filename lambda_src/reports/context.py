"""The place where a function of the reports system runs, and its settings there."""

from __future__ import annotations

from keyline.run import from_environment
from reports.settings import Settings
from reports.system import SYSTEM

CONTEXT = from_environment(SYSTEM, Settings)
