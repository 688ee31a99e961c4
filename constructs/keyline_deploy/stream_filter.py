"""Match stream records against the filters of an event source mapping.

Pure Python: the local platform runs it. The module knows the operators of the filters that
`keyline.model.stream_filter_of` derives: equals, anything-but, prefix and exists, on the event, on
the identity, and on the texts, numbers and truth values of an image. `faults` refuses all others.
So no filter is matched in another way than Lambda would match it (Lambda developer guide,
invocation-eventfiltering, "Filter rule syntax").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from keyline.errors import Fault

Pattern = Mapping[str, Any]
"""A parsed filter: fields to objects, or to non-empty lists of values and operators."""

MAX_FILTERS: Final = 5
"""Filters of one event source mapping (invocation-eventfiltering; up to 10 on request)."""

MAX_PATTERN_CHARACTERS: Final = 4096
"""Length of one pattern as JSON (Lambda API reference, `Filter`)."""

_TYPES: Final = ("S", "N", "BOOL", "NULL")
_IMAGES: Final = ("Keys", "NewImage", "OldImage")
_DECLARE: Final = "Declare the filter with the events, where and old of a StreamSource."


def passes(patterns: Sequence[Pattern], record: Mapping[str, Any]) -> bool:
    """Tell whether any of the patterns matches the record, or there are none.

    "Your filters are logically ORed together" (invocation-eventfiltering).
    """
    return not patterns or any(matches(pattern, record) for pattern in patterns)


def matches(pattern: Pattern, record: Mapping[str, Any]) -> bool:
    """Tell whether a stream record satisfies one pattern that `faults` does not refuse.

    Parameters
    ----------
    pattern
        The parsed filter.
    record
        The record as the function would receive it: `eventName`, `dynamodb`, ...

    Notes
    -----
    Every field of the pattern must match (and); a list matches if any of its rules does (or).
    Values are compared character by character, so are numbers, which a record holds as texts.
    """
    return all(
        matches(rule, _inside(record.get(name)))
        if isinstance(rule, Mapping)
        else any(_matches(one, name in record, record.get(name)) for one in rule)
        for name, rule in pattern.items()
    )


def _inside(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _matches(rule: Any, present: bool, value: Any) -> bool:
    if not isinstance(rule, Mapping):
        return present and _equal(rule, value)
    ((operator, operand),) = rule.items()
    if operator == "exists":
        return present is operand
    return present and _COMPARISONS[operator](operand, value)


def _equal(one: Any, other: Any) -> bool:
    # Python calls 1 and True equal; JSON does not.
    return type(one) is type(other) and bool(one == other)


_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "anything-but": lambda operand, value: value not in operand,
    "prefix": lambda operand, value: isinstance(value, str) and value.startswith(operand),
}


def faults(patterns: Sequence[Pattern]) -> Iterator[Fault]:
    """Yield what this module cannot match in the filters of one mapping."""
    if len(patterns) > MAX_FILTERS:
        message = f"{len(patterns)} filters, and a mapping takes {MAX_FILTERS}."
        yield "filters", message, "Declare fewer."
    for index, pattern in enumerate(patterns):
        yield from _object_faults(f"filters[{index}]", pattern, ())


def _object_faults(here: str, pattern: Any, path: tuple[str, ...]) -> Iterator[Fault]:
    if not isinstance(pattern, Mapping) or not pattern:
        yield here, "is not an object with a field.", _DECLARE
        return
    for name, rule in pattern.items():
        field, below = (*path, name), f"{here}.{name}"
        if _is_value(field):
            yield from _list_faults(below, rule, field[-1])
        elif _is_object(field):
            yield from _object_faults(below, rule, field)
        else:
            yield below, "is not a field that the local platform filters by.", _DECLARE


def _is_value(field: tuple[str, ...]) -> bool:
    if field[0] == "dynamodb":
        return len(field) == 4 and field[3] in _TYPES
    return field in (("eventName",), ("userIdentity", "type"), ("userIdentity", "principalId"))


def _is_object(field: tuple[str, ...]) -> bool:
    if field[0] == "dynamodb":
        return len(field) in (1, 3) or (len(field) == 2 and field[1] in _IMAGES)
    return field == ("userIdentity",)


def _list_faults(here: str, rules: Any, last: str) -> Iterator[Fault]:
    if not isinstance(rules, list) or not rules:
        yield here, "is not a list of rules.", _DECLARE
        return
    for index, rule in enumerate(rules):
        if not _is_known(rule, bool if last in ("BOOL", "NULL") else str):
            yield f"{here}[{index}]", f"{rule!r} is not a rule that can match here.", _DECLARE


def _is_known(rule: Any, kind: type) -> bool:
    if not isinstance(rule, Mapping):
        return isinstance(rule, kind)
    match dict(rule):
        case {"exists": operand, **rest}:
            return not rest and isinstance(operand, bool)
        case {"prefix": operand, **rest}:
            return not rest and kind is str and isinstance(operand, str)
        case {"anything-but": [*operands], **rest}:
            texts = all(isinstance(operand, str) for operand in operands)
            return bool(operands) and texts and not rest and kind is str
    return False
