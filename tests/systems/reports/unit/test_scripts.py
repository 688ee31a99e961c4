"""The scripts that the specification names, with the system as it ships."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyline_deploy import environment
from keyline_deploy.systems import names
from tests.support.scripts import Script

POOL = "us-east-1_AbCdEfGhI"


@pytest.mark.requirement("K-36")
def test_the_pool_of_the_command_line_is_that_of_the_system(root: Path, tmp_path: Path) -> None:
    deploy = Script(root, tmp_path, "deploy.sh")
    done = deploy("--environment", "dev", "--user-pool-id", POOL)
    assert (done.returncode, done.stderr) == (0, "")
    arguments = f"CDK_ARGS=-c user_pool_id={POOL}"
    assert deploy.asked == [["--no-print-directory", "deploy", "ENV=dev", arguments]]


@pytest.mark.requirement("K-40")
def test_the_address_of_the_api_is_said(root: Path, tmp_path: Path) -> None:
    done = Script(root, tmp_path, "dev.sh")("FRESH=1")
    assert done.returncode == 0
    assert environment.load("local").api_ports(names())["reports"] == 3001
    assert "  reports: http://localhost:3001" in done.stdout.splitlines()
