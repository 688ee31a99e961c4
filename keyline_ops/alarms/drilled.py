"""Results of a drill, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console

from keyline_ops.durations import told
from keyline_ops.printing import print_whole, table

HEADS = ("cause", "alarm", "goes off after", "told by", "what to do", "repaired by", "OK after")


@dataclass(frozen=True)
class Drilled:
    """The observation of a cause.

    Attributes
    ----------
    fires_after, ends_after
        Minutes of the platform's time until the alarm went off, and from the repair until it was
        over; None if it did not.
    told_by
        The alarm that told its topic; empty if none did.
    """

    cause: str
    alarm: str
    fires_after: int | None
    told_by: str
    runbook: str
    repaired_by: str
    ends_after: int | None

    @property
    def holds(self) -> bool:
        """Return whether the alarm went off, told somebody, and was over after the repair."""
        return None not in (self.fires_after, self.ends_after) and bool(self.told_by)


def as_json(found: Iterable[Drilled]) -> list[dict[str, Any]]:
    """Return what was seen as JSON has it."""
    return [asdict(each) for each in found]


def show(found: Sequence[Drilled], console: Console) -> None:
    """Print what was seen as a table."""
    rows = table("drill", HEADS)
    for each in found:
        rows.add_row(*_row(each))
    print_whole(rows, console)


def as_markdown(found: Sequence[Drilled]) -> str:
    """Return what was seen as a table of a document beside the runbook."""
    lines = [f"| {' | '.join(HEADS)} |", "|---" * len(HEADS) + "|"]
    for each in found:
        cause, alarm, fires, told_by, runbook, repaired_by, ends = _row(each)
        page = f"[{runbook.partition('#')[2]}]({runbook.rpartition('/')[2]})"
        cells = (cause, f"`{alarm}`", fires, f"`{told_by}`", page, f"`{repaired_by}`", ends)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _row(each: Drilled) -> tuple[str, ...]:
    return (
        each.cause,
        each.alarm,
        _told(each.fires_after, "NEVER"),
        each.told_by or "NOBODY",
        each.runbook,
        each.repaired_by,
        _told(each.ends_after, "NEVER"),
    )


def _told(minutes: int | None, otherwise: str) -> str:
    return otherwise if minutes is None else told(minutes)
