"""Costs beside DynamoDB: functions, API requests, logs, streams, alarms, metrics.

No declaration says how often a function is invoked. The number follows from the calls of the
patterns, as a range: at least as often as its most frequent pattern, at most as often as all of
them together. Sources: the pricing pages that the price file names; Lambda developer guide,
"Understanding Lambda event filtering".
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from keyline.errors import KeylineError, instead_of
from keyline.model import Function, Pattern, System, deployment
from keyline_deploy.environment import Environment
from keyline_deploy.project import ROOT
from keyline_deploy.rates import MONTH_DAYS, due_in_a_month
from keyline_ops.costs.observability import Observability
from keyline_ops.costs.prices import GIGABYTE, MILLION, Prices
from keyline_ops.costs.units import Bounds, total
from keyline_ops.costs.usage import Usage

PROFILES = ROOT / "benchmarks" / "results" / "functions.json"
"""What an invocation of each function takes, as `python -m benchmarks.functions` measured it."""

WAIT_MS = 5.0
"""How long an invocation is taken to wait for DynamoDB, which the local engine does not tell."""
PLATFORM_LOG_BYTES = 500
"""What Lambda writes of each invocation: START, END and REPORT."""
UNKNOWN = "not known: say it with --invocations"


@dataclass(frozen=True)
class ServiceCost:
    """A line of the bill that is not of DynamoDB's requests and storage.

    Attributes
    ----------
    number, unit
        How many of what.
    basis
        Where the number comes from.
    known
        Whether the number is known; it is not in the sum otherwise.
    """

    what: str
    number: Bounds
    unit: str
    usd: Bounds
    basis: str
    known: bool = True


class Profile(msgspec.Struct, frozen=True):
    """The use of one invocation of a function.

    Attributes
    ----------
    cpu_ms
        Of a whole vCPU.
    log_bytes
        Written by the function and, for an API, by its access log.
    """

    cpu_ms: float
    log_bytes: float


ASSUMED = Profile(cpu_ms=10.0, log_bytes=1_500.0)
"""Of a function that nobody has measured."""


def profiles(system: str, file: Path = PROFILES) -> Mapping[str, Profile]:
    """Return what was measured of a system's functions; nothing where nobody has measured."""
    if not file.is_file():
        return {}
    found = json.loads(file.read_text(encoding="utf-8"))["functions"].get(system, {})
    return msgspec.convert(found, dict[str, Profile])


def service_costs(
    system: System,
    environment: Environment,
    usage: Usage,
    prices: Prices,
    watched: Observability,
    *,
    invocations: Mapping[str, float] | None = None,
    measured: Mapping[str, Profile] | None = None,
) -> Iterator[ServiceCost]:
    """Compute what a system costs in a month beside DynamoDB.

    Parameters
    ----------
    watched
        What its stacks and functions have of CloudWatch.
    invocations
        Of a function, by its name, where that is known.
    measured
        What an invocation takes, by function; by default what the benchmark measured.
    """
    known = profiles(system.name) if measured is None else measured
    written, requests = [], []
    for function in system.functions:
        times, basis = _invocations(system, function, usage, invocations or {})
        profile = known.get(function.name, ASSUMED)
        yield _function(function, environment, prices, times, basis, profile, known)
        written.append(times * (profile.log_bytes + PLATFORM_LOG_BYTES))
        if function.routes:
            requests.append(times)
    if requests:
        every = total(requests)
        yield ServiceCost(
            "API requests",
            every,
            "requests",
            every * (prices.api_million / MILLION),
            "the invocations of the functions with routes",
        )
    yield from _logs(total(written) * (1 / GIGABYTE), environment, prices)
    for table in system.tables:
        if table.stream is not None:
            yield ServiceCost(
                f"stream of {table.name}",
                Bounds.of(0.0),
                "billed reads",
                Bounds.of(0.0),
                "Lambda alone reads it, without charge",
            )
    for what, number, usd in (
        ("alarms", watched.alarm_metrics + watched.composites, watched.alarms_usd),
        ("metrics", watched.metrics, watched.metrics_usd),
        ("dashboards", watched.dashboards, watched.dashboards * prices.dashboard),
    ):
        basis = "counted in the templates and the declaration"
        yield ServiceCost(what, Bounds.of(number), what, Bounds.of(usd), basis)


def _function(
    function: Function,
    environment: Environment,
    prices: Prices,
    times: Bounds,
    basis: str,
    profile: Profile,
    known: Mapping[str, Profile],
) -> ServiceCost:
    memory = max(function.memory, environment.functions.memory)
    cpu = profile.cpu_ms / min(1.0, memory / deployment.VCPU_MB)
    ms = cpu + WAIT_MS
    each = ms / 1000 * memory / 1024 * prices.function_gb_second
    each += prices.function_million / MILLION
    source = "measured" if function.name in known else "assumed"
    said = (
        f"{memory:,} MB; {profile.cpu_ms:g} ms of CPU {source}, {WAIT_MS:g} ms of waiting assumed"
    )
    return ServiceCost(
        f"function {function.name}",
        times,
        "invocations",
        times * each,
        f"{basis}; {said}",
        known=basis != UNKNOWN,
    )


def _logs(gb: Bounds, environment: Environment, prices: Prices) -> Iterator[ServiceCost]:
    days = environment.functions.log_retention_days
    kept = gb * (days / MONTH_DAYS)
    yield ServiceCost("logs written", gb, "GB", gb * prices.log_written, "the invocations")
    yield ServiceCost("logs kept", kept, "GB", kept * prices.log_kept, f"for {days} days")


def _invocations(
    system: System, function: Function, usage: Usage, known: Mapping[str, float]
) -> tuple[Bounds, str]:
    if function.name in known:
        return Bounds.of(known[function.name]), "given"
    if function.schedule:
        return Bounds.of(due_in_a_month(function.schedule)), f"{function.schedule}"
    if function.source:
        records = _records(system, function, usage)
        full = Bounds(records.least / function.source.batch, records.most)
        return full, f"batches of 1 to {function.source.batch} records, if its filter takes all"
    shares = [_share(system, pattern, usage) for pattern in function.patterns]
    if not sum(shares):
        return Bounds.of(0.0), UNKNOWN
    return Bounds(max(shares), sum(shares)), "from its most frequent pattern to all patterns"


def _share(system: System, pattern: Pattern[Any], usage: Usage) -> float:
    """Return the calls that a pattern is taken to have from one of the functions that use it."""
    users = sum(pattern in function.patterns for function in system.functions)
    return usage.calls.get(pattern.name, 0.0) / users


def _records(system: System, function: Function, usage: Usage) -> Bounds:
    """Return the records of a month: one of each item that is written in the table."""
    table = function.source.table if function.source else None
    found = 0.0
    for pattern in system.called:
        written = [part for part in pattern.actions if part.writes and part.table is table]
        items = float(getattr(pattern, "items", 1)) / len(pattern.actions)
        if not pattern.reads:
            found += usage.calls.get(pattern.name, 0.0) * items * len(written)
    return Bounds.of(found)


def known_invocations(texts: list[str], systems: tuple[System, ...]) -> dict[str, dict[str, float]]:
    """Read `SYSTEM/FUNCTION=NUMBER`: invocations of a month, by system and function.

    Raises
    ------
    KeylineError
        If one says something else, or names no function.
    """
    names = {f"{s.name}/{f.name}": (s.name, f.name) for s in systems for f in s.functions}
    found: dict[str, dict[str, float]] = {system.name: {} for system in systems}
    for text in texts:
        name, _, number = text.partition("=")
        path = f"--invocations {text}"
        if name not in names:
            raise KeylineError(path, f"there is no function {name!r}.", instead_of(name, names))
        system, function = names[name]
        found[system][function] = positive(number, path)
    return found


def positive(text: str, path: str) -> float:
    """Read a number above 0: neither `inf` nor `nan`.

    Raises
    ------
    KeylineError
        If it is another.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise KeylineError(
            path, f"{text or 'nothing'} is not a number above 0.", "Write a number such as 600000."
        )
    return number
