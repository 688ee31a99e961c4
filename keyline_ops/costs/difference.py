"""The difference that a change makes to the costs: two forecasts beside each other.

The forecasts are read from what `keyline cost --json` prints, so that one of them can be of another
revision, another checkout, or last month's file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.text import Text

from keyline.errors import KeylineError
from keyline_ops.costs.units import NOTHING, Bounds
from keyline_ops.printing import print_whole, table

_CENT = 0.005
_SHOWN = 40


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    table: str = ""
    index: str | None = None
    what: str = ""
    pattern: str = ""
    kind: str = ""
    usd: Bounds = NOTHING
    storage_usd: Bounds = NOTHING
    recovery_usd: Bounds = NOTHING


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A forecast, as far as a difference needs it from JSON."""

    system: str
    prices: str
    usd: Bounds
    patterns: tuple[_Row, ...]
    tables: tuple[_Row, ...]
    indexes: tuple[_Row, ...]
    capacity: tuple[_Row, ...]
    services: tuple[_Row, ...]


@dataclass(frozen=True)
class Changed:
    """One part of the costs: None where it is not there.

    Attributes
    ----------
    part
        `table`, `index`, `service`, which add up to the whole; and `pattern`, whose calls are in
        tables and indexes already.
    """

    system: str
    part: str
    name: str
    before: Bounds | None
    after: Bounds | None

    @property
    def difference(self) -> Bounds:
        """The amount that is added, at least and at most."""
        before, after = self.before or NOTHING, self.after or NOTHING
        return Bounds(after.least - before.least, after.most - before.most)

    @property
    def counts(self) -> bool:
        """Return whether the part is on one side only, or differs by half a cent or more."""
        moved = max(abs(self.difference.least), abs(self.difference.most))
        return (self.before is None) != (self.after is None) or moved >= _CENT


@dataclass(frozen=True)
class Difference:
    """The difference of the costs.

    Attributes
    ----------
    prices
        The days of the prices before and after; a part of the difference is theirs if they differ.
    """

    parts: tuple[Changed, ...]
    totals: tuple[Changed, ...]
    prices: tuple[str, str]

    @property
    def total(self) -> Changed:
        """All systems."""
        before = sum((row.before or NOTHING for row in self.totals), NOTHING)
        after = sum((row.after or NOTHING for row in self.totals), NOTHING)
        return Changed("", "total", "together", before, after)


def read_forecasts(text: str | bytes, source: str) -> list[Told]:
    """Read what `keyline cost --json` printed.

    Raises
    ------
    KeylineError
        If it is something else.
    """
    try:
        return msgspec.json.decode(text, type=list[Told])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise KeylineError(
            source,
            f"is not what `keyline cost --json` prints: {error}.",
            "Write the file with `keyline cost --json > costs.json`.",
        ) from error


def read_file(file: Path) -> list[Told]:
    """Read a file of forecasts.

    Raises
    ------
    KeylineError
        If it cannot be read, or holds something else.
    """
    try:
        return read_forecasts(file.read_bytes(), str(file))
    except OSError as error:
        raise KeylineError(
            str(file), f"cannot be read: {error.strerror}.", "Name a file."
        ) from error


def difference(before: Sequence[Told], after: Sequence[Told]) -> Difference:
    """Compare forecasts, part by part."""
    old, new = ({each.system: each for each in side} for side in (before, after))
    systems = sorted(old.keys() | new.keys())
    parts: list[Changed] = []
    totals = []
    for system in systems:
        was, becomes = old.get(system), new.get(system)
        totals.append(
            Changed(
                system, "system", system, was.usd if was else None, becomes.usd if becomes else None
            )
        )
        then, now = (dict(_parts(each)) if each else {} for each in (was, becomes))
        parts += [
            Changed(system, *key, then.get(key), now.get(key))
            for key in dict.fromkeys([*then, *now])
        ]
    days = tuple(" and ".join(sorted({each.prices for each in side})) for side in (before, after))
    return Difference(tuple(parts), tuple(totals), (days[0], days[1]))


def _parts(told: Told) -> Iterator[tuple[tuple[str, str], Bounds]]:
    for row in told.tables:
        own = row.storage_usd + row.recovery_usd + _requests(told, row.table, None)
        for index in told.indexes:
            if index.table == row.table:
                own = own + index.storage_usd * -1
        yield ("table", row.table), own
    for row in told.indexes:
        usd = row.storage_usd + _requests(told, row.table, row.index)
        yield ("index", f"{row.table}/{row.index}"), usd
    for row in told.services:
        yield ("service", row.what), row.usd
    for row in told.patterns:
        yield ("pattern", row.pattern), row.usd


def _requests(told: Told, table: str, index: str | None) -> Bounds:
    rows = (row.usd for row in told.capacity if (row.table, row.index) == (table, index))
    return sum(rows, NOTHING)


# ------------------------------------------------------------------------------ how it is said


def as_json(found: Difference) -> dict[str, Any]:
    """Return a difference as JSON has it."""

    def row(each: Changed) -> dict[str, Any]:
        return {**asdict(each), "difference": asdict(each.difference)}

    return {
        "prices": list(found.prices),
        "total": row(found.total),
        "systems": [row(each) for each in found.totals],
        "parts": [row(each) for each in found.parts if each.counts],
    }


def markdown(found: Difference) -> str:
    """Return a difference as a comment on a pull request."""
    total = found.total
    lines = [f"## Costs: {_difference(total)} a month", ""]
    changed = [row for row in found.totals if row.counts]
    if not changed and not any(row.counts for row in found.parts):
        lines.append(f"Nothing changes: {_usd(total.after)} a month.")
        return "\n".join([*lines, *_remarks(found)])
    lines += ["| system | before | after | difference |", "|---|--:|--:|--:|"]
    for row in (*changed, total):
        name = "**together**" if row is total else row.name
        lines.append(f"| {name} | {_usd(row.before)} | {_usd(row.after)} | {_difference(row)} |")
    for title, rows in (("What changes", _of(found, False)), ("By pattern", _of(found, True))):
        if rows:
            lines += ["", f"{title}:", "", "| part | before | after | difference |"]
            lines.append("|---|--:|--:|--:|")
            lines += [
                f"| {row.system}: {row.part} `{row.name}` | {_usd(row.before)} | {_usd(row.after)} "
                f"| {_difference(row)} |"
                for row in rows[:_SHOWN]
            ]
            if len(rows) > _SHOWN:
                lines.append(f"| and {len(rows) - _SHOWN} more | | | |")
    return "\n".join([*lines, *_remarks(found)])


def show(found: Difference, console: Console) -> None:
    """Print a difference."""
    columns = ("before USD", "after USD", "difference USD")
    rows = table("What changes, a month", ("system", "part", "name", *columns), columns)
    for row in (*_of(found, False), *_of(found, True)):
        said = (_usd(row.before), _usd(row.after), _difference(row))
        rows.add_row(row.system, row.part, row.name, *said)
    for row in (*(each for each in found.totals if each.counts), found.total):
        said = (_usd(row.before), _usd(row.after), _difference(row))
        rows.add_row(row.system or "all", row.part, row.name, *said, style="bold")
    print_whole(rows, console)
    for line in _remarks(found):
        console.print(Text(line), soft_wrap=True)


def bars_of(found: Difference) -> list[tuple[str, float, float]]:
    """Return the parts that change, dearest change first, at most."""
    rows = _of(found, False)[:12] or [found.total]
    return [
        (f"{row.part} {row.name}", (row.before or NOTHING).most, (row.after or NOTHING).most)
        for row in rows
    ]


def _of(found: Difference, patterns: bool) -> list[Changed]:
    rows = [row for row in found.parts if row.counts and (row.part == "pattern") is patterns]
    return sorted(rows, key=lambda row: -abs(row.difference.most))


def _remarks(found: Difference) -> Iterator[str]:
    yield ""
    yield "A range is from least to most. Patterns are counted in their tables and indexes already."
    before, after = found.prices
    if before != after and before and after:
        yield (
            f"Prices differ: since {before}, then since {after}. A part of the difference is "
            "theirs."
        )


def _usd(span: Bounds | None) -> str:
    if span is None:
        return "-"
    least, most = f"${span.least:,.2f}", f"${span.most:,.2f}"
    return least if least == most else f"{least} to {most}"


def _difference(row: Changed) -> str:
    least, most = sorted((row.difference.least, row.difference.most))
    low, high = _signed(least), _signed(most)
    return low if low == high else f"{low} to {high}"


def _signed(usd: float) -> str:
    rounded = round(usd, 2)
    if not rounded:
        return "$0.00"
    return f"{'+' if rounded > 0 else '-'}${abs(rounded):,.2f}"
