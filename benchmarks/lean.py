"""The cost of a call in the run time beside other clients, in one run on the embedded engine.

    make bench-setup
    python -m benchmarks.lean [--rounds 21] [--no-instructions] [--json FILE]

Every client does the same to the same table: it gets an item, queries 1,000 items of about 600 B,
gets 100 by their keys, puts and updates an item. Each runs in a process of its own that imports no
other client, and must get the same items. The clients take turns in each round, and the median of
the rounds counts, so that a busy moment of the machine meets them all. CPU is that of the
client's process, with all threads. Where valgrind is installed, instructions are counted as well,
which takes some minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import statistics
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.clients.instructions import counted, instructions
from benchmarks.clients.keyline_store import ENVIRONMENT, PUT, SYSTEM, TABLE, message
from benchmarks.clients.process import OTHER_LIBRARIES, Running, Subject, running
from benchmarks.clients.tls import over_tls
from benchmarks.clients.workload import CALLS, ITEMS
from benchmarks.ratio import Ratio, report
from benchmarks.result import keep, machine, parser
from keyline.run import Store, dynamodb_client
from tests.support.engine import admin_client, running_engine, where
from tests.support.tables import create_table_params

OURS = "keyline"
SUBJECTS = (
    Subject("boto3 client", "boto3_client"),
    Subject("boto3 Table resource", "boto3_table"),
    Subject("PynamoDB", "pynamodb_model"),
    Subject("aiobotocore", "aiobotocore_client", OTHER_LIBRARIES),
    Subject("pydynox", "pydynox_client"),
    Subject(OURS, "keyline_store"),
)
BUDGETS = {  # operation and what it is held against → the most that its CPU may be of that
    ("get", "boto3 client"): 0.12,
    ("get", "pydynox"): 1.0,
    ("put", "boto3 client"): 0.2,
    ("update", "boto3 client"): 0.2,
    ("batch get", "boto3 client"): 0.3,
    ("query", "boto3 Table resource"): 0.12,
    ("query", "pydynox"): 1.0,
}
READS = ("get", "query", "batch get")
THREADS, GETS = 8, 800
COUNTED = {"get": 40, "query": 2, "batch get": 5, "put": 40, "update": 40}
"""Calls whose instructions are counted."""
NAME = TABLE.physical_name(ENVIRONMENT)

Rounds = dict[str, dict[str, list[float]]]
"""What was done → client → a figure of each round, in milliseconds for a call."""


def measure(rounds: int) -> tuple[Rounds, Rounds, Rounds]:
    """Return the CPU of each call, the same over TLS, and the time of a get in eight threads."""
    with engines() as (url, secure, certificate), contextlib.ExitStack() as stack:
        trust = {"AWS_CA_BUNDLE": str(certificate), "SSL_CERT_FILE": str(certificate)}
        plain = [stack.enter_context(running(it, url, NAME)) for it in SUBJECTS]
        over = [stack.enter_context(running(it, secure, NAME, environ=trust)) for it in SUBJECTS]
        must_agree([*plain, *over])
        cpu, tls, wall = Rounds(), Rounds(), Rounds()
        for number in range(rounds + 1):
            taken = (cpu, tls, wall) if number else (Rounds(), Rounds(), Rounds())  # warms up
            for operation, calls in CALLS.items():
                for clients, figures in ((plain, taken[0]), (over, taken[1])):
                    for client in clients:
                        spent = client.run(operation, calls)
                        _note(figures, operation, client, spent.cpu / calls)
            for client in plain:
                spent = client.run("get", GETS, THREADS)
                _note(taken[2], "get", client, spent.wall / GETS)
        must_agree([*plain, *over])
    return cpu, tls, wall


def count() -> Rounds:
    """Return the instructions of each call of each client."""
    counts: Rounds = {operation: {} for operation in CALLS}
    with engines() as (url, *_):
        for subject in SUBJECTS:
            with (
                tempfile.TemporaryDirectory() as folder,
                counted(subject, url, NAME, Path(folder)) as process,
            ):
                for operation, calls in COUNTED.items():
                    found = instructions(process, operation, calls, Path(folder))
                    counts[operation][subject.name] = [found]
    return counts


@contextlib.contextmanager
def engines() -> Iterator[tuple[str, str, Path]]:
    """Yield the URL of an engine with the items, its URL over TLS, and whom that lets trust."""
    with running_engine() as url, tempfile.TemporaryDirectory() as folder:
        admin_client(url).create_table(**create_table_params(TABLE, ENVIRONMENT))
        fill(Store(system=SYSTEM, environment=ENVIRONMENT, client=dynamodb_client(**where(url))))
        port = urlsplit(url).port
        if port is None:
            raise ValueError(f"{url}: the URL of an engine must have a port")
        with over_tls(port, Path(folder)) as (secure, certificate):
            yield url, secure, certificate


def fill(store: Store) -> None:
    """Put all items."""
    for number in range(ITEMS):
        store.put(PUT, message(number))


def medians(taken: Rounds) -> dict[str, dict[str, float]]:
    """Return the median of the rounds: what was done → client → figure."""
    return {
        operation: {name: round(statistics.median(values), 3) for name, values in by.items()}
        for operation, by in taken.items()
    }


def held(
    what: str,
    taken: Rounds,
    against: Iterable[str] | None = None,
    budgets: Mapping[tuple[str, str], float] | None = None,
) -> list[Ratio]:
    """Compare Keyline with other clients, in each round.

    Parameters
    ----------
    what
        What is measured; `{}` stands for the operation.
    against
        The other clients, or None for all.
    """
    chosen = {*(against or (it.name for it in SUBJECTS))} - {OURS}
    return [
        Ratio.of_rounds(
            what.format(operation),
            name,
            zip(by[OURS], theirs, strict=True),
            budget=(budgets or {}).get((operation, name)),
        )
        for operation, by in taken.items()
        for name, theirs in by.items()
        if name in chosen
    ]


def _note(taken: Rounds, what: str, client: Running, seconds: float) -> None:
    taken.setdefault(what, {}).setdefault(client.subject.name, []).append(seconds * 1000)


def must_agree(clients: Sequence[Running]) -> None:
    """Have each client put, update and read, and refuse if one has got other items."""
    for operation in ("put", "update"):
        for client in clients:
            client.run(operation, 1)
    for operation in READS:
        digests = {client.subject.name: client.digest(operation) for client in clients}
        if len({*digests.values()}) > 1:
            raise ValueError(f"{operation}: the clients got other items: {digests}")


def _arguments() -> argparse.Namespace:
    options = parser(__doc__, __file__)
    options.add_argument("--rounds", type=int, default=21)
    options.add_argument(
        "--instructions",
        action=argparse.BooleanOptionalAction,
        default=shutil.which("callgrind_control") is not None,
        help="count instructions as well (default: if valgrind is installed)",
    )
    arguments = options.parse_args()
    if not OTHER_LIBRARIES.exists():
        options.error("aiobotocore is not installed. Run `make bench-setup`.")
    if arguments.instructions and not shutil.which("callgrind_control"):
        options.error("valgrind is not installed. Install it, or leave --instructions out.")
    return arguments


def main() -> int:
    """Measure, print, write the result; non-zero if a budget is not met."""
    arguments = _arguments()
    cpu, tls, wall = measure(arguments.rounds)
    ratios = [
        *held("CPU of {}", cpu, budgets=BUDGETS),
        *held("CPU of {} over TLS", tls, ["boto3 client", "pydynox"]),
        *held(f"time of {{}} in {THREADS} threads", wall),
    ]
    result = {
        "what": "CPU milliseconds per call, median of the rounds",
        "where": f"{machine()}, embedded engine on loopback",
        "versions": {
            n: version(n) for n in ("boto3", "botocore", "pynamodb", "pydynox", "msgspec")
        },
        "rounds": arguments.rounds,
        "cpu_ms": medians(cpu),
        "cpu_ms_over_tls": medians(tls),
        "ms_in_8_threads": medians(wall),
    }
    if arguments.instructions:
        counts = count()
        result["instructions"] = medians(counts)
        ratios += held("instructions of {}", counts, ["boto3 client", "pydynox"])
    keep({**result, "ratios": ratios}, arguments.json)
    return report(ratios)


if __name__ == "__main__":
    raise SystemExit(main())
