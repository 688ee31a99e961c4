"""Values as DynamoDB compares them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any

import msgspec

from keyline.run.scalars import Wire


def same(stored: Wire | None, written: Wire) -> bool:
    """Return whether a value that DynamoDB tells is the one that was written.

    DynamoDB writes a number in another way than it was sent, and a set in any order.
    """
    sent = msgspec.json.decode(msgspec.json.encode(written))
    return stored is not None and _comparable(stored) == _comparable(sent)


def _comparable(wire: Wire) -> tuple[str, Any]:
    ((tag, content),) = wire.items()
    match tag:
        case "N":
            return tag, Decimal(content)
        case "NS":
            return tag, {Decimal(number) for number in content}
        case "SS" | "BS":
            return tag, set(content)
        case "L":
            return tag, [_comparable(each) for each in content]
        case "M":
            return tag, {name: _comparable(each) for name, each in content.items()}
    return tag, content


def holds(operator: str, stored: Wire, given: Sequence[Wire]) -> bool:
    """Return whether a condition of a write holds for a value, as DynamoDB compares.

    Parameters
    ----------
    operator
        As in `keyline.model.condition`; neither `exists` nor `absent`.
    given
        The values that it is compared with: two of a `between`, otherwise one.
    """
    (tag, ours), (theirs_tag, theirs) = _comparable(stored), _comparable(given[0])
    if operator == "contains":
        if tag == "L":
            return (theirs_tag, theirs) in ours
        return theirs in ours if tag in (theirs_tag, f"{theirs_tag}S") else False
    if tag != theirs_tag:
        return operator == "<>"
    if operator == "between":
        return bool(theirs <= ours <= _comparable(given[1])[1])
    if operator == "begins_with":
        return bool(ours.startswith(theirs))
    return bool(_COMPARE[operator](ours, theirs))


_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": eq,
    "<>": ne,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
}
