"""Statistics of the samples of a period."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from keyline.errors import KeylineError

Weighted = tuple[float, float]
"""A value, and how many samples have it."""

_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100(?:\.0{1,10})?)")
_ENOUGH_IN_THE_TAIL = 10


def _count(samples: Sequence[Weighted]) -> float:
    return sum(count for _, count in samples)


def _sum(samples: Sequence[Weighted]) -> float:
    return math.fsum(value * count for value, count in samples)


_SIMPLE: Mapping[str, Callable[[Sequence[Weighted]], float]] = {
    "SampleCount": _count,
    "Sum": _sum,
    "Average": lambda samples: _sum(samples) / _count(samples),
    "Minimum": lambda samples: min(value for value, _ in samples),
    "Maximum": lambda samples: max(value for value, _ in samples),
}


@dataclass(frozen=True)
class Statistic:
    """A statistic: it makes one value of the samples of a period.

    Attributes
    ----------
    share
        What part of the samples is not above the value, from 0 to 1; None if this is not a
        percentile.
    """

    name: str
    share: Fraction | None = None

    def of(self, samples: Sequence[Weighted]) -> float:
        """Return the value of at least one sample.

        Raises
        ------
        KeylineError
            If values and counts are so large that no float holds the result.
        """
        try:
            found = self._of(samples)
        except (ArithmeticError, ValueError):
            found = math.inf
        if not math.isfinite(found):
            raise KeylineError(
                "series.samples",
                f"the {self.name} of a period is too large for a number.",
                "Check `value` and `count` of the samples.",
            )
        return found

    def _of(self, samples: Sequence[Weighted]) -> float:
        if self.share is None:
            return _SIMPLE[self.name](samples)
        return _percentile(samples, self.share)

    @property
    def enough_samples(self) -> Fraction:
        """Return how many samples make this statistic significant; 0 if any number does.

        CloudWatch user guide, "Percentile-based alarms and low data samples":
        10 / (1 - percentile) from the median on, 10 / percentile below.
        """
        if self.share is None or self.share in (0, 1):
            return Fraction(0)
        return _ENOUGH_IN_THE_TAIL / min(self.share, 1 - self.share)


def statistic_of(name: str) -> Statistic:
    """Read a statistic as CloudWatch writes it: `Sum`, `p99`, `p99.9`.

    Raises
    ------
    KeylineError
        If it is another statistic than the five simple ones and percentiles.
    """
    if name in _SIMPLE:
        return Statistic(name)
    if found := _PERCENTILE.fullmatch(name):
        return Statistic(name, Fraction(found[1]) / 100)
    known = f"{', '.join(_SIMPLE)} and percentiles such as p99"
    raise KeylineError("alarm.Statistic", f"{name!r} is not evaluated.", f"Use one of: {known}.")


def _percentile(samples: Sequence[Weighted], share: Fraction) -> float:
    """Return the greatest value that remains without the highest `1 - share` of the samples.

    So the user guide describes p99 under "Percentiles versus trimmed mean".
    """
    ordered = sorted(samples)
    rank = share * Fraction(_count(ordered))
    seen = Fraction(0)
    for value, count in ordered:
        seen += Fraction(count)
        if seen >= rank:
            return value
    return ordered[-1][0]
