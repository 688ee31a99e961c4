"""The interactions system with the tables of the synthesized template, new ones for each test."""

from __future__ import annotations

from interactions.settings import Settings
from tests.support.systems import system_fixtures
from tests.systems.interactions.on_engine import Mediphant

make_mediphant, mediphant = system_fixtures("mediphant", Mediphant, Settings)
