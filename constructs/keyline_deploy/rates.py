"""The rates at which functions run and tables are called, as a declaration has them.

No declaration says how often a function runs. The rate follows from its schedule, from the writes
to its stream's table, or from the calls of its patterns. Where nothing is declared, the rate is 0:
what nobody knows may be rare.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from keyline.model import Function, Pattern, StreamSource, System, Table, schedule_expression
from keyline.moments import DAY_SECONDS

MONTH_DAYS = 30
MONTH_SECONDS = MONTH_DAYS * DAY_SECONDS

_SAMPLE_YEAR, _YEAR_DAYS = 2027, 365
_EVENTS = {
    "INSERT": ("PutItem", "BatchWriteItem"),
    "MODIFY": ("UpdateItem",),
    "REMOVE": ("DeleteItem", "BatchWriteItem"),
}
"""The operations whose calls are counted as records of an event. A Put that replaces an item and an
Update that makes one are counted as the other event: nobody declares how many there are."""


def due_in_a_month(schedule: str) -> float:
    """Return how often a schedule is due in a month of 30 days, as an average over a year."""
    times = schedule_expression.parse(schedule).times_in(_SAMPLE_YEAR)
    return times * MONTH_DAYS / _YEAR_DAYS


def runs_of(system: System, function: Function) -> float:
    """Return how often a function surely runs in a month.

    A stream's function runs for each record, or where records come faster, once in its window or
    for each full batch. With a filter on values nobody knows how many records are left. Any other
    function runs as often as the most frequent pattern that it alone uses; if it has none, as often
    as its equal share of a pattern that others use too.
    """
    if function.schedule:
        return due_in_a_month(function.schedule)
    if function.source:
        return _batches_of(function.source, _records_of(system, function.source))
    own = [p for p in function.patterns if _users(system, p) == 1 and p.per_month]
    return max((calls_of([p]) / _users(system, p) for p in own or function.patterns), default=0.0)


def calls_of(patterns: Iterable[Pattern[Any]]) -> float:
    """Return the calls of patterns in a month."""
    return sum(pattern.per_month or 0.0 for pattern in patterns)


def calls_on(system: System, table: Table, operations: Iterable[str]) -> float:
    """Return the calls in a month of some operations on a table."""
    wanted = frozenset(operations)
    found = (p for p, _ in _parts_on(system, table) if p.operation in wanted)
    return calls_of(dict.fromkeys(found))


def reads_of(system: System, table: Table, index: str | None) -> float:
    """Return the calls in a month that read a table, or one of its indexes."""
    found = (p for p, part in _parts_on(system, table) if part.reads and part.index_name == index)
    return calls_of(dict.fromkeys(found))


def writes_of(system: System, table: Table) -> float:
    """Return the calls in a month that write a table, and so its indexes."""
    found = (p for p, part in _parts_on(system, table) if part.writes)
    return calls_of(dict.fromkeys(found))


def _batches_of(source: StreamSource, records: float) -> float:
    """Return in how many batches the records of a month come, if they come evenly."""
    windows = MONTH_SECONDS / source.window if source.window else records
    return min(records, max(windows, records / source.batch))


def _records_of(system: System, source: StreamSource) -> float:
    if source.where or source.old or source.shape or source.expired:
        return 0.0
    makers = {operation for event in source.events for operation in _EVENTS[event]}
    found = (
        p
        for p, part in _parts_on(system, source.table)
        if part.writes and (not makers or part.operation in makers)
    )
    return calls_of(dict.fromkeys(found))


def _parts_on(system: System, table: Table) -> Iterator[tuple[Pattern[Any], Pattern[Any]]]:
    """Yield each called pattern with its parts that are on a table."""
    for pattern in system.called:
        for part in pattern.actions:
            if part.table.name == table.name:
                yield pattern, part


def _users(system: System, pattern: Pattern[Any]) -> int:
    return sum(pattern in function.patterns for function in system.functions)
