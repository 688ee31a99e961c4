"""The scripts by the names that the specification gives them: thin, and careful with options."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from keyline_deploy import environment
from keyline_deploy.systems import names
from tests.support.scripts import Script

POOL = "us-east-1_AbCdEfGhI"


@pytest.fixture
def deploy(root: Path, tmp_path: Path) -> Script:
    return Script(root, tmp_path, "deploy.sh")


@pytest.fixture
def dev(root: Path, tmp_path: Path) -> Script:
    return Script(root, tmp_path, "dev.sh")


def make(target: str, more: str = "", env: str = "dev") -> list[str]:
    arguments = f"CDK_ARGS=-c user_pool_id={POOL}{more and f' {more}'}"
    return ["--no-print-directory", target, f"ENV={env}", arguments]


@pytest.mark.requirement("K-36", "T-71")
def test_it_deploys_an_environment_with_its_user_pool(deploy: Script) -> None:
    done = deploy("--environment", "dev", "--user-pool-id", POOL)
    assert (done.returncode, done.stderr) == (0, "")
    assert deploy.asked == [make("deploy")]


def test_options_may_be_joined_and_the_cdk_s_own_follow(deploy: Script) -> None:
    options = ["--environment=prod", f"--user-pool-id={POOL}", "--", "--require-approval", "never"]
    assert deploy(*options).returncode == 0
    assert deploy.asked == [make("deploy", "--require-approval never", env="prod")]


def test_the_cdk_s_own_options_reach_it_as_they_are(deploy: Script, tmp_path: Path) -> None:
    # Given options that make and its shell would make others of
    own = ["--tags", "team=K9 & co", "-c", "x:y=$HOME $(id) 'a' \"b\" c;d #e", ""]
    assert deploy("--environment", "dev", "--user-pool-id", POOL, "--", *own).returncode == 0

    # When make runs a command with them, as the Makefile does
    (tmp_path / "Makefile").write_text("show:\n\t@printf '%s|' $(CDK_ARGS)\n")
    command = ["/usr/bin/env", "make", "--no-print-directory", "-C", str(tmp_path), "show"]
    done = subprocess.run(
        [*command, deploy.asked[0][-1]], capture_output=True, text=True, check=True
    )

    # Then they are what they were
    assert done.stdout.split("|")[:-1] == ["-c", f"user_pool_id={POOL}", *own]


@pytest.mark.requirement("K-36")
def test_a_dry_run_deploys_nothing(deploy: Script) -> None:
    # Without credentials it synthesizes, and says what it could not do
    done = deploy("--environment", "dev", "--user-pool-id", POOL, "--dry-run")
    assert done.returncode == 0
    assert deploy.asked == [make("synth")]
    assert "no credentials of AWS" in done.stdout

    # With credentials it shows the difference
    deploy.calls.write_text("")
    credentials = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    done = deploy("--dry-run", "--environment", "dev", "--user-pool-id", POOL, **credentials)
    assert done.returncode == 0
    assert deploy.asked == [make("synth"), make("diff")]
    assert done.stdout == ""


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_what_fails_ends_with_1(options: list[str], deploy: Script) -> None:
    done = deploy("--environment", "dev", "--user-pool-id", POOL, *options, STATUS="2")
    assert done.returncode == 1
    assert len(deploy.asked) == 1


@pytest.mark.requirement("K-36")
@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--user-pool-id", POOL], "--environment is missing"),
        (["--environment", "dev"], "--user-pool-id is missing"),
        (["--environment", "local", "--user-pool-id", POOL], "no such environment to deploy"),
        (["--environment", "prd", "--user-pool-id", POOL], "one of dev prod staging"),
        (["--environment", "dev", "--user-pool-id", "AbCdEfGhI"], "is not an id of a Cognito user"),
        (
            ["--environment", "dev", "--user-pool-id", "us-east-1_A; id"],
            "is not an id of a Cognito",
        ),
        (["--environment", "dev", "--user-pool-id"], "--user-pool-id needs a value"),
        (["--env", "dev"], "there is no option --env"),
    ],
)
def test_wrong_options_end_with_2_and_what_is_wrong(
    options: list[str], says: str, deploy: Script
) -> None:
    done = deploy(*options)
    assert done.returncode == 2
    assert says in done.stderr
    assert "--help" in done.stderr
    assert deploy.asked == []


def test_help_names_the_environments(deploy: Script) -> None:
    done = deploy("--help")
    assert done.returncode == 0
    named = [name for name in environment.names() if name != "local"]
    assert f"one of: {' '.join(named)}" in done.stdout
    assert deploy.asked == []


@pytest.mark.requirement("K-40")
def test_dev_runs_the_local_platform_and_says_where_every_api_is(dev: Script) -> None:
    done = dev("FRESH=1")
    assert done.returncode == 0
    assert dev.asked == [["--no-print-directory", "up", "FRESH=1"]]
    ports = environment.load("local").api_ports(names())
    said = [f"  {name}: http://localhost:{port}\n" for name, port in ports.items()]
    assert all(line in done.stdout for line in said)

    helped = dev("--help")
    assert helped.returncode == 0
    assert all(line in helped.stdout for line in said)
    assert len(dev.asked) == 1


def test_the_developer_s_own_file_is_no_environment(root: Path, tmp_path: Path) -> None:
    for folder in ("scripts", "environments"):
        shutil.copytree(root / folder, tmp_path / folder)
    (tmp_path / "environments" / "local.override.toml").touch()
    done = Script(tmp_path, tmp_path, "deploy.sh")("--help")
    assert "one of: dev prod staging\n" in done.stdout


def test_deploying_names_no_system(root: Path) -> None:
    words = set(re.findall(r"\w+", (root / "scripts" / "deploy.sh").read_text(encoding="utf-8")))
    assert words.isdisjoint(names())
