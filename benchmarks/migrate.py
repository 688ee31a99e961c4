"""The copy of a table beside scripts that scan and put one by one, on the embedded engine.

    python -m benchmarks.migrate [--items 100000] [--json [FILE]]

There are two such scripts. One is what people write: boto3's resources. The budget is held against
it. The other has the client of the copy, and shows what transactions and segments alone bring: on
the embedded engine, which writes one item after the other, less than on DynamoDB, where each call
waits for the network. All make the same items of the same items. The copy runs in a process of its
own for a tenth of the items and for all of them: the two peaks of memory show
whether it depends on the size of the table. At the end every item is counted once.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import boto3
import msgspec

from benchmarks.peak import peak_megabytes
from benchmarks.ratio import Ratio, report
from benchmarks.result import keep, machine, parser
from keyline.model import Copy, Table
from keyline.run import Connection, dynamodb_client
from keyline_ops.migrating.checkpoint import checkpoint
from keyline_ops.migrating.copying import Copier, Pairing
from keyline_ops.migrating.outcome import Outcome
from keyline_ops.migrating.run import backfill, new_segments
from keyline_ops.migrating.stored import Kind
from keyline_ops.migrating.verify import Verification
from keyline_ops.scanning.parallel import SEGMENTS
from keyline_ops.scanning.requests import Rate, Requests
from keyline_ops.scanning.segments import Segments
from tests.support.engine import CREDENTIALS, REGION, running_engine, where
from tests.support.sample.moving import (
    OLD_RECEIPTS,
    RECEIPTS,
    RECEIPTS_COPY,
    SYSTEM,
    OldReceipt,
    Receipt,
)
from tests.support.tables import create_table_params, created

T = TypeVar("T", bound=msgspec.Struct)
IntoT = TypeVar("IntoT", bound=msgspec.Struct)

ENVIRONMENT = "local"
BATCH = 25
"""Items of one request."""
TEXT = "x" * 400
TIMES = 4.0
"""How many times faster than the script the copy has to be."""
GROWTH = 1.2
"""How much more memory the copy of all items may take than that of a tenth of them."""


def connection(url: str) -> Connection:
    """Return a connection as the command has it."""
    return Connection(dynamodb_client(**where(url), read_timeout=20, pool=SEGMENTS))


def pairing() -> Pairing[OldReceipt, Receipt]:
    """Return the copy of the sample's receipts."""
    return pairing_of(RECEIPTS_COPY, SYSTEM.settings())


def pairing_of(copy: Copy[T, IntoT], settings: msgspec.Struct) -> Pairing[T, IntoT]:
    """Return a copy between the tables of the benchmarks' environment, as the command has it."""
    source = _kind(copy, copy.source, copy.shape, settings)
    return Pairing(copy, source, _kind(copy, copy.target, copy.into, settings))


def _kind(copy: Copy[Any, Any], table: Table, shape: type[T], settings: msgspec.Struct) -> Kind[T]:
    return Kind(copy.name, table, shape, table.physical_name(ENVIRONMENT), settings)


def fill(url: str, kind: Kind[T], make: Callable[[int], T], items: int) -> None:
    """Write so many items of a kind.

    Parameters
    ----------
    make
        Makes the item of a number.
    """
    link = connection(url)

    def write(start: int) -> None:
        numbers = range(start, min(start + BATCH, items))
        puts = [{"PutRequest": {"Item": kind.written(make(n))}} for n in numbers]
        link.send("BatchWriteItem", {"RequestItems": {kind.name: puts}})

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, range(0, items, BATCH)))


def _receipt(number: int) -> OldReceipt:
    return OldReceipt(
        customer=f"c{number % 1000}", number=number, cents=number + 1, text=TEXT, expires=4 * 10**9
    )


def script(url: str, items: int) -> float:
    """Scan and put items with boto3, as scripts do; how many a second."""
    key, secret = CREDENTIALS
    resources = boto3.resource(
        "dynamodb",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )
    source = resources.Table(OLD_RECEIPTS.physical_name(ENVIRONMENT))
    target = resources.Table(RECEIPTS.physical_name(ENVIRONMENT))
    started, done, more = time.perf_counter(), 0, dict[str, Any]()
    while done < items:
        page = source.scan(ConsistentRead=True, **more)
        for item in page["Items"][: items - done]:
            item["pk"] = f"{item['customer']}#{int(item['number']):08d}"
            item["ttl"] = item.pop("expires")
            target.put_item(Item=item)
            done += 1
        more = {"ExclusiveStartKey": page.get("LastEvaluatedKey")}
    return items / (time.perf_counter() - started)


def one_by_one(url: str, items: int) -> float:
    """Read and put items one by one with the client of the copy; how many a second."""
    made, requests = pairing(), Requests(connection(url), "receipts")
    started, done = time.perf_counter(), 0
    for page in Segments(requests, made.source.name, 1).pages(0, None):
        for item in page.Items:
            pair = made.pair(item, Outcome(), time.time())
            if pair is not None:
                requests.send("PutItem", {"TableName": made.target.name, "Item": pair.target})
            done += 1
            if done == items:
                return items / (time.perf_counter() - started)
    raise ValueError(f"there are only {done} items")


def copied(url: str, items: int) -> tuple[float, float]:
    """Copy the table; items a second, and the peak of the process's memory in MB."""
    requests = Requests(connection(url), "receipts")
    made = pairing()
    with tempfile.TemporaryDirectory() as folder, checkpoint(Path(folder), "k") as kept:
        kept.state.segments = new_segments(SEGMENTS)
        started = time.perf_counter()
        outcome = backfill(
            Copier(made, requests, Rate(None)),
            Segments(requests, made.source.name, SEGMENTS),
            kept,
            lambda _: None,
        )
        seconds = time.perf_counter() - started
    if outcome.written != items:
        raise ValueError(f"{outcome.written} of {items} items were written")
    return items / seconds, peak_megabytes()


def in_process(url: str, items: int) -> tuple[float, float]:
    """Measure a copy in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(copied, url, items).result()


def tables(url: str) -> Any:
    """Create both tables for a block."""
    params = [create_table_params(table, ENVIRONMENT) for table in (OLD_RECEIPTS, RECEIPTS)]
    return created(url, params)


def measured(items: int) -> Iterator[tuple[str, Any]]:
    """Yield the figures by name."""
    tenth, source = max(1_000, items // 10), pairing().source
    with running_engine() as url:
        with tables(url):
            fill(url, source, _receipt, tenth)
            few = min(tenth, 2_000)
            baseline, lean = script(url, few), one_by_one(url, few)
        with tables(url):
            fill(url, source, _receipt, tenth)
            _, small = in_process(url, tenth)
        with tables(url):
            fill(url, source, _receipt, items)
            rate, large = in_process(url, items)
            requests = Requests(connection(url), "receipts")
            verdict = Verification(pairing(), requests, 1.0).run(SEGMENTS, lambda _: None)
    yield "items", items
    yield "script_per_second", round(baseline)
    yield "one_by_one_per_second", round(lean)
    yield "copy_per_second", round(rate)
    yield "times", round(rate / baseline, 2)
    yield "times_one_by_one", round(rate / lean, 2)
    yield "peak_mb_of_a_tenth", round(small, 1)
    yield "peak_mb", round(large, 1)
    yield (
        "every_item_once",
        verdict.faultless and verdict.source == verdict.target == verdict.compared == items,
    )


def main() -> int:
    """Measure; non-zero if a budget is missed."""
    options = parser(__doc__, __file__)
    options.add_argument("--items", type=int, default=100_000)
    given = options.parse_args()
    result = {"machine": machine(), **dict(measured(given.items))}
    ratios = [
        Ratio(
            what=f"time of the copy of {given.items:,} items",
            against="a boto3 script that scans and puts",
            value=round(1 / result["times"], 3),
            budget=1 / TIMES,
        ),
        Ratio(
            what=f"memory of the copy of {given.items:,} items",
            against="the copy of a tenth of them",
            value=round(result["peak_mb"] / result["peak_mb_of_a_tenth"], 3),
            budget=GROWTH,
        ),
    ]
    keep({**result, "ratios": ratios}, given.json)
    return report(ratios) or int(not result["every_item_once"])


if __name__ == "__main__":
    raise SystemExit(main())
