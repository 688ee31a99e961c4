"""Numbers as DynamoDB writes them: text with up to 38 significant digits, exactly.

No arithmetic happens here: Python's default decimal context has 28 digits and would round.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from keyline.model.number import plain
from keyline.run.errors import BadValueError

MAX_DIGITS = 38
_SMALLEST, _LARGEST = Decimal("1e-130"), Decimal("9." + "9" * 37 + "e125")
_PLAIN_INT = 10**MAX_DIGITS
_MOST_BITS = 420
"""Bits that a whole number below 1e126 has at most."""


def number_text(value: Any) -> str:
    """Return the text of a number: one text for equal numbers, whatever their type.

    Raises
    ------
    BadValueError
        If it is not a number, not finite, or beyond DynamoDB's digits or range.
    """
    if type(value) is int:
        if -_PLAIN_INT < value < _PLAIN_INT:
            return str(value)
        if value.bit_length() > _MOST_BITS:
            raise _out_of_range()
        return _checked(Decimal(value))
    if type(value) is float:
        if 1e-4 <= abs(value) < 1e16:
            return repr(value).removesuffix(".0")
        return _checked(Decimal(repr(value)))
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise BadValueError(
            "number", f"{type(value).__name__} is not a number.", "Give int or float."
        )
    if isinstance(value, Decimal):
        return _checked(value)
    return number_text(int(value) if isinstance(value, int) else float(value))


def number_value(text: str) -> int | float | Decimal:
    """Return the number of a text whose type nobody declared: the simplest that is exact."""
    exact = Decimal(text)
    if exact == exact.to_integral_value():
        return int(exact)
    near = float(text)
    return near if Decimal(repr(near)) == exact else exact


def _checked(exact: Decimal) -> str:
    if not exact.is_finite():
        raise BadValueError(
            "number", f"{exact} cannot be stored.", "Leave the attribute out instead."
        )
    digits = len("".join(map(str, exact.as_tuple().digits)).strip("0"))
    if digits > MAX_DIGITS:
        raise BadValueError(
            "number", f"has {digits} digits; DynamoDB keeps {MAX_DIGITS}.", "Round it."
        )
    if exact and not _SMALLEST <= exact.copy_abs() <= _LARGEST:
        raise _out_of_range()
    return plain(exact)


def _out_of_range() -> BadValueError:
    return BadValueError("number", "is out of range.", "DynamoDB holds 1e-130 to 1e126.")
