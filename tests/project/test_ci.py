"""CI runs what `make check` runs, holds no secrets, and deploys behind one gate per environment."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

WORKFLOWS = ("ci.yml", "deploy.yml", "deploy-environment.yml")


def workflow(root: Path, name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((root / ".github/workflows" / name).read_text())
    return loaded


def test_a_test_that_hangs_fails_with_the_stacks_of_all_threads(
    pytestconfig: pytest.Config,
) -> None:
    assert pytestconfig.getini("timeout") == "300"
    assert pytestconfig.getini("timeout_method") == "signal"


def commands(job: dict[str, Any]) -> str:
    return "\n".join(step.get("run", "") for step in job["steps"])


def test_the_workflows_follow_githubs_schema(root: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    files = [str(root / ".github/workflows" / name) for name in WORKFLOWS]
    done = subprocess.run([*command, "vendor.github-workflows", *files], capture_output=True)
    assert done.returncode == 0, done.stdout.decode()


@pytest.mark.requirement("X-09")
def test_ci_runs_every_part_of_make_check(root: Path) -> None:
    parts = re.search(r"^check: (.*?) ##", (root / "Makefile").read_text(), re.M)
    assert parts is not None
    run = commands(workflow(root, "ci.yml")["jobs"]["check"])
    local = (root / ".ci/run").read_text()
    assert {"lint", "types", "synth-all", "test"} <= set(parts[1].split())
    for part in parts[1].split():
        assert re.search(rf"make .*\b{part}\b", run), part
        assert part in local


@pytest.mark.requirement("X-09")
def test_every_environment_is_deployed_behind_its_own_gate_and_role(root: Path) -> None:
    jobs = workflow(root, "deploy.yml")["jobs"]
    assert [job["with"]["environment"] for job in jobs.values()] == ["dev", "staging", "prod"]
    assert [job.get("needs") for job in jobs.values()] == [None, "dev", "staging"]

    deploy = workflow(root, "deploy-environment.yml")
    job = deploy["jobs"]["deploy"]
    assert job["environment"] == "${{ inputs.environment }}"
    assert deploy["permissions"] == {"contents": "read", "id-token": "write"}
    roles = [s["with"]["role-to-assume"] for s in job["steps"] if "configure-aws" in str(s)]
    assert roles == ["${{ vars.AWS_ROLE_ARN }}"]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actions_are_pinned_and_no_secret_is_used(root: Path, name: str) -> None:
    text = (root / ".github/workflows" / name).read_text()
    assert "secrets." not in text
    for used in re.findall(r"uses: (\S+)", text):
        assert re.fullmatch(r"\./\S+|[\w-]+/[\w-]+@[0-9a-f]{40}", used), used
