"""Analytics from the cache: how often it helps, and that it is never needed."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest

from keyline.cache import FAILURE, HIT, MISS
from keyline.cache.redis import OPEN_SECONDS
from tests.support.platform import Running
from tests.systems.chat.e2e.api import Api, fresh_id, fresh_name

pytestmark = pytest.mark.xdist_group("chat")

ASKED = 10


def counted(running: Running, name: str) -> int:
    """Return the sum of a count over all EMF documents so far."""
    return int(
        sum(
            sum(sample.values)
            for metric in running.platform.logs.metrics
            for sample in metric.samples()
            if sample.name == name and sample.namespace == "Keyline"
        )
    )


def until_the_cache_answers(api: Api, running: Running) -> None:
    """Ask until there is a hit: after a failure, the cache is left alone for some seconds."""
    day = time.strftime("%Y-%m-%d", time.gmtime())
    question, before = f"/modules/{fresh_id()}/analytics", counted(running, HIT)
    end = time.monotonic() + 3 * OPEN_SECONDS
    while counted(running, HIT) == before:
        assert time.monotonic() < end
        api.get(question, **{"from": day, "to": day})
        time.sleep(0.1)


@pytest.mark.requirement("T-58")
def test_the_cache_answers_what_was_asked_before_and_its_loss_fails_no_request(
    api: Api, running: Running
) -> None:
    # Given a module with messages
    module = fresh_id()
    for _ in range(3):
        api.post(fresh_name(), moduleId=module)
    running.settle()
    until_the_cache_answers(api, running)
    day = time.strftime("%Y-%m-%d", time.gmtime())
    question = f"/modules/{module}/analytics"
    asked: dict[str, Any] = {"from": day, "to": day}
    hits, misses, failures = (counted(running, name) for name in (HIT, MISS, FAILURE))

    # When the same is asked again and again
    answers = [api.get(question, **asked) for _ in range(ASKED)]

    # Then one answer is computed, and all others come from the cache
    assert answers == [answers[0]] * ASKED
    assert answers[0]["messages"] == 3
    assert counted(running, MISS) - misses == 1
    assert counted(running, HIT) - hits == ASKED - 1
    assert counted(running, FAILURE) == failures

    # When the cache hangs, then the answer is computed, and the failure counted
    cache = running.platform.cache
    assert cache is not None
    assert cache.child is not None
    assert cache.child.pid is not None
    os.kill(cache.child.pid, signal.SIGSTOP)
    api.post(fresh_name(), moduleId=module)
    running.settle()
    assert api.get(question, **asked)["messages"] == 4
    assert counted(running, FAILURE) > failures

    # When it is killed, then answers go on
    os.kill(cache.child.pid, signal.SIGKILL)
    other = api.get(f"/modules/{module}/reports", **asked)
    assert [row["messages"] for row in other["rows"]] == [4]
    assert api.get(question, **asked)["messages"] == 4
