"""The reports system with the tables of the synthesized template, new ones for each test."""

from __future__ import annotations

from reports.settings import Settings
from tests.support.systems import system_fixtures
from tests.systems.reports.on_engine import Reports

make_reports, reports = system_fixtures("reports", Reports, Settings)
