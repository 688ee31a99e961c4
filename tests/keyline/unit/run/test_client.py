"""Test how the one client of a process behaves: what it waits for, and how often it tries."""

from __future__ import annotations

import pytest

from keyline.run import backoff, dynamodb_client
from keyline.run.attempts import ATTEMPTS
from keyline.run.client_settings import CONNECT_TIMEOUT, READ_TIMEOUT

# Of a function whose declaration says nothing of it (keyline.model.Function).
DEFAULT_TIMEOUT = 10


@pytest.mark.requirement("B-16", "T-63", "X-11")
def test_it_waits_so_long_tries_so_often_and_keeps_so_many_connections() -> None:
    config = dynamodb_client(
        endpoint_url="http://127.0.0.1:9",
        region="eu-west-1",
        connect_timeout=0.5,
        read_timeout=0.75,
        attempts=4,
        pool=9,
        credentials=("key", "secret"),
    ).botocore.meta.config
    assert config.retries == {"mode": "standard", "total_max_attempts": 4}
    assert (config.connect_timeout, config.read_timeout) == (0.5, 0.75)
    assert (config.max_pool_connections, config.tcp_keepalive) == (9, True)


@pytest.mark.requirement("X-11")
def test_all_its_attempts_fit_into_a_function_s_default_timeout() -> None:
    config = dynamodb_client(
        endpoint_url="http://127.0.0.1:9", region="eu-west-1", credentials=("key", "secret")
    ).botocore.meta.config
    attempts = config.retries["total_max_attempts"]
    assert (attempts, config.connect_timeout, config.read_timeout) == (
        ATTEMPTS,
        CONNECT_TIMEOUT,
        READ_TIMEOUT,
    )
    assert attempts > 1
    assert attempts * (config.connect_timeout + config.read_timeout) < DEFAULT_TIMEOUT


@pytest.mark.requirement("T-63", "X-11")
def test_waits_between_tries_grow_up_to_a_bound_and_are_spread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given the longest wait that chance allows, and a clock that stands
    ranges: list[tuple[float, float]] = []
    slept: list[float] = []

    def longest(low: float, high: float) -> float:
        ranges.append((low, high))
        return high

    monkeypatch.setattr("keyline.run.backoff.random.uniform", longest)
    monkeypatch.setattr("keyline.run.backoff.time.sleep", slept.append)
    for attempt in (1, 2, 3, 20):
        backoff.wait(attempt)
    assert ranges == [(0, 0.025), (0, 0.05), (0, 0.1), (0, 2.0)]
    assert slept == [high for _, high in ranges]
