"""The bounds of a sum are exact, also where its digits are more than DynamoDB keeps."""

from __future__ import annotations

from decimal import Decimal

from keyline.run.bounds import Bounds

TINY = Decimal("1e-60")


def test_a_number_from_elsewhere_is_held_to_each_bound() -> None:
    bounds = Bounds(Decimal(0), ((">=", Decimal(1)), ("<=", Decimal(1))), None)
    nearly = Decimal("0." + "9" * 38)
    assert bounds.around(TINY) == [(">=", Decimal(1)), ("<=", nearly)]
    assert bounds.around(Decimal(0)) == [(">=", Decimal(1)), ("<=", Decimal(1))]
    assert bounds.before(Decimal(0)) == []
