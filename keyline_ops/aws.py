"""Clients of AWS for commands: each call gives up after a bounded time."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

PATIENT = Config(
    connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 5}
)
"""For somebody who waits: where nothing can be reached, a call ends within a minute."""


def aws_client(service: str, region: str, config: Config = PATIENT) -> Any:
    """Return boto3's client of a service, under the caller's credentials.

    Parameters
    ----------
    config
        What differs, for a call that must not be made twice.
    """
    return boto3.client(service, region_name=region, config=PATIENT.merge(config))
