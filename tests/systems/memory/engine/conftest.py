"""The memory system with the tables of the synthesized template, new ones for each test."""

from __future__ import annotations

import pytest

from memory.settings import Settings
from tests.support.systems import system_fixtures
from tests.systems.memory.on_engine import MakeMemory, Memory

make_memory, _ = system_fixtures("memory", Memory, Settings)


@pytest.fixture
def memory(make_memory: MakeMemory) -> Memory:
    """The system on new tables, with vectors that need no AWS."""
    return make_memory(embeddings="offline")
