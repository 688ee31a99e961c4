"""Contexts in a real redis: one that is changed by writes, goes away and comes back."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest

from keyline.cache import FAILURE, HIT, MISS, Redis
from keyline.cache.redis import OPEN_SECONDS
from keyline_local.testing import LOOPBACK
from memory import context_cache
from memory.context_cache import SETTLE_SECONDS, ContextCache
from memory.settings import Settings
from tests.support.redis_server import RedisServer, running_redis
from tests.systems.memory.on_engine import MakeMemory, turns


class Answer(msgspec.Struct):
    value: int


class Rig:
    """A cache on a redis, with clocks that the test moves."""

    def __init__(self, url: str) -> None:
        self.now = 1_000_000.0
        self.seen = Counter[str]()
        backend = Redis(url, 300, 0.02, clock=lambda: self.now)
        self.cache = ContextCache(backend, self._count, clock=lambda: self.now)

    def ask(self, value: int, user: str = "ada") -> int:
        """Return the answer to a question: one that is kept, or this value."""
        return self.cache.answer(user, ("q",), Answer, lambda: Answer(value)).value

    def _count(self, name: str) -> None:
        self.seen[name] += 1


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A redis of its own."""
    with running_redis() as running:
        yield running


@pytest.fixture
def rig(server: RedisServer) -> Rig:
    """A cache whose user wrote a while ago."""
    rig = Rig(server.url)
    rig.cache.renew("ada")
    rig.now += SETTLE_SECONDS
    return rig


@pytest.mark.requirement("I-17", "I-70")
def test_a_context_is_kept_for_five_minutes(rig: Rig, server: RedisServer) -> None:
    assert (rig.ask(1), rig.ask(2)) == (1, 1)
    assert rig.seen == {MISS: 1, HIT: 1}
    assert Settings().cache_seconds == 300
    for key in server.direct.keys("memory:*"):
        assert 290_000 < server.direct.pttl(key) <= 300_000


@pytest.mark.requirement("I-19")
def test_a_write_of_any_instance_makes_what_is_kept_unreachable(
    rig: Rig, server: RedisServer
) -> None:
    other = Rig(server.url)
    assert (rig.ask(1), rig.ask(2)) == (1, 1)
    other.now = rig.now
    other.cache.renew("ada")
    assert rig.ask(3) == 3
    rig.now += SETTLE_SECONDS
    assert (rig.ask(4), rig.ask(5)) == (4, 4)


def test_nothing_is_kept_while_the_indexes_may_lack_a_write(rig: Rig) -> None:
    rig.cache.renew("ada")
    rig.now += SETTLE_SECONDS - 0.001
    assert (rig.ask(1), rig.ask(2)) == (1, 2)
    rig.now += 0.001
    assert (rig.ask(3), rig.ask(4)) == (3, 3)


def test_a_write_of_one_user_leaves_the_contexts_of_another(rig: Rig) -> None:
    assert (rig.ask(1), rig.ask(2)) == (1, 1)
    rig.cache.renew("bob")
    assert rig.ask(3) == 1


def test_a_redis_that_lost_everything_gives_no_old_answer(rig: Rig, server: RedisServer) -> None:
    """Also where a write happened between: a version that is lost is not made up of a counter."""
    assert rig.ask(1) == 1
    server.direct.flushall()
    assert rig.ask(2) == 2
    rig.now += SETTLE_SECONDS
    assert (rig.ask(3), rig.ask(4)) == (3, 3)


@pytest.mark.requirement("I-17", "I-18")
def test_without_redis_the_work_goes_on_and_with_it_the_cache_comes_back(
    rig: Rig, server: RedisServer
) -> None:
    assert rig.ask(1) == 1
    server.go_away()
    assert (rig.ask(2), rig.ask(3)) == (2, 3)
    rig.cache.try_to_renew("ada")
    assert rig.seen == {MISS: 3, FAILURE: 3}
    server.come_back()
    rig.now += OPEN_SECONDS
    assert rig.ask(4) in (1, 4)
    rig.cache.renew("ada")  # as the stream does
    assert rig.ask(5) == 5


def test_a_redis_that_does_not_answer_is_tried_once_and_then_left_alone() -> None:
    """It takes the connection and says nothing."""
    with socket.create_server((LOOPBACK, 0)) as silent:
        port = silent.getsockname()[1]
        rig = Rig(f"redis://{LOOPBACK}:{port}/0")
        assert [rig.ask(n) for n in range(5)] == list(range(5))
        silent.settimeout(0.2)
        taken = 0
        while taken < 5:
            try:
                silent.accept()[0].close()
            except TimeoutError:
                break
            taken += 1
    assert taken == 1
    assert rig.seen == {MISS: 5, FAILURE: 5}


@pytest.mark.requirement("I-37", "I-40")
def test_a_message_is_in_the_context_right_after_it_was_saved(
    make_memory: MakeMemory, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context_cache, "SETTLE_SECONDS", 0.0)
    memory = make_memory(embeddings="offline", cache_url=server.url)
    write, recall = memory.app("write"), memory.app("recall")
    asked = {"query": "Where?", "session_id": "s"}
    shown = []
    for n in range(3):
        write("POST /interactions", body=turns(f"turn {n}"))
        answers = [recall("POST /contexts", body=asked).body for _ in range(2)]
        assert answers[0] == answers[1]
        shown.append(len(answers[0]["session"]))
    assert shown == [1, 2, 3]
    metrics = recall.module._engine.get_performance_metrics()
    assert (metrics["contexts"], metrics["cache_hit_rate"]) == (6, 0.5)
    assert metrics["avg_context_build_ms"] > 0 < metrics["avg_embedding_search_ms"]


def test_the_stream_makes_contexts_unreachable_and_fails_while_redis_is_down(
    make_memory: MakeMemory, server: RedisServer
) -> None:
    memory = make_memory(embeddings="offline", cache_url=server.url)
    memory.app("write")("POST /interactions", body=turns("a"))
    key = next(iter(server.direct.keys("memory:version:*")))
    before = server.direct.get(key)
    image = memory.stored("ial-conversation-history-v2")[0]
    keys = {name: image[name] for name in ("user_date", "timestamp_type")}
    record = {
        "eventID": "1",
        "eventName": "INSERT",
        "dynamodb": {"Keys": keys, "NewImage": image, "SequenceNumber": "1"},
    }
    stream = memory.module("cache-stream")
    assert stream.handler({"Records": [record]}, None) == {"batchItemFailures": []}
    assert server.direct.get(key) != before
    server.go_away()
    failed = stream.handler({"Records": [record]}, None)
    assert failed == {"batchItemFailures": [{"itemIdentifier": "1"}]}

    # When redis answers again, then the first retry is done
    server.come_back()
    before = server.direct.get(key)
    assert stream.handler({"Records": [record]}, None) == {"batchItemFailures": []}
    assert server.direct.get(key) != before


def test_a_consumer_of_the_stream_waits_for_a_slow_redis(server: RedisServer) -> None:
    # Given a redis that takes longer than a request waits
    settings = Settings(cache_url=server.url)
    assert settings.cache_timeout_ms < 100
    cache = ContextCache.of_stream(settings, lambda _: None)
    cache.renew("ada")  # connects
    server.direct.client_pause(100)

    # When a consumer of the stream makes the contexts of a user unreachable, then it is done
    cache.renew("ada")
