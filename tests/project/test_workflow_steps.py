"""Every step of the workflows runs, and calls what there is in the form in which it is taken."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from keyline_deploy.project import ROOT
from tests.support.workflows import (
    Runner,
    Step,
    check_command,
    keyline_calls,
    made,
    steps,
    workflow,
)

STEPS = list(steps(ROOT))
ENVIRONMENT = {"ENV": "dev"}


def step(name: str) -> Step:
    (found,) = {each.script: each for each in STEPS if each.name.startswith(name)}.values()
    return found


@pytest.mark.parametrize("each", STEPS, ids=str)
def test_a_step_runs_and_calls_what_there_is(each: Step, root: Path, tmp_path: Path) -> None:
    assert "${{" not in each.script, "a value that GitHub puts into a script can be code"
    runner = Runner(tmp_path)
    (tmp_path / "reviewed").mkdir()
    with tarfile.open(tmp_path / "reviewed.tar.gz", "w:gz") as packed:
        packed.add(tmp_path / "reviewed", "reviewed")
    for name in ("plan.md", "costs.md"):
        (tmp_path / name).touch()
    assert runner.run(each, **ENVIRONMENT) == 0

    for tool, *arguments in runner.calls:
        if tool == "make":
            commands = made(root, [word for word in arguments if word != "--silent"])
            for call in keyline_calls(commands):
                check_command(call)
        elif tool == "keyline":
            check_command(arguments)


def test_a_wrong_call_would_be_found(root: Path) -> None:
    with pytest.raises(AssertionError, match="has no target deplyo"):
        made(root, ["deplyo"])
    with pytest.raises(AssertionError, match="does not read WAVE"):
        made(root, ["deploy", "WAVE=reviewed"])
    with pytest.raises(AssertionError, match="no command deplyo"):
        check_command(["deplyo"])
    with pytest.raises(SystemExit):
        check_command(["deploy", "--environment", "dev", "--digset", "abc"])


def test_what_is_deployed_is_what_was_planned(tmp_path: Path) -> None:
    """The two jobs, one after the other, on two machines that share an artifact and a digest."""
    # Given the job that plans
    planner = Runner(tmp_path, {"make --silent digest": (0, "0123abcd")})
    (tmp_path / "reviewed").mkdir()
    (tmp_path / "reviewed" / "waves.json").write_text("{}")
    for name in ("Build it", "Take the digest", "Pack it"):
        assert planner.run(step(name), **ENVIRONMENT) == 0
    assert planner.read("summary").startswith("said by make --silent waves WAVES=reviewed")
    assert planner.read("output") == "digest=0123abcd\n"

    # When the job that deploys has the artifact, and the digest from the job before it
    (tmp_path / "second").mkdir()
    (tmp_path / "reviewed.tar.gz").rename(tmp_path / "second" / "reviewed.tar.gz")
    deployer = Runner(tmp_path / "second")
    for name in ("Unpack it", "Deploy these waves"):
        assert deployer.run(step(name), DIGEST="0123abcd", **ENVIRONMENT) == 0

    # Then it deploys these waves under this digest
    assert (tmp_path / "second" / "reviewed" / "waves.json").read_text() == "{}"
    assert deployer.calls == [["make", "deploy", "WAVES=reviewed", "YES=1"]]
    (command, *_) = made(ROOT, ["deploy", "WAVES=reviewed", "YES=1", "DIGEST=0123abcd", "ENV=dev"])
    (call,) = keyline_calls([command])
    under = ["--waves", "reviewed", "--digest", "0123abcd"]
    assert call == ["deploy", "--environment", "dev", *under, "--yes", "--"]


@pytest.mark.parametrize(("code", "passes"), [(0, True), (2, False)])
def test_a_plan_that_is_refused_ends_the_job_and_is_read_all_the_same(
    code: int, passes: bool, tmp_path: Path
) -> None:
    runner = Runner(tmp_path, {"make --silent waves": (code, "## Tables: refused")})
    assert (runner.run(step("Build it"), **ENVIRONMENT) == 0) is passes
    assert runner.read("summary") == "## Tables: refused\n"


def test_the_roles_are_those_of_the_environment_s_file(root: Path, tmp_path: Path) -> None:
    said = "region=eu-west-1\nplan=arn:plan\ndeploy=arn:deploy"
    runner = Runner(tmp_path, {"keyline workflow-roles": (0, said)})
    reading = step("Read the roles")
    assert runner.run(reading, **ENVIRONMENT) == 0
    assert runner.read("output") == f"{said}\n"
    jobs = workflow(root, "deploy-environment.yml")["jobs"]
    for name, job in jobs.items():
        (credentials,) = [each["with"] for each in job["steps"] if "configure-aws" in str(each)]
        assert credentials["role-to-assume"] == f"${{{{ steps.roles.outputs.{name} }}}}"
        assert credentials["aws-region"] == "${{ steps.roles.outputs.region }}"
