"""The companion system with the tables of the synthesized template, new ones for each test."""

from __future__ import annotations

from companion.settings import Settings
from tests.support.systems import system_fixtures
from tests.systems.companion.on_engine import Companion

make_companion, companion = system_fixtures("companion", Companion, Settings)
