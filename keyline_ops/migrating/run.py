"""A backfill: the segments of a table in parallel, page by page."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Protocol, TypeVar

from keyline_ops.migrating.checkpoint import Checkpoint, Segment
from keyline_ops.migrating.outcome import Outcome
from keyline_ops.migrating.source import Page, Segments

T = TypeVar("T")

SEGMENTS = 8
"""Segments that are read at once, where nobody says how many."""


class Pages(Protocol):
    """What carries over the items of a page: a `Copier`, a `Filler`."""

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
    MigrationStoppedError
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


def in_parallel(
    carry_out: Callable[[int], T], numbers: list[int], stop: threading.Event
) -> list[T]:
    """Carry out each number in a thread of its own; the first error ends all.

    Parameters
    ----------
    stop
        Is set if a thread failed or the command is ending. Requests then end.
    """
    if not numbers:
        return []
    with ThreadPoolExecutor(len(numbers), "migrate") as executor:
        futures: list[Future[T]] = [executor.submit(carry_out, number) for number in numbers]
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            failed = [future for future in done if future.exception() is not None]
            if failed:
                stop.set()
                failed[0].result()
        except BaseException:
            stop.set()
            raise
    return [future.result() for future in futures]
