"""A process of writers with a clock that stands still; started by test_unique.py.

Arguments: the engine's URL, the environment, the process' name, threads, writes per thread.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from keyline.run import Store, UniqueClock, dynamodb_client
from tests.support.engine import where
from tests.support.sample.notes import PUT_NOTE, note
from tests.support.sample.shop import LARGE

FROZEN_NS = 1_800_000_000_000_000_000


def main() -> None:
    """Write, all to one partition key and from one moment on."""
    url, environment, name, threads, writes = sys.argv[1:]
    client = dynamodb_client(**where(url), read_timeout=20.0)
    store = Store(
        system=LARGE,
        environment=environment,
        client=client,
        unique_clock=UniqueClock(lambda: FROZEN_NS),
    )

    def writer(number: int) -> None:
        for n in range(int(writes)):
            more: dict[str, Any] = {"name": f"{name}-{number}", "size": n, "ttl": 2**32}
            store.put_unique(PUT_NOTE, partial(note, "all", **more))

    with ThreadPoolExecutor(int(threads)) as pool:
        list(pool.map(writer, range(int(threads))))


if __name__ == "__main__":
    main()
