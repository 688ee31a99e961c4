"""The pages of a system that follow from its declaration: an overview, and its patterns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from keyline.model import Pattern, System
from keyline.run import TableSettings
from keyline_deploy.environment import Environment
from keyline_deploy.systems import folder
from keyline_ops.alarms.listing import Listed
from keyline_ops.costs.forecast import Forecast, forecast
from keyline_ops.costs.prices import prices_of
from keyline_ops.costs.units import Bounds, call_units
from keyline_ops.diagrams import curve, tables
from keyline_ops.diagrams.svg import bare
from keyline_ops.docs import condition_of, operation_of, rate_of, retention_of, table_row
from keyline_ops.requirements.patterns import PatternTests
from keyline_ops.site import measured
from keyline_ops.site.links import framed

_MONTHS = 24


@dataclass(frozen=True)
class SystemPages:
    """Writes the pages of one system.

    Parameters
    ----------
    environment
        Whose settings hold.
    alarms
        Those of the system in that environment.
    """

    system: System
    environment: Environment
    alarms: Sequence[Listed]
    root: Path

    @cached_property
    def measured(self) -> Mapping[str, measured.Measured]:
        """The measurements by pattern."""
        return measured.read(self.system.name, self.root)

    @cached_property
    def diagram(self) -> str:
        """The picture of the tables, as a part of a page."""
        label = f"Tables, keys, indexes and patterns of {self.system.name}"
        return framed(bare(tables.of_system(self.system)), label)

    def overview(self) -> str:
        """Return the page on which a reader begins."""
        lines = [f"# {self.system.title}", "", *self._pages(), "", "## Tables and patterns", ""]
        lines += ["Each pattern is a link.", "", self.diagram, "", "## What is kept how long", ""]
        lines += [*self._retention(), "", "## What it costs", "", *self._costs(), ""]
        lines += ["## Alarms", "", *self._alarms(), ""]
        return "\n".join(lines)

    def _pages(self) -> Iterator[str]:
        names = {
            "README": "Guide: for callers of the API",
            "design": "Design: why tables, patterns and functions are as they are",
            "data-model": "Data model: tables, keys, patterns and functions as declared",
            "patterns": "Patterns: what each asks, costs and measured",
            "specification": "Specification: what was asked, what was wrong, which test proves it",
            "cost": "Cost: what was said beside what is computed",
            "runbook": "Runbook: for operators",
            "api": "API: every route with its parameters and answers",
        }
        own = {file.stem for file in folder(self.system.name, self.root).glob("*.md")}
        for name, text in names.items():
            if name in own | {"patterns", "api"}:
                title, _, rest = text.partition(":")
                yield f"* [{title}]({name}.md):{rest}"

    def _retention(self) -> Iterator[str]:
        settings = TableSettings(self._settings)
        yield table_row("table", "items expire", "stream")
        yield "|---|---|---|"
        for table in self.system.tables:
            expiry = "never"
            if table.ttl:
                expiry = f"by `{table.ttl.attribute}`: {retention_of(table.ttl.retention)}"
                days = {
                    kind.shape.__name__: found.seconds / 86_400
                    for kind in table.kinds
                    if (found := settings.expiry(table, kind))
                }
                said = ", ".join(f"{name} {value:g} days" for name, value in days.items())
                expiry += f" ({said})" if said else ""
            yield table_row(f"`{table.name}`", expiry, table.stream.value if table.stream else "")

    @cached_property
    def _settings(self) -> Any:
        return self.environment.settings(self.system.name, self.system.settings)

    def _forecast(self, months: float) -> Forecast:
        return forecast(
            self.system, self._settings, prices_of(self.environment.region), months=months
        )

    def _costs(self) -> Iterator[str]:
        year = self._forecast(12)
        yield (
            f"A month at the declared rates, with the settings of `{self.environment.name}`, after "
            f"12 months: {_usd(year.requests_usd)} for requests and {_usd(year.storage_usd)} for "
            f"storage and recovery. `keyline cost {self.system.name}` computes it for other rates."
        )
        yield ""
        yield table_row("pattern", "units a call", "calls a month", "USD a month")
        yield "|---|---:|---:|---:|"
        for row in sorted(year.patterns, key=lambda row: -row.usd.most)[:5]:
            calls = "" if row.calls is None else f"{row.calls:,.0f}"
            units = f"{_span(row.units_per_call)} {row.kind}"
            link = f"[{row.pattern}](patterns.md#{row.pattern})"
            yield table_row(link, units, calls, _usd(row.usd))
        yield ""
        yield "The five patterns that cost most. What a month costs at most, as items add up:"
        yield ""
        points = [(month, self._forecast(month).usd.most) for month in range(1, _MONTHS + 1)]
        picture = curve.of_months(f"Cost of {self.system.name} by month", points)
        yield framed(bare(picture), f"Cost of a month over {_MONTHS} months")

    def _alarms(self) -> Iterator[str]:
        yield (
            f"The alarms of `{self.environment.name}`. Each was driven from OK to ALARM and back "
            "([how](../../docs/alarms.md))."
        )
        yield ""
        yield table_row("alarm", "goes off", "what it means", "what to do")
        yield "|---|---|---|---|"
        for alarm in self.alarms:
            page, _, section = alarm.runbook.partition("#")
            link = f"[{section or page}](../../{alarm.runbook})" if page else ""
            yield table_row(f"`{alarm.name}`", alarm.when, alarm.meaning, link)

    def patterns(self) -> str:
        """Return the page with a section for each pattern."""
        lines = [f"# {self.system.name}: access patterns", ""]
        lines += ["What each pattern asks, what a call costs by its declaration, and what calls"]
        lines += ["consumed on the embedded engine (`make demo`). An index's units are included."]
        lines += ["", self.diagram, ""]
        for pattern in self.system.patterns:
            lines += [*self._pattern(pattern), ""]
        return "\n".join(lines)

    def _pattern(self, pattern: Pattern[Any]) -> Iterator[str]:
        yield f"## {pattern.name}"
        yield ""
        yield pattern.why
        yield ""
        yield f"* Operation: {operation_of(pattern)} on `{pattern.target}`"
        if condition := condition_of(pattern):
            yield f"* Key condition: `{condition}`"
        units = call_units(pattern, TableSettings(self._settings))
        yield f"* Units of a call, by the declaration: {_span(units)}"
        if pattern.above_floor:
            yield f"* Above its floor: {pattern.above_floor}"
        yield f"* {self._measured(pattern)}"
        yield f"* Calls a month: {rate_of(pattern, self.system)}, of {pattern.item_bytes:,} bytes"
        users = [f"`{each.name}`" for each in self.system.functions if pattern in each.patterns]
        yield f"* Functions: {', '.join(users) or 'a transaction'}"
        yield f"* Tests: {', '.join(self._tests(pattern))}"

    def _measured(self, pattern: Pattern[Any]) -> str:
        found = self.measured.get(pattern.name)
        if found is None:
            return "Measured: not by itself"
        units = [
            f"{value / found.calls:,.2f} {kind} units"
            for kind, value in (("read", found.read_units), ("write", found.write_units))
            if value
        ]
        return (
            f"Measured: {' and '.join(units) or 'no unit'} a call, in {found.calls:,} calls with "
            f"{found.items:,} items; the floor of these is {found.floor / found.calls:,.2f}. "
            f"p50 was {found.p50:,.1f} ms and p99 {found.p99:,.1f} ms on a busy machine"
        )

    def _tests(self, pattern: Pattern[Any]) -> list[str]:
        """Return links to the tests that name a pattern, or else to what uses every pattern."""
        system = self.system.name
        files = dict.fromkeys(each.file for each in self._uses.of(pattern))
        found = [f"[{file.rpartition('/')[2]}](../../{file})" for file in files]
        journey = f"[journey.py](../../systems/{system}/journey.py) with `make demo`"
        return [*found, journey]

    @cached_property
    def _uses(self) -> PatternTests:
        return PatternTests(self.system, self.root)


def _span(bounds: Bounds) -> str:
    least, most = (f"{value:,.1f}".removesuffix(".0") for value in (bounds.least, bounds.most))
    return least if least == most else f"{least} to {most}"


def _usd(bounds: Bounds) -> str:
    least, most = f"${bounds.least:,.2f}", f"${bounds.most:,.2f}"
    return least if least == most else f"{least} to {most}"
