"""Each command asks AWS by clients that give up after a bounded time."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.config import Config

from keyline_ops.aws import PATIENT, aws_client


@pytest.mark.parametrize("service", ["cloudformation", "dynamodb", "iam", "s3", "ssm", "sts"])
def test_a_client_tries_five_times_and_waits_five_seconds_for_a_connection(service: str) -> None:
    config = aws_client(service, "eu-west-1").meta.config
    assert (config.connect_timeout, config.read_timeout) == (5, 60)
    assert config.retries["total_max_attempts"] == 5


def test_a_call_that_must_not_be_made_twice_still_waits_no_longer_for_a_connection() -> None:
    once = Config(read_timeout=900, retries={"mode": "standard", "total_max_attempts": 1})
    config = aws_client("lambda", "eu-west-1", once).meta.config
    assert (config.connect_timeout, config.read_timeout) == (PATIENT.connect_timeout, 900)
    assert config.retries["total_max_attempts"] == 1


def test_no_command_makes_a_client_of_its_own(root: Path) -> None:
    files = [file for file in (root / "keyline_ops").rglob("*.py") if file.name != "aws.py"]
    assert [file for file in files if "boto3.client(" in file.read_text(encoding="utf-8")] == []
