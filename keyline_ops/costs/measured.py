"""A usage from the report of a run (`make demo REPORT=file`), instead of what is declared."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from keyline.errors import KeylineError
from keyline.model import System
from keyline_deploy.rates import MONTH_DAYS
from keyline_ops.costs.usage import Usage

Count = Annotated[float, Meta(ge=0)]


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    system: str
    pattern: str
    calls: Count
    read_units: Count
    write_units: Count


class _Report(msgspec.Struct, frozen=True):
    patterns: tuple[_Row, ...]


def read_report(file: Path) -> tuple[_Row, ...]:
    """Read the report of a run.

    Raises
    ------
    KeylineError
        If the file cannot be read, is not a report, or has a number that is infinite.
    """
    suggestion = "Write one with `make demo REPORT=report.json`."
    try:
        rows = msgspec.json.decode(file.read_bytes(), type=_Report).patterns
    except OSError as error:
        raise KeylineError(str(file), f"cannot be read: {error.strerror}.", suggestion) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise KeylineError(str(file), f"is not a report of a run: {error}.", suggestion) from error
    for row in rows:
        if not all(map(math.isfinite, (row.calls, row.read_units, row.write_units))):
            raise KeylineError(f"{file}: {row.pattern}", "has an infinite number.", suggestion)
    return rows


def measured(system: System, declared: Usage, file: Path, days: float) -> Usage:
    """Return a month of a system as a run used it.

    Parameters
    ----------
    days
        For how many days of traffic the run stands: a report does not tell.

    Raises
    ------
    KeylineError
        If the file is not a report, or has nothing of the system.
    """
    rows = {row.pattern: row for row in read_report(file) if row.system == system.name}
    ran = {name: row for name, row in rows.items() if row.calls}
    if not ran:
        raise KeylineError(
            str(file),
            f"has no call of {system.name}.",
            "Name a system that ran, or another report.",
        )
    factor = MONTH_DAYS / days
    calls = {name: row.calls * factor for name, row in ran.items()}
    units = {name: (row.read_units + row.write_units) / row.calls for name, row in ran.items()}
    known = {pattern.name for pattern in system.called}
    return replace(
        declared,
        calls={**declared.calls, **{name: n for name, n in calls.items() if name in known}},
        units={name: each for name, each in units.items() if name in known},
        notes=(
            f"Calls and units of a call are those of {file.name}, which stands for {days:g} days. "
            "Sizes of stored items are as declared.",
            *_left(system, ran.keys(), declared),
        ),
    )


def _left(system: System, ran: Collection[str], declared: Usage) -> Iterator[str]:
    left = [p.name for p in system.called if p.name not in ran and p.name in declared.calls]
    if left:
        yield f"Not in the report, so that the declared rate is taken: {', '.join(left)}."
