"""The data points that an alarm judges: as many as its source surely emits.

An alarm that needs three data points of five minutes never goes off by a function that runs once a
day. If the source is too rare for that, single data points are judged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from keyline.moments import DAY_SECONDS, HOUR_SECONDS
from keyline_deploy.rates import MONTH_SECONDS

MINUTE_SECONDS = 60

_UNITS = {MINUTE_SECONDS: "minute", HOUR_SECONDS: "hour", DAY_SECONDS: "day"}
_SINGLE = {
    MINUTE_SECONDS: "at least once",
    HOUR_SECONDS: "in an hour",
    DAY_SECONDS: "in a day",
}
_WORDS = {3: "three", 5: "five", 10: "ten"}


@dataclass(frozen=True)
class DataPoints:
    """The data points that have to be beyond the threshold, and of how many.

    Attributes
    ----------
    seconds
        The period of each data point: a minute, an hour or a day.
    """

    breaching: int
    periods: int
    seconds: int = MINUTE_SECONDS

    def __str__(self) -> str:
        """Return when the alarm goes off: `in three of five minutes`, `at least once`."""
        unit = _UNITS[self.seconds]
        if self.breaching == 1:
            return _SINGLE[self.seconds]
        if self.breaching == self.periods:
            return f"for {_word(self.periods)} {unit}s"
        return f"in {_word(self.breaching)} of {_word(self.periods)} {unit}s"


def judged(wanted: DataPoints, a_month: float, *, rarely: int = MINUTE_SECONDS) -> DataPoints:
    """Return the data points that an alarm judges: those wanted, or single ones.

    Parameters
    ----------
    wanted
        Those to judge if the source emits enough of them.
    a_month
        How often the source emits a sample.
    rarely
        The period of single data points. A count or a maximum needs no more than a minute. An
        average, a percentile or a share needs several samples of a rare source: an hour or a day.
    """
    if emitted(a_month, wanted.periods, wanted.seconds) < wanted.breaching:
        return DataPoints(1, 1, rarely)
    return wanted


def hour_or_day(a_month: float) -> int:
    """Return the seconds of an hour if a source surely emits in each hour, else those of a day."""
    return HOUR_SECONDS if emitted(a_month, 1, HOUR_SECONDS) else DAY_SECONDS


def emitted(a_month: float, periods: int, seconds: int) -> int:
    """Return how many data points a source surely emits in so many periods."""
    return math.floor(min(a_month * periods * seconds / MONTH_SECONDS, periods))


def _word(number: int) -> str:
    return _WORDS.get(number, str(number))
