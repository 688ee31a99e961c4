"""Percentiles by nearest rank: always a value that really occurred."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

NumberT = TypeVar("NumberT", int, float)


def percentile(ordered: Sequence[NumberT], part: float) -> NumberT:
    """Return the least value that this part of all does not exceed.

    Parameters
    ----------
    ordered
        At least one value, in ascending order.
    part
        Above 0 and up to 1.
    """
    return ordered[rank(len(ordered), part) - 1]


def rank(count: int, part: float) -> int:
    """Return the rank of a percentile among so many values, from 1."""
    return max(1, math.ceil(round(part * count, 9)))
