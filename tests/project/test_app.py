"""`app.py` as `cdk synth -c env=...` runs it."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
import msgspec
import pytest

import app
from keyline import variables
from keyline.model import System
from keyline_deploy.environment import EnvironmentFileError
from tests.support.app import run_app
from tests.support.sample.books import SMALL
from tests.support.sample.shop import LARGE


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ({"env": "prd"}, "environments/prd.toml: no such file. Did you mean 'prod'?"),
        ({}, "-c env=: no environment is named. Name one of: dev, local, prod, staging."),
    ],
)
def test_a_context_that_cannot_be_used_is_told_with_what_to_write(
    context: dict[str, str], message: str
) -> None:
    with pytest.raises(EnvironmentFileError) as caught:
        app.chosen(cdk.App(context=context))
    assert str(caught.value) == message


def test_such_a_context_ends_the_app_with_that_message_alone(root: Path) -> None:
    done = run_app(root, {})
    assert done.returncode == 1
    message = "-c env=: no environment is named. Name one of: dev, local, prod, staging."
    assert done.stderr.strip().splitlines()[-1] == message
    assert "Traceback" not in done.stderr


def test_a_section_of_no_system_ends_the_app(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.toml"
    own.write_text("[systems.nosuchsystem]\nretention_days = 7\n")
    monkeypatch.setenv(variables.LOCAL_OVERRIDE, str(own))
    done = run_app(root, {"env": "local"}, tmp_path / "out")
    assert done.returncode == 1
    told = "own.toml: systems.nosuchsystem: there is no such system."
    assert done.stderr.strip().splitlines()[-1].startswith(told)


POOL, OTHER = "us-east-1_AbCdEfGhI", "us-east-1_123456789"


def pools(monkeypatch: pytest.MonkeyPatch, systems: list[System], **context: str) -> dict[str, str]:
    """Return the user pools of dev with these systems and this context."""
    monkeypatch.setattr(app, "systems", lambda: systems)
    named = {name.replace("__", ":"): pool for name, pool in context.items()}
    return app.chosen(cdk.App(context={"env": "dev", **named})).user_pools


@pytest.mark.requirement("K-36")
def test_a_pool_goes_to_the_systems_that_take_one(monkeypatch: pytest.MonkeyPatch) -> None:
    more = msgspec.structs.replace(LARGE, name="more")
    both = [LARGE, more, SMALL]
    assert pools(monkeypatch, both, user_pool_id=POOL) == {"orders": POOL, "more": POOL}
    found = pools(monkeypatch, both, more__user_pool_id=OTHER, user_pool_id=POOL)
    assert found == {"orders": POOL, "more": OTHER}
    assert pools(monkeypatch, both, more__user_pool_id=OTHER) == {"more": OTHER}
    with pytest.raises(EnvironmentFileError, match=r"^-c books:user_pool_id=: .*not users of a"):
        pools(monkeypatch, both, books__user_pool_id=POOL)
    with pytest.raises(EnvironmentFileError, match="no system takes a user pool"):
        pools(monkeypatch, [SMALL], user_pool_id=POOL)
    no_id = (
        r"user_pool_id=: 'us-east-1' is not an id of a Cognito user pool. Write it as .*AbCdEfGhI"
    )
    with pytest.raises(EnvironmentFileError, match=f"^-c {no_id}"):
        pools(monkeypatch, both, user_pool_id="us-east-1")
    with pytest.raises(EnvironmentFileError, match=f"^-c more:{no_id}"):
        pools(monkeypatch, both, more__user_pool_id="us-east-1")
