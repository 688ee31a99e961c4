"""The copy of the first history table, killed with `kill -9` at random points and run again.

    python -m systems.memory.benchmarks.killed_copy [--items 100000] [--kills 3] [--seed 1]

Half of the items have their moment in ISO 8601 and half in epoch milliseconds; two thirds have an
expiry. Each run is a process of its own with the same checkpoint. At the end every item is compared
with what its source becomes, and the expiries are counted.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.migrate import ENVIRONMENT, connection, fill, pairing_of
from benchmarks.result import keep, machine, parser
from keyline_ops.migrating.checkpoint import checkpoint
from keyline_ops.migrating.copying import Copier, Pairing
from keyline_ops.migrating.outcome import Outcome
from keyline_ops.migrating.run import backfill, new_segments
from keyline_ops.migrating.verify import Verification
from keyline_ops.scanning.parallel import SEGMENTS
from keyline_ops.scanning.requests import Rate, Requests
from keyline_ops.scanning.segments import Item, Segments
from memory.legacy import LEGACY_HISTORY, LegacyTurn
from memory.settings import Settings
from memory.tables import HISTORY, Turn
from systems.memory.backfills import BACKFILLS
from tests.support.engine import running_engine
from tests.support.tables import create_table_params, created

BEGIN = 1_750_000_000
"""Epoch seconds of the first turn."""
EXPIRY = 4_000_000_000
"""Epoch seconds: none expires while it is copied."""


def pairing() -> Pairing[LegacyTurn, Turn]:
    """Return the copy that the memory system declares."""
    (copy,) = BACKFILLS
    return pairing_of(copy, Settings())


def turn(number: int) -> LegacyTurn:
    """Make an item of the first history."""
    moment = BEGIN + number
    text = datetime.fromtimestamp(moment, UTC).replace(tzinfo=None).isoformat()
    return LegacyTurn(
        user_id=f"user-{number % 1_000}",
        sort_key=text if number % 2 else f"{moment * 1_000}",
        role="user",
        content=f"Line {number} of what was said.",
        session_id=f"session-{number // 20}",
        ttl=EXPIRY + number if number % 3 else None,
    )


def copy(url: str, folder: Path) -> Outcome:
    """Copy what the checkpoint in a folder does not have as done; tell each page on stdout."""
    made = pairing()
    requests = Requests(connection(url), made.copy.name)
    with checkpoint(folder, "killed") as kept:
        kept.state.segments = kept.state.segments or new_segments(SEGMENTS)
        return backfill(
            Copier(made, requests, Rate(None)),
            Segments(requests, made.source.name, SEGMENTS),
            kept,
            lambda items: print(items, flush=True),
        )


def run(url: str, folder: Path, most: float) -> int:
    """Copy in a process, kill it after so many items, and return how many it told of."""
    command = [sys.executable, "-m", "systems.memory.benchmarks.killed_copy", "--child"]
    done = 0
    with subprocess.Popen(
        [*command, url, str(folder)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            done += int(line)
            if done >= most:
                process.kill()
                break
    if done < most and process.returncode:
        raise RuntimeError("the copy has failed")
    return done


def expiring(requests: Requests, table: str) -> int:
    """Count the items that have an expiry."""

    def has_expiry(item: Item) -> bool:
        return "ttl" in item

    pages = Segments(requests, table, 1).pages(0, None)
    return sum(sum(map(has_expiry, page.Items)) for page in pages)


def measured(items: int, kills: int, seed: int) -> dict[str, Any]:
    """Fill, copy with kills, and compare all items."""
    drawn = random.Random(seed)
    tables = [create_table_params(table, ENVIRONMENT) for table in (LEGACY_HISTORY, HISTORY)]
    with running_engine() as url, created(url, tables), tempfile.TemporaryDirectory() as folder:
        fill(url, pairing().source, turn, items)
        started, told = time.perf_counter(), list[int]()
        for _ in range(kills):
            told.append(run(url, Path(folder), drawn.uniform(0.05, 0.9) * (items - sum(told))))
        told.append(run(url, Path(folder), float("inf")))
        seconds = time.perf_counter() - started
        requests, made = Requests(connection(url), "killed"), pairing()
        verdict = Verification(made, requests, 1.0).run(SEGMENTS, lambda _: None)
        source = expiring(requests, made.source.name)
        target = expiring(requests, made.target.name)
    return {
        "machine": machine(),
        "items": items,
        "items_told_of_by_each_run": told,
        "items_per_second_with_restarts": round(items / seconds),
        "every_item_once": verdict.faultless
        and verdict.source == verdict.target == verdict.compared == items,
        "with_expiry": [source, target],
    }


def main() -> int:
    """Measure; the exit code is not zero if an item is missing, twice, or wrong."""
    options = parser(__doc__, __file__)
    options.add_argument("--items", type=int, default=100_000)
    options.add_argument("--kills", type=int, default=3)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--child", nargs=2, help="for the benchmark itself")
    given = options.parse_args()
    if given.child:
        copy(given.child[0], Path(given.child[1]))
        return 0
    result = measured(given.items, given.kills, given.seed)
    keep(result, given.json)
    source, target = result["with_expiry"]
    return 0 if result["every_item_once"] and source == target else 1


if __name__ == "__main__":
    raise SystemExit(main())
