"""The circuit breaker in front of redis."""

from __future__ import annotations

import socket
from collections import Counter
from typing import Any

import pytest
import redis

from keyline.cache import Cache, CacheSettings, Redis, UnreachableError
from keyline.cache.redis import OPEN_SECONDS
from tests.keyline.unit.cache.clock import Clock

ADDRESS = ("127.0.0.1", 0)
SECONDS = 600
TIMEOUT = 0.04


class Client:
    """A redis that fails on demand, and counts how often it was asked."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.asked = 0

    def get(self, _: str) -> bytes | None:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return b"1"


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what the library is given, with a client in place of its own."""
    seen: dict[str, Any] = {"client": Client()}

    def from_url(url: str, **options: float) -> Client:
        seen.update(url=url, options=options)
        client: Client = seen["client"]
        return client

    monkeypatch.setattr(redis.Redis, "from_url", from_url)
    return seen


def test_a_command_waits_as_long_as_the_settings_say(given: dict[str, Any]) -> None:
    Cache.of(CacheSettings("notes:", SECONDS, "redis://cache:1/0", TIMEOUT), lambda _: None)
    assert given["url"] == "redis://cache:1/0"
    assert given["options"].pop("retry").get_retries() == 0
    assert given["options"] == {
        "socket_timeout": TIMEOUT,
        "socket_connect_timeout": TIMEOUT,
        "credential_provider": None,
    }


@pytest.mark.parametrize("error", [redis.ConnectionError("down"), OSError("reset")])
def test_a_failure_opens_the_circuit_for_a_while(given: dict[str, Any], error: Exception) -> None:
    clock, client = Clock(), given["client"]
    cache = Redis("redis://cache:1/0", SECONDS, TIMEOUT, clock)
    assert cache.get("a") == b"1"

    client.error = error
    for _ in range(3):
        with pytest.raises(UnreachableError):
            cache.get("a")
    assert client.asked == 2

    client.error = None
    clock.now = OPEN_SECONDS - 1
    with pytest.raises(UnreachableError):
        cache.get("a")
    clock.now = OPEN_SECONDS
    assert cache.get("a") == b"1"
    assert client.asked == 3


def test_the_first_failure_of_a_process_alone_is_logged(
    given: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    cache = Redis("redis://cache:1/0", SECONDS, TIMEOUT, clock)
    given["client"].error = redis.ConnectionError("down")
    for _ in range(3):
        with pytest.raises(UnreachableError):
            cache.get("a")
        clock.now += OPEN_SECONDS
    assert given["client"].asked == 3
    assert len(caplog.records) == 1


def test_a_fault_of_ours_is_not_a_failure_of_redis(given: dict[str, Any]) -> None:
    cache = Redis("redis://cache:1/0", SECONDS, TIMEOUT, Clock())
    given["client"].error = TypeError("a fault")
    with pytest.raises(TypeError):
        cache.get("a")
    given["client"].error = None
    assert cache.get("a") == b"1"


def test_a_command_that_fails_is_not_sent_again() -> None:
    """A second try would have a request wait twice as long as the settings say."""
    seen = Counter[str]()
    with socket.create_server(ADDRESS) as silent:
        silent.settimeout(0)
        url = f"redis://{ADDRESS[0]}:{silent.getsockname()[1]}/0"
        settings = CacheSettings("notes:", SECONDS, url, TIMEOUT)
        cache = Cache.of(settings, lambda name: seen.update([name]))
        for _ in range(3):
            assert cache.answer(("q",), int, lambda: 1) == 1
        connection, _ = silent.accept()
        connection.close()
        with pytest.raises(BlockingIOError):
            silent.accept()
    assert seen == {"CacheFailures": 3, "CacheMisses": 3}
