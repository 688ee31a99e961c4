"""The ratio of a figure of Keyline to that of something else, measured in the same run."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Self

import msgspec


class Ratio(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The share of Keyline in what something else takes. Less is better.

    Attributes
    ----------
    what
        What both do, and what is measured of it.
    against
        What it is compared with.
    value
        The share: the median of the rounds.
    least, most
        The smallest and the largest share of a round. None where only medians were kept.
    budget
        The most that the share may be. None where nothing is promised.
    """

    what: str
    against: str
    value: float
    least: float | None = None
    most: float | None = None
    budget: float | None = None

    @classmethod
    def of_rounds(
        cls,
        what: str,
        against: str,
        rounds: Iterable[tuple[float, float]],
        budget: float | None = None,
    ) -> Self:
        """Return the ratio of rounds, each of which measured both.

        Parameters
        ----------
        rounds
            For each round what Keyline took, and what the other took.
        """
        shares = [ours / theirs for ours, theirs in rounds]
        return cls(
            what=what,
            against=against,
            value=round(statistics.median(shares), 3),
            least=round(min(shares), 3),
            most=round(max(shares), 3),
            budget=budget,
        )

    @property
    def is_met(self) -> bool:
        """Return whether the budget is kept; true without a budget."""
        return self.budget is None or self.value <= self.budget


def report(ratios: Sequence[Ratio]) -> int:
    """Print ratios, and return the exit code: 1 if a budget is not met."""
    for ratio in ratios:
        budget = ""
        if ratio.budget is not None:
            budget = f", budget {ratio.budget:g}: {'met' if ratio.is_met else 'NOT MET'}"
        print(f"{ratio.what}: {ratio.value:g} of {ratio.against}{budget}")
    return int(not all(ratio.is_met for ratio in ratios))
