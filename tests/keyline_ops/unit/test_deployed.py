"""The account of the caller, whose tables may have the names of another account's."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from moto import mock_aws

from keyline.errors import KeylineError
from keyline_deploy.environment import Environment, load
from keyline_ops.deployed import caller_identity, deployed

MINE = "123456789012"  # moto's


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield


def dev(account: str | None) -> Environment:
    """Return the environment of development in an account."""
    return msgspec.structs.replace(load("dev"), account=account)


def test_the_caller_has_an_account_in_a_partition() -> None:
    assert caller_identity(dev(None)) == (MINE, "aws")


def test_credentials_of_another_account_are_refused() -> None:
    assert not deployed(dev(MINE), None).is_local
    assert not deployed(dev(None), None).is_local, "every account is its own"
    with pytest.raises(KeylineError, match=f"111111111111. The credentials are for {MINE}"):
        deployed(dev("111111111111"), None)


def test_no_credentials_are_an_error_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(KeylineError, match=r"environment dev.*no AWS credentials"):
        caller_identity(dev(None))
