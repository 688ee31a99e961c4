"""Counts of what a query finds, without its items."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Any

from keyline.run import reply
from keyline.run.calls import Calls
from keyline.run.compiled import CompiledCount
from keyline.run.fieldtext import NothingMatchesError
from keyline.run.request import Request
from keyline.run.shards import in_shards

_COUNTED = reply.decoder(reply.CountReply)


def count(
    compiled: CompiledCount,
    calls: Calls,
    given: Mapping[str, Any],
    executor: Callable[[], Executor],
) -> int:
    """Return how many items a query finds, those that have expired left aside.

    Parameters
    ----------
    executor
        Where shards are counted at the same time.
    """
    try:
        request = compiled.prepared.build(given, time.time())
    except NothingMatchesError:
        return 0
    requests = in_shards(compiled.pattern, compiled.prepared.partition, request, compiled.shards)
    if len(requests) == 1:
        return _of_one(compiled, calls, requests[0])
    return sum(executor().map(lambda each: _of_one(compiled, calls, each), requests))


def _of_one(compiled: CompiledCount, calls: Calls, request: Request) -> int:
    found, page = 0, dict(request)
    while True:
        answer: reply.CountReply = calls.send(compiled.pattern, "Query", page, _COUNTED, _count)
        found += answer.Count
        if answer.LastEvaluatedKey is None:
            return found
        page["ExclusiveStartKey"] = answer.LastEvaluatedKey


def _count(answer: reply.CountReply) -> int:
    return answer.Count
