"""Calls of tables of 1,000 items and more: time, and the units that they consume.

    python -m benchmarks.scale [--items 100000] [--rounds 7]

A call costs what it reads and writes, not what there is: its units have to be equal for every size,
and its time within 1.5 times. Each table has ten times the items of the one before, up to what
`--items` says. All are on one embedded engine. The calls of both clients and all sizes take turns,
with keys that are drawn from the whole table. The engine's file grows with the table, so that the
time of the engine itself may grow: boto3's client makes the same calls of the same tables. The
fastest call of a round counts.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from benchmarks.ratio import Ratio, report
from benchmarks.readings import Calls, by_boto3, by_keyline, fill
from benchmarks.result import keep, machine, parser
from keyline.run import Store
from tests.support.engine import running_engine

LEAST = 1_000
CALLS = 40
"""Calls of each kind in a round."""
BUDGET = 1.5
OURS, THEIRS = "keyline", "boto3"

Times = dict[tuple[str, str, int], list[float]]
"""What was called, by which client, of which size → milliseconds of a call, by round."""
Units = dict[str, dict[int, list[float]]]
"""What was called → the size of the table → the units that calls consumed."""


def sizes(most: int) -> list[int]:
    """Return the sizes of the tables: each ten times the one before."""
    found = [LEAST]
    while found[-1] * 10 <= most:
        found.append(found[-1] * 10)
    return found


def measure(most: int, rounds: int) -> tuple[Times, Units]:
    """Fill the tables and make the calls."""
    with running_engine() as url:
        stores = {size: fill(url, size) for size in sizes(most)}
        clients: dict[tuple[str, int], Calls] = {}
        for size, store in stores.items():
            clients[OURS, size] = by_keyline(store)
            clients[THEIRS, size] = by_boto3(url, size)
        fresh = {size: count(size) for size in stores}
        names = list(clients[OURS, LEAST])
        units: Units = {
            name: {size: _units(stores[size], clients, name, size, fresh[size]) for size in stores}
            for name in names
        }
        times: Times = {}
        for number in range(rounds + 1):
            for name in names:
                for (client, size), calls in clients.items():
                    numbers = _numbers(name, size, fresh[size], number)
                    took = _time(calls[name], numbers)
                    if number:  # the first round warms up
                        times.setdefault((name, client, size), []).append(took)
    return times, units


def _numbers(name: str, size: int, fresh: Iterator[int], seed: int) -> list[int]:
    """Return the numbers of the readings of some calls: new ones to create, else any."""
    if name == "create":
        return [next(fresh) for _ in range(CALLS)]
    drawn = random.Random(seed)
    return [drawn.randrange(size) for _ in range(CALLS)]


def _time(call: Callable[[int], Any], numbers: list[int]) -> float:
    """Return the milliseconds of the fastest of some calls: others only add to what it takes."""
    taken = []
    for number in numbers:
        started = time.perf_counter()
        call(number)
        taken.append((time.perf_counter() - started) * 1000)
    return min(taken)


def _units(
    store: Store, clients: dict[tuple[str, int], Calls], name: str, size: int, fresh: Iterator[int]
) -> list[float]:
    """Return the read and write units of calls, each different figure once."""
    before = len(store.meter.calls)
    for number in _numbers(name, size, fresh, 0):
        clients[OURS, size][name](number)
    return sorted({call.read + call.write for call in store.meter.calls[before:]})


def ratios(times: Times, most: int) -> list[Ratio]:
    """Compare the largest table with the smallest, and both with boto3."""
    found = []
    for name in dict.fromkeys(name for name, _, _ in times):
        ours = {size: times[name, OURS, size] for size in (LEAST, most)}
        what = f"time of {name}, {most:,} items in the table"
        both = zip(ours[most], ours[LEAST], strict=True)
        found.append(Ratio.of_rounds(what, f"{LEAST:,} items", both, budget=BUDGET))
        for size, taken in ours.items():
            rounds = zip(taken, times[name, THEIRS, size], strict=True)
            what = f"time of {name}, {size:,} items in the table"
            found.append(Ratio.of_rounds(what, "boto3", rounds))
    return found


def main() -> int:
    """Measure, print, write the result; non-zero if a budget is missed or units differ."""
    options = parser(__doc__, __file__)
    options.add_argument("--items", type=int, default=100_000, help="of the largest table")
    options.add_argument("--rounds", type=int, default=7)
    given = options.parse_args()
    times, units = measure(given.items, given.rounds)
    compared = ratios(times, sizes(given.items)[-1])
    medians: dict[str, dict[str, dict[int, float]]] = {}
    for (name, client, size), taken in times.items():
        by = medians.setdefault(name, {}).setdefault(client, {})
        by[size] = round(statistics.median(taken), 3)
    result = {
        "what": "milliseconds of the fastest call by items in the table, median of the rounds",
        "where": f"{machine()}, embedded engine on loopback",
        "rounds": given.rounds,
        "ms": medians,
        "units": units,
        "ratios": compared,
    }
    keep(result, given.json)
    differing = [name for name, by in units.items() if len({*map(tuple, by.values())}) > 1]
    for name in differing:
        print(f"{name}: consumes other units of another table: {units[name]}")
    return report(compared) or int(bool(differing))


if __name__ == "__main__":
    raise SystemExit(main())
