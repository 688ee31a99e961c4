"""The place where a function of the memory system runs, and its settings there."""

from __future__ import annotations

from keyline.run import from_environment
from memory.settings import Settings
from memory.system import SYSTEM

CONTEXT = from_environment(SYSTEM, Settings)
