"""Test what a deployment of the system has to be told."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.app import run_app


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
    done = run_app(root, {"env": "dev", "user_pool_id": pool}, out=out)

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
