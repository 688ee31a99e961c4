"""Tell the providers that there are from those that there are not.

A provider that has a price exists. A provider without a price exists as long as messages of it are
kept: it was taken from the price list after they were stored.
"""

from __future__ import annotations

import msgspec

from chat.prices import Prices
from chat.settings import Provider
from keyline.http import missing


def require_possible(name: str) -> None:
    """Refuse a name that no provider can have.

    Raises
    ------
    HttpError
        404.
    """
    try:
        msgspec.convert(name, Provider)
    except msgspec.ValidationError as error:
        raise missing("path.provider", "provider") from error


def require_known(name: str, prices: Prices, *, found: bool) -> None:
    """Refuse a provider that has no price and of which nothing was found.

    Raises
    ------
    HttpError
        404.
    """
    if not found and name not in prices.per_1k:
        raise missing("path.provider", "provider")
