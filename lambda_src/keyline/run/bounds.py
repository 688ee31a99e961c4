"""The bounds of an addition to a number: exact, whatever is stored."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any

import msgspec

from keyline.model.place import Place
from keyline.model.shape import limits_of
from keyline.model.table import Table
from keyline.run.comparison import holds
from keyline.run.errors import BadValueError
from keyline.run.numbers import MAX_DIGITS
from keyline.run.settings import EARLIEST, LATEST

_DOWN = Context(prec=MAX_DIGITS, rounding=ROUND_FLOOR)
_UP = Context(prec=MAX_DIGITS, rounding=ROUND_CEILING)
_OPERATORS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
_LOWER = (">=", ">")
_NEXT = {">": (math.inf, ">="), "<": (-math.inf, "<=")}


class Bounds(msgspec.Struct, frozen=True):
    """The bounds of one number.

    Attributes
    ----------
    start
        What counts where there is no number: the field's default, or 0.
    limits
        Operators with the numbers that the total is compared with.
    step
        What the total is a multiple of, where that is declared.
    """

    start: Decimal
    limits: tuple[tuple[str, Decimal], ...]
    step: Decimal | None

    def started(self, delta: Decimal) -> Decimal:
        """Return the total of an item that lacks the attribute."""
        return _DOWN.add(self.start, delta)

    def admit_start(self, delta: Decimal) -> bool:
        """Return whether an item that lacks the attribute may be added to."""
        total = _wire(self.started(delta))
        return all(holds(operator, total, [_wire(limit)]) for operator, limit in self.limits)

    def before(self, delta: Decimal) -> list[tuple[str, Decimal]]:
        """Return what the stored number has to be, so that the total keeps to the bounds."""
        return list(self._before(delta))

    def around(self, delta: Decimal) -> list[tuple[str, Decimal]]:
        """Return the same of a number that need not keep to the bounds itself."""
        return [
            (operator, (_UP if operator in _LOWER else _DOWN).subtract(limit, delta))
            for operator, limit in self.limits
        ]

    def check_step(self, name: str, delta: Decimal) -> None:
        """Refuse an addition that would make a total of no multiple.

        Raises
        ------
        BadValueError
            If the addition is not a multiple itself.
        """
        if self.step is None:
            return
        from fractions import Fraction  # not at the start of functions, few of which have a step

        if Fraction(delta) % Fraction(self.step):
            raise BadValueError(
                name, f"has to be a multiple of {self.step}.", "Add a multiple of it."
            )

    def _before(self, delta: Decimal) -> Iterable[tuple[str, Decimal]]:
        for operator, limit in self.limits:
            if operator in _LOWER and delta < 0:
                yield operator, _UP.subtract(limit, delta)
            elif operator not in _LOWER and delta > 0:
                yield operator, _DOWN.subtract(limit, delta)


def bounds_of(place: Place, table: Table) -> Bounds:
    """Return the bounds of a number, or those of a moment where it is the TTL attribute."""
    declared = limits_of(place.annotation)
    # msgspec has no bounds of a Decimal.
    found = [(sign, getattr(declared, limit, None)) for limit, sign in _OPERATORS.items()]
    if isinstance(declared, msgspec.inspect.FloatType):
        found = [_inclusive(sign, limit) for sign, limit in found]
    if table.ttl and not place.steps and place.attribute == table.ttl.attribute:
        found += [(">=", EARLIEST), ("<=", LATEST)]
    field, step = place.field, getattr(declared, "multiple_of", None)
    return Bounds(
        _exact(field.default if field and field.defaulted else 0),
        tuple((sign, _exact(limit)) for sign, limit in found if limit is not None),
        None if step is None else _exact(step),
    )


def _inclusive(sign: str, limit: float | None) -> tuple[str, float | None]:
    """Return a bound of a float as one that is included.

    A total just below 1.0 is read as 1.0, so that the next float counts.
    """
    if limit is None or sign not in _NEXT:
        return sign, limit
    towards, inclusive = _NEXT[sign]
    return inclusive, math.nextafter(limit, towards)


def _exact(number: Any) -> Decimal:
    return number if isinstance(number, Decimal) else Decimal(str(number))


def _wire(number: Decimal) -> dict[str, str]:
    return {"N": str(number)}
