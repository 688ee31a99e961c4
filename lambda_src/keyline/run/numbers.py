"""Numbers as DynamoDB writes them: text with up to 38 significant digits, exactly."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from keyline.run.errors import BadValue

MAX_DIGITS = 38
_SMALLEST, _LARGEST = Decimal("1e-130"), Decimal("9." + "9" * 37 + "e125")
_PLAIN_INT = 10**MAX_DIGITS


def number_text(value: Any) -> str:
    """The text of a number: one text per float and int, so that equal keys are equal texts.

    Raises
    ------
    BadValue
        If it is no number, not finite, or beyond DynamoDB's digits or range.
    """
    if type(value) is int:
        if -_PLAIN_INT < value < _PLAIN_INT:
            return str(value)
        exact = Decimal(value)
        return _checked(str(exact), exact)  # Python writes no int of more than 4,300 digits
    if type(value) is float:
        text = repr(value)
        if 1e-4 <= abs(value) < 1e16:
            return text.removesuffix(".0")
        return _checked(text, Decimal(text)).removesuffix(".0")
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise BadValue("number", f"{type(value).__name__} is no number.", "Give int or float.")
    if isinstance(value, Decimal):
        return _checked(str(value), value)
    return number_text(int(value) if isinstance(value, int) else float(value))


def number_value(text: str) -> int | float | Decimal:
    """The number of a text whose type nobody declared: the simplest that holds it exactly."""
    exact = Decimal(text)
    if exact == exact.to_integral_value():
        return int(exact)
    near = float(text)
    return near if Decimal(repr(near)) == exact else exact


def _checked(text: str, exact: Decimal) -> str:
    if not exact.is_finite():
        raise BadValue("number", f"{text} cannot be stored.", "Leave the attribute out instead.")
    digits = len("".join(map(str, exact.as_tuple().digits)).strip("0"))
    if digits > MAX_DIGITS:
        raise BadValue("number", f"has {digits} digits; DynamoDB keeps {MAX_DIGITS}.", "Round it.")
    if exact and not _SMALLEST <= abs(exact) <= _LARGEST:
        raise BadValue("number", f"{exact:.3e} is out of range.", "DynamoDB holds 1e-130 to 1e126.")
    return "0" if not exact else text
