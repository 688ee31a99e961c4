"""The reports specification's claims of latencies (K-41, K-45, K-46), on the embedded engine.

    python -m systems.reports.benchmarks.claims

The engine runs on one machine without a network, so its times are not times of DynamoDB: they are
what the client and the engine take together. What carries over are the requests and units.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.result import keep, machine, parser
from keyline.model import Pattern, item_size
from keyline.percentile import percentile
from keyline.run import ItemWriter, Store, TableSettings, dynamodb_client
from reports.patterns import (
    EMBEDDING_BYTES,
    EMBEDDING_STORE,
    MODEL_EMBEDDINGS,
    REPORT_BYTES,
    REPORT_GET,
    REPORT_STORE,
    REPORT_UPDATE,
    USER_REPORTS,
)
from reports.system import SYSTEM
from reports.tables import Embedding, Report
from tests.support.engine import admin_client, running_engine, where
from tests.support.tables import create_table_params

ENVIRONMENT = "claims"
REPORTS, EMBEDDINGS, CALLS = 2_000, 800, 500
USERS = 20
MOMENT = "2026-01-31T00:00:00.000000Z"


@dataclass(frozen=True)
class Claim:
    """A claimed latency and what was measured.

    Attributes
    ----------
    claimed_ms
        As the specification words it.
    items, units
        Of one call: items read or written, read or write units.
    p50_ms, p99_ms
        Of all calls, from the call to the typed result.
    """

    line: str
    what: str
    pattern: str
    claimed_ms: str
    calls: int
    items: float
    units: float
    p50_ms: float
    p99_ms: float


def run() -> list[Claim]:
    """Fill the tables and call each pattern one call after the other."""
    with running_engine() as url:
        store = _store(url)
        items = [_sized(store, REPORT_STORE, REPORT_BYTES, _report, n) for n in range(REPORTS)]
        creates = [functools.partial(store.put, REPORT_STORE, item) for item in items]
        created = _claim("K-41", "store a report", "2 to 5, at worst 10", store, creates)
        for number in range(EMBEDDINGS):
            item = _sized(store, EMBEDDING_STORE, EMBEDDING_BYTES, _embedding, number)
            store.put(EMBEDDING_STORE, item, model="m-1", created_at=MOMENT)
        return [
            created,
            _claim("K-41", "change a report", "2 to 5, at worst 10", store, _changes(store)),
            _claim("K-45", "a report by its key", "1 to 3", store, _gets(store)),
            _claim("K-46", "20 reports of a user", "3 to 8", store, _lists(store)),
            _claim("K-46", "20 vectors of a model version", "3 to 8", store, _vectors(store)),
        ]


def main() -> int:
    """Measure, print and keep the result."""
    arguments = parser(__doc__, __file__).parse_args()
    measured = {"machine": machine(), "claims": run()}
    keep(measured, arguments.json)
    return 0


Call = Callable[[], Any]


def _changes(store: Store) -> Iterator[Call]:
    for number in range(CALLS):
        yield functools.partial(
            store.update,
            REPORT_UPDATE,
            {"author": f"b{number:04}"},
            expected=1,
            id=f"report-{number:05}",
            user_id=_owner(number),
        )


def _gets(store: Store) -> Iterator[Call]:
    for number in range(CALLS):
        yield functools.partial(store.get, REPORT_GET, id=f"report-{number:05}")


def _lists(store: Store) -> Iterator[Call]:
    for number in range(CALLS):
        yield functools.partial(store.query, USER_REPORTS, limit=20, user_id=_owner(number))


def _vectors(store: Store) -> Iterator[Call]:
    for _ in range(CALLS):
        yield functools.partial(store.query, MODEL_EMBEDDINGS, limit=20, model_version="m-1")


def _claim(line: str, what: str, claimed: str, store: Store, calls: Any) -> Claim:
    before = len(store.meter.calls)
    times = []
    for call in calls:
        started = time.perf_counter()
        call()
        times.append((time.perf_counter() - started) * 1000)
    made = store.meter.calls[before:]
    return Claim(
        line=line,
        what=what,
        pattern=made[0].pattern,
        claimed_ms=claimed,
        calls=len(times),
        items=round(sum(each.items for each in made) / len(times), 1),
        units=round(sum(each.read + each.write for each in made) / len(times), 1),
        p50_ms=round(percentile(sorted(times), 0.5), 1),
        p99_ms=round(percentile(sorted(times), 0.99), 1),
    )


def _sized(
    store: Store, pattern: Pattern[Any], size: int, make: Callable[[int, int], Any], number: int
) -> Any:
    """Return the item of a number, as large as its pattern declares."""
    writer = ItemWriter(pattern.table, pattern.kind, TableSettings(store.settings))
    bare = item_size(writer.attributes(make(number, 0), 0.0))
    return make(number, size - bare)


def _owner(number: int) -> str:
    return f"user-{number % USERS:03}"


def _report(number: int, padding: int) -> Report:
    return Report(
        id=f"report-{number:05}",
        user_id=_owner(number),
        title="t" * padding,
        author="b0000",
        created_at=MOMENT.replace("000000Z", f"{number:06}Z"),
        updated_at=MOMENT,
    )


def _embedding(number: int, padding: int) -> Embedding:
    return Embedding(
        product_id=f"product-{number:05}",
        model_version="m-1",
        model="m-1",
        embedding_vector=bytes(padding),
        vector_dimension=512,
        vector_codec="float32",
        created_at=MOMENT,
    )


def _store(url: str) -> Store:
    client = admin_client(url)
    for table in SYSTEM.tables:
        client.create_table(**create_table_params(table, ENVIRONMENT))
    dynamodb = dynamodb_client(**where(url), read_timeout=30)
    return Store(system=SYSTEM, environment=ENVIRONMENT, client=dynamodb)


if __name__ == "__main__":
    sys.exit(main())
