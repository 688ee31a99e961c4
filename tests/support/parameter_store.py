"""A Parameter Store of SSM on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.support.scripted import LOOPBACK


@contextmanager
def parameter_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Yield boto3's client of an empty store, to which this process's environment leads."""
    server = ThreadedMotoServer(LOOPBACK, 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", url)
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
        yield boto3.client("ssm", endpoint_url=url, region_name="us-east-1")
    finally:
        server.stop()
