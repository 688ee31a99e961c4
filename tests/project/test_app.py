"""`app.py` as `cdk synth -c env=...` runs it."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import aws_cdk as cdk
import pytest

import app
from keyline.model import System
from keyline_deploy.environment import EnvironmentFileError
from tests.support.sample_system import LARGE, SMALL


def run(
    root: Path, context: dict[str, str], out: Path | None = None
) -> subprocess.CompletedProcess[str]:
    flags = json.loads((root / "cdk.json").read_text())["context"]
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=root,
        env={
            **os.environ,
            "CDK_CONTEXT_JSON": json.dumps({**flags, **context}),
            **({"CDK_OUTDIR": str(out)} if out else {}),
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ({"env": "prd"}, "environments/prd.toml: no such file. Did you mean 'prod'?"),
        ({}, "-c env=: no environment is named. Name one of: dev, local, prod, staging."),
        (
            {"env": "dev", "reports:user_pool_id": "us-east-1"},
            "-c reports:user_pool_id=: 'us-east-1' is no id of a Cognito user pool. Write it as the"
            " console shows it, region and name: us-east-1_AbCdEfGhI.",
        ),
        (
            {"env": "dev", "user_pool_id": "us-east-1"},
            "-c user_pool_id=: 'us-east-1' is no id of a Cognito user pool. Write it as the"
            " console shows it, region and name: us-east-1_AbCdEfGhI.",
        ),
    ],
)
def test_a_context_that_cannot_be_used_ends_with_what_to_write(
    root: Path, context: dict[str, str], message: str
) -> None:
    done = run(root, context)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == message
    assert "Traceback" not in done.stderr


@pytest.mark.requirement("K-38", "X-01")
def test_the_id_of_a_user_pool_is_all_that_a_deployment_has_to_be_told(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a machine without credentials of AWS, on which somebody watches for Docker
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    docker, called = tmp_path / "docker", tmp_path / "docker-was-called"
    docker.write_text(f"#!/bin/sh\ntouch {called}\nexit 1\n")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    # When the app is synthesized with the id of a pool
    pool, out = "us-east-1_AbCdEfGhI", tmp_path / "assembly"
    done = run(root, {"env": "dev", "user_pool_id": pool}, out=out)

    # Then it succeeds, looks nothing up in an account, and starts no container
    assert done.returncode == 0, done.stderr
    assert "missing" not in json.loads((out / "manifest.json").read_text())
    assert not called.exists()

    # And the API's authorizer is the pool's
    template = json.loads((out / "ReportsServiceDev.template.json").read_text())
    (authorizer,) = (
        resource["Properties"]["JwtConfiguration"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::ApiGatewayV2::Authorizer"
    )
    assert authorizer["Issuer"] == f"https://cognito-idp.us-east-1.amazonaws.com/{pool}"
    (audience,) = authorizer["Audience"]
    assert template["Resources"][audience["Ref"]]["Type"] == "AWS::Cognito::UserPoolClient"


POOL, OTHER = "us-east-1_AbCdEfGhI", "us-east-1_123456789"


def pools(monkeypatch: pytest.MonkeyPatch, systems: list[System], **context: str) -> dict[str, str]:
    """The user pools of dev with these systems and this context."""
    monkeypatch.setattr(app, "systems", lambda: systems)
    named = {name.replace("__", ":"): pool for name, pool in context.items()}
    return app.chosen(cdk.App(context={"env": "dev", **named})).user_pools


@pytest.mark.requirement("K-36")
def test_a_pool_goes_to_the_systems_that_take_one(monkeypatch: pytest.MonkeyPatch) -> None:
    more = dataclasses.replace(LARGE, name="more")
    both = [LARGE, more, SMALL]
    assert pools(monkeypatch, both, user_pool_id=POOL) == {"orders": POOL, "more": POOL}
    found = pools(monkeypatch, both, more__user_pool_id=OTHER, user_pool_id=POOL)
    assert found == {"orders": POOL, "more": OTHER}
    assert pools(monkeypatch, both, more__user_pool_id=OTHER) == {"more": OTHER}
    with pytest.raises(EnvironmentFileError, match=r"^-c notes:user_pool_id=: .*not users of a"):
        pools(monkeypatch, both, notes__user_pool_id=POOL)
    with pytest.raises(EnvironmentFileError, match="no system takes a user pool"):
        pools(monkeypatch, [SMALL], user_pool_id=POOL)
