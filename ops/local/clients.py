"""boto3 clients for the engine and the other AWS APIs on this machine."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

_KEY = "local"
"""Access key and secret of the platform itself; nothing on this machine checks them."""


def client(service: str, endpoint: str, region: str) -> Any:
    """Return a boto3 client that talks to one endpoint and reads no user configuration.

    Retries outlast the restart of an engine that died.
    """
    return boto3.session.Session().client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=_KEY,
        aws_secret_access_key=_KEY,
        config=Config(
            connect_timeout=2,
            read_timeout=30,
            retries={"mode": "standard", "total_max_attempts": 8},
            max_pool_connections=32,
            proxies={},
            s3={"addressing_style": "path"},
        ),
    )
