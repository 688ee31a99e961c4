"""A number as text, in one way only: equal numbers have equal texts."""

from __future__ import annotations

from decimal import Decimal


def plain(exact: Decimal) -> str:
    """Write a finite number without an exponent and without zeros that say nothing.

    No context of Python's decimal module takes part, so all of DynamoDB's 38 digits are kept.
    """
    text = f"{exact:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
