"""A backfill: the segments of a table in parallel, page by page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from keyline_ops.migrating.checkpoint import Checkpoint, Segment
from keyline_ops.migrating.outcome import Outcome
from keyline_ops.scanning.parallel import in_parallel
from keyline_ops.scanning.segments import Page, Segments


class Pages(Protocol):
    """An object that carries over the items of a page: a `Copier`, a `Filler`."""

    def carry_out(self, page: Page, /) -> Outcome:
        """Carry over the items of a page."""


def backfill(
    pages: Pages, segments: Segments, kept: Checkpoint, tell: Callable[[int], object]
) -> Outcome:
    """Carry over what the checkpoint does not have as done.

    Parameters
    ----------
    segments
        As many as the checkpoint has.
    tell
        Is given the number of items of each page that is done.

    Raises
    ------
    ScanStoppedError
        If DynamoDB refuses, throttles or does not answer for too long.
    """

    def carry_out(number: int) -> None:
        for page in segments.pages(number, kept.state.segments[number].after):
            outcome = pages.carry_out(page)
            kept.page_done(number, page.LastEvaluatedKey, outcome)
            tell(outcome.read)

    numbers = [n for n, segment in enumerate(kept.state.segments) if not segment.done]
    in_parallel(carry_out, numbers, segments.requests.stop)
    return kept.state.outcome


def new_segments(count: int) -> list[Segment]:
    """Return the segments of a run that is about to begin."""
    return [Segment() for _ in range(count)]
