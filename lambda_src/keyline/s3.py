"""S3 as functions reach it, on AWS and on a developer's machine."""

from __future__ import annotations

import os
from typing import Any

import botocore.session
from botocore.config import Config


def s3_client(*, connect_timeout: float, read_timeout: float, attempts: int) -> Any:
    """Make S3's client, by what the environment says of endpoint, region and credentials.

    An endpoint that the environment names, as on a developer's machine, has the bucket's name in
    the path: there is no host of that name.

    Parameters
    ----------
    connect_timeout, read_timeout
        Seconds.
    attempts
        Tries of one call, the first included.
    """
    named = "AWS_ENDPOINT_URL" in os.environ or "AWS_ENDPOINT_URL_S3" in os.environ
    return botocore.session.get_session().create_client(
        "s3",
        region_name=os.environ.get("AWS_REGION"),
        config=Config(
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            retries={"mode": "standard", "total_max_attempts": attempts},
            tcp_keepalive=True,
            s3={"addressing_style": "path" if named else "virtual"},
        ),
    )
