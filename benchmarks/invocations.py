"""Each function of each system beside boto3: an invocation, and the first of a new process.

    python -m benchmarks.invocations [--rounds 5] [--runs 5] [--only SYSTEM/FUNCTION]

The journeys of all systems run on a local platform. Each function gets again the event that it got
most often, of those that succeed again and that make it call DynamoDB. The calls of DynamoDB are
recorded. Beside it, boto3's client makes the very same calls, with parameters that are ready: it
reads the body of the event, makes the calls, and writes what they returned as JSON. It checks,
logs, measures and limits nothing, so that it is the floor of a handler on boto3. Calls of other
services are made by our handler alone.

Each side has a copy of the engine's data from before, and its own process. Both sides take turns.
Ours is the bundle as it is shipped, read-only and with byte code (benchmarks.cold). CPU is that of
the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import statistics
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.progress import track

from benchmarks.cold import shipped
from benchmarks.handlers.capture import Captured, Event, journeys_made
from benchmarks.handlers.process import Handler, Running, running
from benchmarks.handlers.recorder import Call, recorder
from benchmarks.ratio import Ratio, report
from benchmarks.result import keep, machine, parser
from keyline.model import Function, System, function_name
from keyline_deploy.systems import systems
from keyline_ops.demo.tour import ENVIRONMENT
from tests.support.engine import engine_process

CALLS = 15
"""Invocations of a round."""
_TRIES = 3
"""Invocations after which an event is known to succeed again."""
AGAINST = "boto3 with the same calls"
_ENGINE = "AWS_ENDPOINT_URL_DYNAMODB"
Recorded = list[list[Call]]
"""The calls of DynamoDB of each invocation."""


@dataclass(frozen=True)
class Measured:
    """A function beside boto3.

    Attributes
    ----------
    kind
        What the event asks for.
    calls
        The calls of DynamoDB of an invocation.
    warm, cold
        Milliseconds of ours and of boto3, by round and by run.
    """

    kind: str
    calls: float
    warm: list[tuple[float, float]]
    cold: list[tuple[float, float]]


class Bench:
    """The data, bundles and processes for the measurement of functions.

    Parameters
    ----------
    data
        The engine's file after the journeys.
    folder
        Where bundles and copies of the data are put.
    """

    def __init__(self, data: Path, folder: Path, rounds: int, runs: int) -> None:
        self._data = data
        self._folder = folder
        self._rounds = rounds
        self._runs = runs
        self._bundles: dict[tuple[str, str, tuple[str, ...]], Path] = {}

    def measure(self, system: System, function: Function, seen: Captured) -> Measured | None:
        """Measure a function; None if no event of it succeeds again and calls DynamoDB."""
        invocations = (self._rounds + 1) * CALLS + self._runs + 1
        bundle = self._bundle(system, function)
        for kind, event in seen.candidates():
            ours = _ours(seen, event, bundle)
            calls = self._recorded(ours, invocations)
            if calls:
                made = statistics.mean(len(each) for each in calls)
                sides = ours, self._boto3(seen, event, calls)
                return Measured(kind, made, *self._compare(*sides))
        return None

    def _bundle(self, system: System, function: Function) -> Path:
        what = (system.name, function.requirements, tuple(function.services))
        if what not in self._bundles:
            place = self._folder / f"bundle-{len(self._bundles)}"
            place.mkdir()
            self._bundles[what] = shipped(system.name, function, place)
        return self._bundles[what]

    def _recorded(self, ours: Handler, invocations: int) -> Recorded:
        """Return the calls of so many invocations; none if they are not the same each time.

        That is so if an invocation fails or calls nothing, or if something other than DynamoDB
        remembers what was done, such as a cache.
        """
        first = self._calls(ours, _TRIES)
        calls = self._calls(ours, invocations) if first else []
        same = _operations(first) == _operations(calls[:_TRIES])
        return calls if same else []

    def _calls(self, ours: Handler, invocations: int) -> Recorded:
        """Return the calls of so many invocations; none if one fails or calls nothing."""
        with self._engine() as url, recorder(url) as told, self._process(ours, told.url) as it:
            found = []
            for _ in range(invocations):
                try:
                    failed = it.invoke(0, 1).failed
                except RuntimeError:
                    return []
                found.append(told.take())
                if failed or not found[-1]:
                    return []
            return found

    def _boto3(self, seen: Captured, event: Event, calls: Recorded) -> Handler:
        environ = {name: value for name, value in seen.environ.items() if name.startswith("AWS_")}
        kept = str(self._folder / "boto3")
        return Handler(
            AGAINST,
            {"event": event, "calls": calls},
            {
                **environ,
                "PATH": os.defpath,
                "PYTHONPATH": sysconfig.get_path("purelib"),
                "PYTHONPYCACHEPREFIX": kept,
            },
        )

    def _compare(
        self, ours: Handler, theirs: Handler
    ) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
        """Return the milliseconds of an invocation, and of the first of a process."""
        warm, cold = [], []
        with self._engine() as one, self._engine() as other:
            with self._process(ours, one) as mine, self._process(theirs, other) as its:
                for number in range(self._rounds + 1):
                    span = number * CALLS, (number + 1) * CALLS
                    spent = mine.invoke(*span)
                    if spent.failed:
                        raise RuntimeError(f"{ours.name}: {spent.failed} of {CALLS} failed")
                    pair = spent.cpu, its.invoke(*span).cpu
                    if number:  # the first round warms up
                        warm.append((pair[0] * 1000 / CALLS, pair[1] * 1000 / CALLS))
            first = (self._rounds + 1) * CALLS
            for number in range(first, first + self._runs + 1):
                with self._process(ours, one) as mine, self._process(theirs, other) as its:
                    span = number, number + 1
                    starts = mine.invoke(*span).since_start, its.invoke(*span).since_start
                    if number > first:
                        cold.append((starts[0] * 1000, starts[1] * 1000))
        return warm, cold

    @contextlib.contextmanager
    def _engine(self) -> Iterator[str]:
        """Yield the URL of an engine with a copy of the data of its own."""
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            copy = Path(folder, "engine.db")
            with (
                contextlib.closing(sqlite3.connect(self._data)) as old,
                contextlib.closing(sqlite3.connect(copy)) as new,
            ):
                old.backup(new)
            with engine_process(copy) as url:
                yield url

    @contextlib.contextmanager
    def _process(self, handler: Handler, engine: str) -> Iterator[Running]:
        environ = {**handler.environ, _ENGINE: engine}
        with (
            tempfile.TemporaryDirectory(dir=self._folder) as folder,
            running(Handler(handler.name, handler.work, environ), Path(folder)) as process,
        ):
            yield process


def _ours(seen: Captured, event: Event, bundle: Path) -> Handler:
    handler = seen.environ["_HANDLER"]
    environ = {**seen.environ, "PYTHONPATH": str(bundle), "HOME": "/nowhere"}
    environ.pop("TMPDIR", None)
    return Handler(handler, {"event": event, "handler": handler}, environ)


def _operations(calls: Recorded) -> list[list[str]]:
    """Return the operations of each invocation."""
    return [sorted(operation for operation, _ in each) for each in calls]


def measure(rounds: int, runs: int, only: str | None) -> tuple[dict[str, Measured], list[str]]:
    """Measure all functions, or one; and name those that could not be."""
    return asyncio.run(_measured(rounds, runs, only))


async def _measured(
    rounds: int, runs: int, only: str | None
) -> tuple[dict[str, Measured], list[str]]:
    found: dict[str, Measured] = {}
    left: list[str] = []
    async with journeys_made() as (data, seen):
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(data, Path(folder), rounds, runs)
            for system, function in track([*_functions(only)], "Functions", console=None):
                deployed = function_name(system.name, function.name, ENVIRONMENT)
                name = f"{system.name}/{function.name}"
                measured = None
                if deployed in seen:
                    measured = await asyncio.to_thread(
                        bench.measure, system, function, seen[deployed]
                    )
                if measured:
                    found[name] = measured
                else:
                    left.append(name)
    return found, left


def _functions(only: str | None) -> Iterator[tuple[System, Function]]:
    for system in systems():
        for function in system.functions:
            if only in (None, f"{system.name}/{function.name}"):
                yield system, function


def _row(measured: Measured) -> Mapping[str, Any]:
    ours, theirs = zip(*measured.warm, strict=True)
    ours_cold, theirs_cold = zip(*measured.cold, strict=True)
    return {
        "event": measured.kind,
        "calls": round(measured.calls, 2),
        "warm_ms": [round(statistics.median(each), 3) for each in (ours, theirs)],
        "cold_ms": [round(statistics.median(each), 1) for each in (ours_cold, theirs_cold)],
    }


def _ratio(what: str, rounds: list[tuple[float, float]]) -> Ratio:
    return Ratio.of_rounds(what, AGAINST, rounds)


def main() -> int:
    """Measure, print, write the result; non-zero if a function could not be measured."""
    options = parser(__doc__, __file__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--runs", type=int, default=5, help="new processes of each function")
    options.add_argument("--only", help="one function: SYSTEM/FUNCTION")
    given = options.parse_args()
    found, left = measure(given.rounds, given.runs, given.only)
    ratios = [
        *(_ratio(f"CPU of {name}, {it.kind}", it.warm) for name, it in found.items()),
        *(_ratio(f"CPU of the first {name}", it.cold) for name, it in found.items()),
    ]
    result = {
        "what": "CPU milliseconds of an invocation and of a process's first: ours, and boto3's",
        "where": f"{machine()}, local platform",
        "rounds": given.rounds,
        "functions": {name: _row(measured) for name, measured in found.items()},
        "not_measured": left,
        "ratios": ratios,
    }
    keep(result, given.json)
    return report(ratios)


if __name__ == "__main__":
    raise SystemExit(main())
