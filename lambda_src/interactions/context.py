"""The place where a function of the interactions system runs, and its settings there."""

from __future__ import annotations

from interactions.settings import Settings
from interactions.system import SYSTEM
from keyline.run import from_environment

CONTEXT = from_environment(SYSTEM, Settings)
