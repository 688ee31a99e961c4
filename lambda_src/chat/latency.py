"""Count response times in a histogram that daily totals can hold and add up.

The bounds are the R10 series of preferred numbers. Each bound is at most 1.28 times the bound
before it, so a percentile that is read from the histogram is exact to within that factor.
"""

from __future__ import annotations

from bisect import bisect_left

import msgspec

FAST_BELOW = 2_000
"""Milliseconds: a response that takes less is fast."""
SLOW_ABOVE = 10_000
"""Milliseconds: a response that takes more is slow."""


class Latency(msgspec.Struct, kw_only=True):
    """The number of messages by the milliseconds that their answers took.

    Attributes
    ----------
    responseTime
        The sum over all messages, ms.
    fast, slow
        Messages below `FAST_BELOW` and above `SLOW_ABOVE`.
    ms250, ...
        Messages whose response time is at most so many ms, and more than the bound before.
    msMore
        Messages above the last bound.
    """

    responseTime: int = 0
    fast: int = 0
    slow: int = 0
    ms250: int = 0
    ms320: int = 0
    ms400: int = 0
    ms500: int = 0
    ms630: int = 0
    ms800: int = 0
    ms1000: int = 0
    ms1250: int = 0
    ms1600: int = 0
    ms2000: int = 0
    ms2500: int = 0
    ms3200: int = 0
    ms4000: int = 0
    ms5000: int = 0
    ms6300: int = 0
    ms8000: int = 0
    ms10000: int = 0
    ms12500: int = 0
    ms16000: int = 0
    ms20000: int = 0
    ms25000: int = 0
    ms32000: int = 0
    ms40000: int = 0
    msMore: int = 0


BUCKETS = tuple(name for name in Latency.__struct_fields__ if name.startswith("ms"))
"""The histogram's fields, in order."""
BOUNDS = tuple(int(name.removeprefix("ms")) for name in BUCKETS[:-1])
"""The upper bound of each bucket but the last, ms. The bucket includes its bound."""
LATENCY_FIELDS = tuple(Latency.__struct_fields__)


def bucket_of(response_time: int) -> str:
    """Return the field that counts a response time in ms."""
    return BUCKETS[bisect_left(BOUNDS, response_time)]


def measure(latency: Latency, response_time: int) -> None:
    """Add one response time in ms."""
    name = bucket_of(response_time)
    setattr(latency, name, getattr(latency, name) + 1)
    latency.responseTime += response_time
    latency.fast += response_time < FAST_BELOW
    latency.slow += response_time > SLOW_ABOVE
