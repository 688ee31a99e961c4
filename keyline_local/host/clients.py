"""boto3 clients for the engine and the other AWS APIs on this machine."""

from __future__ import annotations

from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import Loader

_KEY = "local"
"""Access key and secret of the platform itself; nothing on this machine checks them."""

_LOADER = Loader()
"""What services look like, read once: a session of its own would read it again."""


def client(service: str, endpoint: str, region: str) -> Any:
    """Return a boto3 client that talks to one endpoint and reads no user configuration.

    Retries outlast the restart of an engine that died.
    """
    session = botocore.session.Session()
    session.register_component("data_loader", _LOADER)
    return boto3.session.Session(botocore_session=session).client(
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
