"""The place where a function of the companion system runs, and its settings there."""

from __future__ import annotations

from companion.settings import Settings
from companion.system import SYSTEM
from keyline.run import from_environment

CONTEXT = from_environment(SYSTEM, Settings)
