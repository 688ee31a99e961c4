"""CI runs what `make check` runs, holds no secrets, and deploys behind one gate per environment."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.support.workflows import workflow

WORKFLOWS = ("bench.yml", "ci.yml", "deploy.yml", "deploy-environment.yml")
READ_BY_GITHUB = {
    "github-workflows": tuple(f"workflows/{name}" for name in WORKFLOWS),
    "dependabot": ("dependabot.yml",),
    "github-issue-config": ("ISSUE_TEMPLATE/config.yml",),
    "github-issue-forms": ("ISSUE_TEMPLATE/bug.yml", "ISSUE_TEMPLATE/feature.yml"),
}
"""The files in .github, by the schema that they follow."""


def test_a_test_that_hangs_fails_with_the_stacks_of_all_threads(
    pytestconfig: pytest.Config,
) -> None:
    assert pytestconfig.getini("timeout") == "300"
    assert pytestconfig.getini("timeout_method") == "signal"


def commands(job: dict[str, Any]) -> str:
    return "\n".join(step.get("run", "") for step in job["steps"])


@pytest.mark.parametrize("schema", READ_BY_GITHUB)
def test_what_github_reads_follows_its_schema(root: Path, schema: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    files = [str(root / ".github" / name) for name in READ_BY_GITHUB[schema]]
    done = subprocess.run([*command, *files], capture_output=True)
    assert done.returncode == 0, done.stdout.decode()


def test_make_checks_all_that_github_reads(root: Path) -> None:
    recipe = re.search(r"^workflows: .*\n((?:\t.*\n)+)", (root / "Makefile").read_text(), re.M)
    assert recipe is not None
    assert set(re.findall(r"--builtin-schema vendor\.(\S+)", recipe[1])) == set(READ_BY_GITHUB)
    there = {file.relative_to(root / ".github") for file in (root / ".github").rglob("*.yml")}
    assert there == {Path(name) for names in READ_BY_GITHUB.values() for name in names}


@pytest.mark.requirement("X-09")
def test_ci_runs_every_part_of_make_check(root: Path) -> None:
    parts = re.search(r"^check: (.*?) ##", (root / "Makefile").read_text(), re.M)
    assert parts is not None
    jobs = workflow(root, "ci.yml")["jobs"]
    run = "\n".join(commands(job) for job in jobs.values() if "steps" in job)
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
    deploying = "./.github/workflows/deploy-environment.yml"
    assert {job["uses"] for job in jobs.values()} == {deploying}

    job = workflow(root, "deploy-environment.yml")["jobs"]["deploy"]
    assert job["environment"] == {"name": "${{ inputs.environment }}"}


def test_a_plan_is_made_before_the_approval_that_judges_it(root: Path) -> None:
    jobs = workflow(root, "deploy-environment.yml")["jobs"]
    assert "environment" not in jobs["plan"], "it would wait for the approval itself"
    assert jobs["deploy"]["needs"] == "plan"
    for job in jobs.values():
        assert job["permissions"] == {"contents": "read", "id-token": "write"}
        assert not any("continue-on-error" in step or "if" in step for step in job["steps"])


def test_only_a_commit_of_main_that_is_green_is_deployed(root: Path) -> None:
    """The jobs that check it are of the same run, so it is the same commit."""
    jobs = workflow(root, "ci.yml")["jobs"]
    deploy = jobs["deploy"]
    assert deploy["uses"] == "./.github/workflows/deploy.yml"
    of_pull_requests = {name for name, job in jobs.items() if "pull_request'" in job.get("if", "")}
    assert {*deploy["needs"]} == jobs.keys() - of_pull_requests - {"deploy"}
    conditions = deploy["if"].split(" && ")
    assert conditions[:2] == ["github.event_name == 'push'", "github.ref == 'refs/heads/main'"]
    for name in ("deploy.yml", "deploy-environment.yml"):
        text = (root / ".github/workflows" / name).read_text()
        triggers = re.search(r"^on:\n((?:  .*\n)+)", text, re.M)
        assert triggers and re.findall(r"^  (\w+):", triggers[1], re.M) == ["workflow_call"]


def test_no_deployment_is_cut_off_and_none_overtakes_another(root: Path) -> None:
    deploying = workflow(root, "deploy-environment.yml")["concurrency"]
    assert deploying == {
        "group": "deploy-${{ inputs.environment }}",
        "cancel-in-progress": False,
    }
    checking = workflow(root, "ci.yml")["concurrency"]
    assert "github.sha" in checking["group"], "the runs of two commits of main are two groups"


def test_a_job_has_the_rights_that_it_uses(root: Path) -> None:
    """A workflow grants reading at most; a job that needs more says so."""
    writing: dict[tuple[str, str], set[str]] = {}
    for name in WORKFLOWS:
        read = workflow(root, name)
        assert read["permissions"] in ({}, {"contents": "read"}), name
        for id, job in read["jobs"].items():
            granted = job.get("permissions", {})
            writing[name, id] = {right for right, level in granted.items() if level == "write"}
    assert {job: rights for job, rights in writing.items() if rights} == {
        ("ci.yml", "plan"): {"pull-requests"},
        ("ci.yml", "deploy"): {"id-token"},
        **{("deploy.yml", each): {"id-token"} for each in ("dev", "staging", "prod")},
        **{("deploy-environment.yml", each): {"id-token"} for each in ("plan", "deploy")},
    }


def test_the_waves_of_a_refused_change_end_the_job(root: Path) -> None:
    recipe = (root / "Makefile").read_text().partition("\nwaves:")[2].partition("\n\n")[0]
    ending = recipe.rpartition("|| ")[2].replace("$$", "$")
    for code, passes in ((0, True), (1, False), (2, True), (3, False)):
        done = subprocess.run(["/bin/sh", "-c", f"(exit {code}) || {ending}"], check=False)
        assert (done.returncode == 0) is passes, code


def test_a_pull_request_that_is_refused_fails(root: Path) -> None:
    job = workflow(root, "ci.yml")["jobs"]["plan"]
    assert job["if"] == "github.event_name == 'pull_request'"
    (plan,) = [step["run"] for step in job["steps"] if "keyline plan" in step.get("run", "")]
    for code, passes in ((0, True), (1, False), (2, True), (3, False)):
        script = re.sub(
            r"\.venv/bin/keyline plan .*?\\\n.*?\|\|", f"(exit {code}) ||", plan, flags=re.S
        )
        script = re.sub(r"^cat plan.md.*$", "", script, flags=re.M)
        done = subprocess.run(["bash", "-e", "-c", script], check=False)
        assert (done.returncode == 0) is passes, script


def test_a_pull_request_is_told_its_plan_and_its_costs_in_one_comment(
    root: Path, tmp_path: Path
) -> None:
    job = workflow(root, "ci.yml")["jobs"]["plan"]
    assert job["permissions"] == {"contents": "read", "pull-requests": "write"}
    (costs,) = [step for step in job["steps"] if "keyline cost" in step.get("run", "")]
    (comment,) = [step for step in job["steps"] if "gh pr comment" in step.get("run", "")]
    # what is refused is told as well, and a fork, whose token may not write, does not fail
    assert costs["if"] == "always()"
    assert comment["if"].startswith("always() && ")
    assert "head.repo.full_name == github.repository" in comment["if"]
    assert comment["env"]["GH_TOKEN"] == "${{ github.token }}"

    says = tmp_path / "gh"
    (tmp_path / ".venv/bin").mkdir(parents=True)
    keyline = tmp_path / ".venv/bin/keyline"
    (tmp_path / "plan.md").write_text("## Tables: harmless\n")
    says.write_text('#!/bin/sh\ncp "$5" told.md\n')
    for code, told in ((0, "## Costs: $0.00 a month"), (2, "## Costs: not known")):
        keyline.write_text(
            f"#!/bin/sh\necho '## Costs: $0.00 a month'\necho why >&2\nexit {code}\n"
        )
        for file in (keyline, says):
            file.chmod(0o755)
        variables = {
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "BASE": "abc",
            "NUMBER": "7",
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        }
        for step in (costs, comment):
            command = ["bash", "-e", "-c", step["run"]]
            subprocess.run(command, check=True, cwd=tmp_path, env=variables)
        said = (tmp_path / "told.md").read_text()
        assert said.startswith("## Tables: harmless\n\n## Costs")
        assert told in said
        assert ("why" in said) is (code != 0)
        assert told in (tmp_path / "summary.md").read_text()


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actions_are_pinned_and_no_secret_is_used(root: Path, name: str) -> None:
    text = (root / ".github/workflows" / name).read_text()
    assert "secrets." not in text
    for used in re.findall(r"uses: (\S+)", text):
        assert re.fullmatch(r"\./\S+|[\w-]+/[\w-]+@[0-9a-f]{40}", used), used


def test_the_development_container_is_set_up_as_a_clone_is(root: Path) -> None:
    container = json.loads((root / ".devcontainer/devcontainer.json").read_text())
    assert container["postCreateCommand"] == "make setup"
    tested = workflow(root, "ci.yml")["jobs"]["check"]["strategy"]["matrix"]["python"]
    assert container["image"].rpartition("-")[2] in tested
    first_api = tomllib.loads((root / "environments/local.toml").read_text())["local"]["api"]
    ports = container["forwardPorts"]
    assert ports == list(range(first_api, first_api + len(ports)))
