"""DynamoDB's on-demand prices, dated. Source: the public price list of us-east-1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keyline.errors import KeylineError, instead_of

GIGABYTE = 1e9
MILLION = 1e6


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
    backup
        Of a gigabyte and month in on-demand backups.
    restore, export
        Of a gigabyte that is restored, or exported to S3.
    """

    since: str
    write_million: float
    read_million: float
    storage: float
    recovery: float
    backup: float = 0.10
    restore: float = 0.15
    export: float = 0.10


CURRENT = Prices("2024-11-01", write_million=0.625, read_million=0.125, storage=0.25, recovery=0.20)
BEFORE = Prices("2018-11-28", write_million=1.25, read_million=0.25, storage=0.25, recovery=0.20)

REGIONS: Mapping[str, Prices] = {"us-east-1": CURRENT}
"""The regions whose prices are known here."""


def prices_of(region: str) -> Prices:
    """The prices of a region.

    Raises
    ------
    KeylineError
        If they are not known: another region's prices differ, so none is taken in their place.
    """
    if region not in REGIONS:
        raise KeylineError(
            f"region {region}",
            "its prices are not in keyline_ops/costs/prices.py.",
            f"Add them, or ask for the prices of another with --region. {instead_of('', REGIONS)}",
        )
    return REGIONS[region]
