"""One platform for all tests of the memory system in a worker, and a client of it."""

from __future__ import annotations

from tests.support.platform import platform_fixtures
from tests.support.synthesized import linked
from tests.systems.memory.e2e.api import Api

running, api = platform_fixtures("memory", Api, linked)
