"""A week of a system as its own code sends it to an engine, beside what the forecast says of it.

A test drives the handlers or the repositories of a system. What each pattern's calls consumed is
taken as often as the pattern declares for a week. So a request that the forecast does not know of,
an index that a write changes, and a size that is not as declared, show.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from keyline.model import Pattern, Query, System
from keyline.run import Meter, TableSettings
from keyline.run.meter import Call, Labels
from keyline_deploy.rates import MONTH_DAYS
from keyline_ops.costs.units import NOTHING, Bounds, call_units, total

WEEK = 7 / MONTH_DAYS
BUDGET = 0.05
LONGEST = 2_000
"""Items of a call at most: no test makes as many as those of a longer one."""
_RANDOM = 0.03
"""By how much a run differs from another: identifiers and contents are drawn."""


@dataclass(frozen=True)
class Ran:
    """The calls of a pattern: what they consumed, and what the forecast says of just these."""

    pattern: Pattern[Any]
    calls: int
    units: float
    expected: Bounds

    @property
    def off(self) -> float:
        """The share by which the units are outside of the expected range."""
        return off(self.units, self.expected)


@dataclass(frozen=True)
class Week:
    """The read or the write units of a week.

    Attributes
    ----------
    covered
        The share of the forecast that patterns have which ran.
    """

    kind: str
    ran: tuple[Ran, ...]
    covered: float
    forecast: Bounds
    units: float

    def cells(self, system: str) -> list[str]:
        """Return the cells of a row of docs/cost.md."""
        least, most = f"{self.forecast.least:,.0f}", f"{self.forecast.most:,.0f}"
        said = least if least == most else f"{least} to {most}"
        return [
            *(system, self.kind, str(len(self.ran)), f"{self.covered:.0%}", said),
            *(f"{self.units:,.0f}", f"{off(self.units, self.forecast):.1%}"),
        ]


def off(units: float, expected: Bounds) -> float:
    """Return how far units are outside of a range, as a share of the nearer end."""
    if expected.least <= units <= expected.most:
        return 0.0
    nearer = expected.least if units < expected.least else expected.most
    return abs(units - nearer) / nearer if nearer else float("inf")


def metered(monkeypatch: pytest.MonkeyPatch, system: System) -> list[Call]:
    """Return a list to which every call of a system is added."""
    found: list[Call] = []
    record = Meter.record

    def listen(meter: Meter, labels: Labels, call: Call) -> None:
        if labels.system == system.name:
            found.append(call)
        record(meter, labels, call)

    monkeypatch.setattr(Meter, "record", listen)
    return found


def weeks(system: System, settings: msgspec.Struct, calls: Sequence[Call]) -> list[Week]:
    """Return the read and the write units of a week, from calls of the system."""
    resolved = TableSettings(settings)
    by_name = defaultdict(list)
    for call in calls:
        by_name[call.pattern].append(call)
    return [_week(system, kind, resolved, by_name) for kind in ("read", "write")]


def _week(system: System, kind: str, settings: TableSettings, calls: dict[str, list[Call]]) -> Week:
    patterns = [p for p in system.called if p.reads == (kind == "read") and p.per_month is not None]
    forecast = {p.name: call_units(p, settings) * (WEEK * (p.per_month or 0)) for p in patterns}
    short = [p for p in patterns if getattr(p, "items", 1) <= LONGEST]
    ran = [_ran(p, settings, calls[p.name]) for p in short if p.name in calls]
    ran = [each for each in ran if each.expected.most]
    covered = total([forecast[each.pattern.name] for each in ran])
    return Week(
        kind,
        tuple(ran),
        covered.most / total([*forecast.values()]).most,
        covered,
        sum(_at_rate(each, forecast[each.pattern.name]) for each in ran),
    )


def _at_rate(ran: Ran, forecast: Bounds) -> float:
    """Return the units of a week: at the same place of the range, or as far outside of it."""
    least, most = ran.expected.least, ran.expected.most
    if not least <= ran.units <= most:
        return (
            (forecast.least if ran.units < least else forecast.most)
            * ran.units
            / (least if ran.units < least else most)
        )
    place = (ran.units - least) / (most - least) if most > least else 0.0
    return forecast.least + place * (forecast.most - forecast.least)


def _ran(pattern: Pattern[Any], settings: TableSettings, calls: Sequence[Call]) -> Ran:
    """Add up calls; those that ask the shards of an index are one call together."""
    shards = 1
    if isinstance(pattern, Query) and pattern.index:
        shards = settings.shards(pattern.table).get(pattern.key.partition[0], 1)
    whole = [calls[start : start + shards] for start in range(0, len(calls), shards)]
    expected = sum((call_units(_of(pattern, each), settings) for each in whole), NOTHING)
    return Ran(pattern, len(whole), sum(call.read + call.write for call in calls), expected)


def _of(pattern: Pattern[Any], calls: Sequence[Call]) -> Pattern[Any]:
    """Return the pattern as if it declared as many items as one call had."""
    changed: dict[str, Any] = {"items": sum(call.items for call in calls)}
    return msgspec.structs.replace(pattern, **changed) if hasattr(pattern, "items") else pattern


def assert_within(
    system: System,
    settings: msgspec.Struct,
    calls: Sequence[Call],
    root: Path,
    *,
    other_sizes: Collection[str] = (),
) -> None:
    """Hold each pattern and the week to the budget, and docs/cost.md to the figures.

    Parameters
    ----------
    other_sizes
        Patterns whose items have another size in the test than they declare: they are left out.
    """
    found = weeks(system, settings, [call for call in calls if call.pattern not in other_sizes])
    for week in found:
        sys.stderr.write(f"| {' | '.join(week.cells(system.name))} |\n")
    wrong = [*_outside(found)]
    assert not wrong, wrong
    shown = _shown(root, system.name)
    for week in found:
        assert off(week.units, week.forecast) <= BUDGET
        *said, units, _ = shown[week.kind]
        assert said == week.cells(system.name)[2:-2], week.cells(system.name)
        assert float(units.replace(",", "")) == pytest.approx(week.units, rel=_RANDOM)


def _shown(root: Path, system: str) -> dict[str, list[str]]:
    """Return the cells of a system's rows in docs/cost.md after its name, by kind."""
    text = (root / "docs" / "cost.md").read_text().partition("<!-- weeks -->")[2]
    rows = [line.strip("| ").split(" | ") for line in text.partition("\n\n")[0].splitlines()]
    return {row[1]: row[2:] for row in rows if row[0] == system}


def _outside(found: Sequence[Week]) -> Iterator[str]:
    """Name each pattern whose calls are not within the budget, with its figures."""
    for week in found:
        for each in week.ran:
            if each.off > BUDGET:
                yield f"{each.pattern.name}: {each.units:g} units, not {each.expected}"
