"""The embedded engine for tests and benchmarks, on a free loopback port."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3

from keyline import variables
from keyline_deploy.project import ROOT
from keyline_local.testing import (
    LOOPBACK,
    die_with_parent,
    find_binary,
    free_port,
    index_stream_records,
)

CREDENTIALS = ("local", "local")
REGION = "us-east-1"
_MEMORY = Path("/dev/shm")
"""Where files need no disk, on Linux."""


@contextlib.contextmanager
def running_engine() -> Iterator[str]:
    """Give the URL of an engine: one of its own that it stops, or the one the caller names."""
    if named := os.environ.get(variables.DYNAMODB_ENDPOINT):
        yield named
        return
    in_memory = _MEMORY if _MEMORY.is_dir() else None
    with (
        tempfile.TemporaryDirectory(dir=in_memory) as folder,
        engine_process(Path(folder) / "engine.db") as url,
    ):
        yield url


@contextlib.contextmanager
def engine_process(data: Path) -> Iterator[str]:
    """Give the URL of an engine on a file; it is killed at the end."""
    port = free_port()
    listen = ("--host", LOOPBACK, "--port", str(port), "--db-path", str(data))
    process = subprocess.Popen(
        [str(find_binary(ROOT)), "serve", *listen],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent(),
    )
    try:
        _until_it_listens(process, port)
        index_stream_records(data)
        yield f"http://{LOOPBACK}:{port}"
    finally:
        process.kill()
        process.wait()


def where(url: str) -> dict[str, Any]:
    """Return how `dynamodb_client` reaches an engine.

    One that the caller names is reached with the caller's own credentials and region.
    """
    if variables.DYNAMODB_ENDPOINT in os.environ:
        return {"endpoint_url": url}
    return {"endpoint_url": url, "region": REGION, "credentials": CREDENTIALS}


@cache
def admin_client(url: str) -> Any:
    """Return boto3's client of an engine, for tables and for a look at what is really stored.

    Every caller gets the same one: it is not to be closed or changed.
    """
    if variables.DYNAMODB_ENDPOINT in os.environ:
        return boto3.client("dynamodb", endpoint_url=url)
    key, secret = CREDENTIALS
    return boto3.client(
        "dynamodb",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )


def _until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the engine ended with code {process.returncode}")
        with contextlib.suppress(OSError):
            socket.create_connection((LOOPBACK, port), timeout=1).close()
            return
        time.sleep(0.02)
    raise RuntimeError("the engine did not listen in 20 s")
