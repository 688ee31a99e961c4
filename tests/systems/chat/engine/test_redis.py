"""The cache on a real redis, and on one that goes away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest

from keyline.cache import FAILURE, HIT, MISS, Cache, CacheSettings, Redis
from keyline.cache.backend import LEASE_SECONDS
from keyline.cache.redis import OPEN_SECONDS
from tests.support.redis_server import RedisServer, running_redis

SECONDS = 600
TIMEOUT = 0.25


class Answer(msgspec.Struct):
    value: int


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A redis of its own."""
    with running_redis() as running:
        yield running


@pytest.mark.requirement("T-58", "T-59")
def test_instances_share_answers_for_as_long_as_the_setting_says(
    server: RedisServer,
) -> None:
    direct, url = server.direct, server.url
    seen = Counter[str]()
    settings = CacheSettings("chat:", SECONDS, url)
    one, other = (Cache.of(settings, lambda name: seen.update([name])) for _ in range(2))
    assert one.answer(("module", 7), Answer, lambda: Answer(1)) == Answer(1)
    assert other.answer(("module", 7), Answer, lambda: Answer(2)) == Answer(1)
    assert seen == {MISS: 1, HIT: 1}
    (key,) = direct.keys("*")
    assert direct.keys("chat:*") == [key]
    assert 590_000 < direct.pttl(key) <= 600_000


def test_a_redis_that_is_down_fails_no_request_is_told_once_and_left_alone_for_a_while(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    # Given a cache whose redis goes away
    url = server.url
    now, seen = [0.0], Counter[str]()
    backend = Redis(url, SECONDS, TIMEOUT, clock=lambda: now[0])
    cache = Cache(backend, "chat:", lambda name: seen.update([name]))
    assert cache.answer(("q",), Answer, lambda: Answer(1)) == Answer(1)
    server.go_away()

    # Then every question is answered all the same
    for n in range(3):
        assert cache.answer(("q",), Answer, lambda n=n: Answer(10 + n)) == Answer(10 + n)  # type: ignore[misc] # mypy infers no default's type
    assert seen == {MISS: 4, FAILURE: 3}
    assert len([r for r in caplog.records if "cannot be reached" in r.message]) == 1

    # And when it is back and the pause is over, it is asked again
    server.come_back()
    now[0] = OPEN_SECONDS + 1
    assert cache.answer(("q",), Answer, lambda: Answer(20)) == Answer(1)


def test_a_lease_is_one_instance_s_until_it_ends_and_ends_by_itself(
    server: RedisServer,
) -> None:
    direct, url = server.direct, server.url
    one, other = (Redis(url, SECONDS, TIMEOUT) for _ in range(2))
    assert one.lease("chat:a")
    assert not other.lease("chat:a")
    assert one.get("chat:a") is None
    (key,) = direct.keys("*")
    assert 0 < direct.pttl(key) <= LEASE_SECONDS * 1000
    one.release("chat:a")
    assert other.lease("chat:a")
