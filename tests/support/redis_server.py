"""A real redis for tests, on a free loopback port, that can go away and come back."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from keyline_local.testing import LOOPBACK, die_with_parent, find_server, free_port


@dataclass(frozen=True)
class RedisServer:
    """A running redis.

    Attributes
    ----------
    direct
        A client of the test's own.
    """

    direct: redis.Redis
    port: int

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    def go_away(self) -> None:
        """Listen no more, and close all other connections."""
        self.direct.client_kill_filter(_type="normal", skipme=True)
        self.direct.config_set("port", "0")
        self.direct.client_kill_filter(_type="normal", skipme=True)

    def come_back(self) -> None:
        """Listen again."""
        self.direct.config_set("port", str(self.port))


@contextlib.contextmanager
def running_redis() -> Iterator[RedisServer]:
    """Give a redis of its own, empty."""
    port = free_port()
    process = subprocess.Popen(
        [str(find_server()), "--port", str(port), "--bind", LOOPBACK, "--save", ""],
        stdout=subprocess.DEVNULL,
        preexec_fn=die_with_parent(),
    )
    try:
        client = redis.Redis(LOOPBACK, port, retry=Retry(ConstantBackoff(0.02), 200))
        client.ping()
        yield RedisServer(client, port)
    finally:
        process.terminate()
        process.wait(10)
