"""Each test of the companion system is scanned for words that must not be written."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from tests.systems.companion import secrets


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that wrote what a patient said, a name, a medicine or a token."""
    report = yield
    leaks = secrets.found(report.capstdout + report.capstderr + report.caplog)
    if leaks and report.passed:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} wrote what must not be written: {leaks}"
    return report
