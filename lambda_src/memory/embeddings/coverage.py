"""The identifiers that blocks cover, and the spans that have to be read from the table."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from memory.embeddings.tables import Directory, Recent

ENDLESS = 2**64 - 1
"""What no identifier lies above."""


class Span(msgspec.Struct, frozen=True):
    """The identifiers above `after` and up to `until`, as numbers."""

    after: int
    until: int


class Coverage(msgspec.Struct, frozen=True):
    """The identifiers that blocks cover.

    Attributes
    ----------
    until
        The blocks cover the identifiers up to this number, but for the gaps; 0 without blocks.
    uncovered
        The gaps, and what is newer than all blocks.
    """

    until: int
    uncovered: tuple[Span, ...]


def coverage(directory: Directory | None, recent: Iterable[Recent]) -> Coverage:
    """Return what a directory and the recent blocks that follow it cover.

    What lies before the first block of a user without a directory is taken as expired: a block
    expires with the last of its embeddings, and blocks are numbered from 1. A gap between two
    blocks can arise if a block was created while they were read.
    """
    blocks = sorted(recent, key=lambda each: each.number)
    until = directory.last if directory else blocks[0].after if blocks else 0
    gaps = []
    for block in blocks:
        if block.after > until:
            gaps.append(Span(until, block.after))
        until = max(until, block.last)
    return Coverage(until, (*gaps, Span(until, ENDLESS)))
