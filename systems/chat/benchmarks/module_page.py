"""A page of a module, with 1,000 and with 200,000 messages in the table.

    python -m systems.chat.benchmarks.module_page [--calls 400]

What a Query costs depends on what it returns, not on how much there is: read units have to be
equal, and time within 1.5 times. The two tables take turns on one engine, so that a busy moment
of the machine meets them both.
"""

from __future__ import annotations

import random
import statistics
import time
from typing import Any

from rich.progress import track

from benchmarks.ratio import Ratio, report
from benchmarks.result import keep, machine, parser
from chat.patterns import MODULE_MESSAGES
from chat.system import SYSTEM
from chat.tables import MESSAGES, Message
from keyline.percentile import percentile
from keyline.run import Store, dynamodb_client
from tests.support.engine import admin_client, running_engine, where
from tests.support.tables import create_table_params

SIZES = (1_000, 200_000)
MODULES = 20
MODULE = 7
PAGE = 20
WRITES = 25
"""Items of one BatchWriteItem call."""
BUDGET = 1.5
EVER = (0.0, 4e12)


def measure(calls: int) -> dict[str, Any]:
    """Return milliseconds and read units of a page, by the size of the table."""
    with running_engine() as url:
        stores = {size: _filled(url, size) for size in SIZES}
        times: dict[int, list[float]] = {size: [] for size in SIZES}
        units: dict[int, set[float]] = {size: set() for size in SIZES}
        for turn in range(calls):
            for size in SIZES if turn % 2 else SIZES[::-1]:
                store = stores[size]
                started = time.perf_counter()
                page = store.query(MODULE_MESSAGES, limit=PAGE, moduleId=MODULE, timestamp=EVER)
                times[size].append((time.perf_counter() - started) * 1000)
                units[size].add(store.meter.calls[-1].read)
                if len(page.items) != PAGE:
                    raise SystemExit(f"a page held {len(page.items)} items, not {PAGE}")
        return {
            str(size): {
                "p50_ms": round(statistics.median(times[size]), 3),
                "p99_ms": round(percentile(sorted(times[size]), 0.99), 3),
                "read_units": sorted(units[size]),
            }
            for size in SIZES
        }


def main() -> int:
    """Measure, print, write the result; non-zero if the budget is not met."""
    options = parser(__doc__, __file__)
    options.add_argument("--calls", type=int, default=400)
    arguments = options.parse_args()
    measured = measure(arguments.calls)
    small, large = (measured[str(size)] for size in SIZES)
    ratio = Ratio(
        what=f"time of a page of {PAGE}, {SIZES[1]:,} items in the table",
        against=f"{SIZES[0]:,} items",
        value=round(large["p50_ms"] / small["p50_ms"], 3),
        budget=BUDGET,
    )
    result = {
        "what": f"a page of {PAGE} messages of a module, by the number of messages in the table",
        "where": f"{machine()}, embedded engine on loopback",
        "calls": arguments.calls,
        "by_messages": measured,
        "ratios": [ratio],
    }
    keep(result, arguments.json)
    return report([ratio]) or int(small["read_units"] != large["read_units"])


def _filled(url: str, size: int) -> Store:
    environment = f"size{size}"
    client = admin_client(url)
    client.create_table(**create_table_params(MESSAGES, environment))
    table = MESSAGES.physical_name(environment)
    drawn = random.Random(size)
    for start in track(range(0, size, WRITES), f"Writing {size:,} messages"):
        rows = [_item(number, drawn) for number in range(start, min(size, start + WRITES))]
        client.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": r}} for r in rows]})
    return Store(
        system=SYSTEM,
        environment=environment,
        client=dynamodb_client(**where(url)),
    )


def _item(number: int, drawn: random.Random) -> dict[str, Any]:
    message = Message(
        conversationId=f"c{number // 10}",
        timestamp=1_700_000_000_000.0 + number,
        messageId=f"{number:032}",
        moduleId=number % MODULES,
        provider=drawn.choice(("openai", "anthropic")),
        modelUsed="model",
        question="q" * 600,
        response="r" * 900,
        tokenCount=drawn.randint(50, 900),
        responseTime=drawn.randint(200, 9_000),
        hasFile=False,
        createdAt="2023-11-14T22:13:20Z",
        studentId=drawn.randint(1, 500),
    )
    return {
        name: _value(getattr(message, name))
        for name in message.__struct_fields__
        if getattr(message, name) is not None
    }


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": value}
    return {"N": format(value, ".3f") if isinstance(value, float) else str(value)}


if __name__ == "__main__":
    raise SystemExit(main())
