"""DynamoDB's on-demand prices, dated. Source: the public price list of us-east-1."""

from __future__ import annotations

from dataclasses import dataclass

GIGABYTE = 1e9


@dataclass(frozen=True)
class Prices:
    """USD.

    Attributes
    ----------
    since
        The day from which they hold.
    write_million, read_million
        Of a million write or read units.
    storage, recovery
        Of a gigabyte and month: stored, and kept for point-in-time recovery. The first 25 GB
        of storage are free in each account; they are not taken off here.
    """

    since: str
    write_million: float
    read_million: float
    storage: float
    recovery: float


CURRENT = Prices("2024-11-01", write_million=0.625, read_million=0.125, storage=0.25, recovery=0.20)
BEFORE = Prices("2018-11-28", write_million=1.25, read_million=0.25, storage=0.25, recovery=0.20)
