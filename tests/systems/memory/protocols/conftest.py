"""The memory system with the tables of the synthesized template, new ones for each test."""

from __future__ import annotations

from memory.settings import Settings
from tests.support.systems import system_fixtures
from tests.systems.memory.on_engine import Memory

make_memory, memory = system_fixtures("memory", Memory, Settings)
