"""Each of the five causes sets off its alarm on the running platform, and the repair ends it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from keyline_deploy.project import ROOT
from keyline_ops.cli import app

if TYPE_CHECKING:
    from tests.support.platform import Running

# The most minutes until the alarm goes off, and from the repair until it is over: by the periods of
# the alarm, and one more that had begun.
LIMITS = {
    "throttle": (6, 8),
    "poison": (2, 2),
    "crash": (5, 6),
    "silence": (3 * 24 * 60, 24 * 60),
    "full-queue": (7 * 24 * 60 + 2, 2),
}


pytestmark = pytest.mark.xdist_group("memory")


@pytest.mark.parametrize("cause", LIMITS)
def test_an_alarm_goes_off_tells_and_ends(running: Running, cause: str) -> None:
    asked = ["alarms", "drill", cause, "--system", "memory", "--state", str(running.state)]
    done = CliRunner().invoke(app, [*asked, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    (seen,) = json.loads(done.stdout)
    fires, ends = LIMITS[cause]
    assert seen["fires_after"] <= fires
    assert seen["ends_after"] <= ends
    page, _, section = seen["runbook"].partition("#")
    assert section in headings(page)


def headings(page: str) -> set[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return {line[3:].lower().replace(" ", "-") for line in text.splitlines() if line[:3] == "## "}
