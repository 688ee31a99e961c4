"""Prices of AWS with their dates: the files of `price_lists`, and one that `--prices` names."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import msgspec

from keyline.errors import KeylineError, instead_of

GIGABYTE = 1e9
MILLION = 1e6
MONTH_HOURS = 730
"""Of a month, as AWS's pricing pages count them."""

OLD_DAYS = 365
"""Older prices than this are warned of."""

FOLDER = Path(__file__).with_name("price_lists")
_SECTIONS = ("dynamodb", "lambda", "api_gateway", "cloudwatch")
_SUGGESTION = f"Begin with a copy of keyline_ops/costs/{FOLDER.name}/us-east-1.toml."


class Prices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """USD in one region.

    Attributes
    ----------
    since
        The day from which they hold.
    checked
        The day on which they were last compared with AWS's pages.
    write_million, read_million
        Of a million write or read request units.
    write_hour, read_hour
        Of a provisioned write or read unit and hour.
    storage, recovery
        Of a gigabyte and month: stored, and kept for point-in-time recovery. The first 25 GB
        of storage are free in each account; they are not taken off here.
    backup
        Of a gigabyte and month in on-demand backups.
    restore, export
        Of a gigabyte that is restored, or exported to S3.
    stream_reads_100k
        Of 100,000 reads of a stream by others than Lambda.
    function_million, function_gb_second
        Of a million invocations, and of a GB of memory and second, on arm64.
    api_million
        Of a million requests of an HTTP API.
    metric, alarm, composite, dashboard
        Of CloudWatch, each a month; `alarm` is of each metric that an alarm watches.
    log_written, log_kept
        Of a gigabyte of logs, and of a gigabyte and month.
    """

    region: str
    since: date
    checked: date
    write_million: float
    read_million: float
    write_hour: float
    read_hour: float
    storage: float
    recovery: float
    backup: float
    restore: float
    export: float
    stream_reads_100k: float
    function_million: float
    function_gb_second: float
    api_million: float
    metric: float
    alarm: float
    composite: float
    dashboard: float
    log_written: float
    log_kept: float

    def age_warning(self, today: date) -> str | None:
        """Return what is said of prices that were checked too long ago; None of newer ones."""
        days = (today - self.checked).days
        if days <= OLD_DAYS:
            return None
        return (
            f"prices.checked: the prices of {self.region} were last compared with AWS's pages on "
            f"{self.checked.isoformat()}, {days} days ago. Compare them, and write the new day."
        )


def read_prices(file: Path) -> Prices:
    """Read a price file.

    Raises
    ------
    KeylineError
        If it cannot be read, lacks a price, or a price is not an amount: negative, infinite, `nan`.
    """
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise KeylineError(str(file), f"cannot be read: {error}", _SUGGESTION) from error
    flat = {name: value for name, value in found.items() if name not in _SECTIONS}
    for section in _SECTIONS:
        given = found.get(section, {})
        if not isinstance(given, dict):
            raise KeylineError(f"{file}: {section}", "is not a section.", _SUGGESTION)
        flat.update(given)
    try:
        prices = msgspec.convert(flat, Prices)
    except msgspec.ValidationError as error:
        raise KeylineError(str(file), f"{error}.", _SUGGESTION) from error
    for name, amount in msgspec.structs.asdict(prices).items():
        if isinstance(amount, float) and not (math.isfinite(amount) and amount >= 0):
            raise KeylineError(
                f"{file}: {name}", f"is {amount}, not an amount.", "Write 0 or more, in USD."
            )
    if prices.since > prices.checked:
        raise KeylineError(
            f"{file}: checked", "is before `since`.", "Write the day of the last comparison."
        )
    return prices


CURRENT = read_prices(FOLDER / "us-east-1.toml")
BEFORE = read_prices(FOLDER / "us-east-1-before.toml")

REGIONS: Mapping[str, Prices] = {CURRENT.region: CURRENT}
"""The regions whose prices are known here."""


def prices_of(region: str) -> Prices:
    """Return the prices of a region.

    Raises
    ------
    KeylineError
        If they are not known: another region's prices differ, so none is taken in their place.
    """
    if region not in REGIONS:
        raise KeylineError(
            f"region {region}",
            f"its prices are not in keyline_ops/costs/{FOLDER.name}.",
            "Give a file of them with --prices, or ask for the prices of another with --region. "
            f"{instead_of('', REGIONS)}",
        )
    return REGIONS[region]


def given_prices(file: Path | None, region: str) -> Prices:
    """Return the prices of a file, or the known ones, for a region.

    Raises
    ------
    KeylineError
        If the file is of another region, or the region's prices are not known.
    """
    if file is None:
        return prices_of(region)
    prices = read_prices(file)
    if prices.region != region:
        raise KeylineError(
            f"{file}: region",
            f"is {prices.region}, and the forecast is of {region}.",
            f"Give the prices of {region}, or say --region {prices.region}.",
        )
    return prices
