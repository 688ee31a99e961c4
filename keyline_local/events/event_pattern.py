"""Event patterns of EventBridge rules.

Sources: "Event patterns in Amazon EventBridge" and "Comparison operators for use in event
patterns" (EventBridge user guide). Values are compared as they are written, so that 300 and 300.0
differ. An event's array matches if one of its elements does. `exists` looks at values alone, not
at objects.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_Rule = Callable[[Any], bool]
"""Says of what stands at a place of an event whether it matches; `_ABSENT` where nothing does."""

_ABSENT = object()
_MOST = 5_000_000_000
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "=": lambda value, bound: value == bound,
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
}
_OPERATORS = (
    *("prefix", "suffix", "equals-ignore-case", "anything-but", "wildcard", "exists", "numeric"),
    "cidr",
)


class EventPattern:
    """The pattern of a rule.

    Raises
    ------
    ValueError
        EventBridge would refuse the pattern. The message says where and why.
    """

    def __init__(self, pattern: Any) -> None:
        self._matches = _object(pattern, "")

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Tell whether the rule takes an event."""
        return self._matches(event)


def _object(pattern: Any, path: str) -> _Rule:
    if not isinstance(pattern, Mapping) or not pattern:
        raise ValueError(f"{path or 'the pattern'} is not an object with a field")
    fields: dict[str, _Rule] = {}
    choices: list[_Rule] = []
    for name, below in pattern.items():
        here = f"{path}.{name}" if path else name
        if name == "$or" and _are_choices(below):
            choices = [_object(each, f"{here}[{i}]") for i, each in enumerate(below)]
        elif isinstance(below, Mapping):
            fields[name] = _object(below, here)
        else:
            fields[name] = _values(below, here)

    def matches(value: Any) -> bool:
        if isinstance(value, list) and value:
            return any(matches(each) for each in value)
        inside = value if isinstance(value, Mapping) else {}
        found = all(rule(inside.get(name, _ABSENT)) for name, rule in fields.items())
        return found and (not choices or any(choice(value) for choice in choices))

    return matches


def _are_choices(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) > 1
        and all(isinstance(each, Mapping) and not _operator(each) for each in value)
    )


def _values(rules: Any, path: str) -> _Rule:
    """Return the rule of a field: one of its values or operators is enough."""
    if not isinstance(rules, list) or not rules:
        raise ValueError(f"{path} is not a list of values")
    tests = [_rule(rule, path) for rule in rules]
    return lambda value: any(test(_leaves(value)) for test in tests)


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [leaf for each in value for leaf in _leaves(each)]
    return [] if value is _ABSENT or isinstance(value, dict) else [value]


def _rule(rule: Any, path: str) -> Callable[[Sequence[Any]], bool]:
    """Return what tells of the values of a field whether one of them satisfies a rule."""
    if isinstance(rule, list):
        raise ValueError(f"{path} holds a list in a list")
    if isinstance(rule, Mapping) and [*rule] == ["exists"]:
        wanted = rule["exists"]
        if not isinstance(wanted, bool):
            raise ValueError(f"{path}: exists is true or false")
        return lambda values: bool(values) is wanted
    test = _operation(rule, path) if isinstance(rule, Mapping) else _equal(rule)
    return lambda values: any(test(value) for value in values)


def _operator(rule: Mapping[str, Any]) -> str | None:
    name = next(iter(rule), "")
    return name if len(rule) == 1 and name in _OPERATORS else None


def _operation(rule: Mapping[str, Any], path: str) -> _Rule:
    name = _operator(rule)
    if name is None:
        known = ", ".join(_OPERATORS)
        raise ValueError(f"{path}: {dict(rule)} is not one of the operators {known}")
    operand, here = rule[name], f"{path}: {name}"
    match name:
        case "anything-but":
            return _anything_but(operand, here)
        case "numeric":
            return _numeric(operand, here)
        case "cidr":
            return _cidr(operand, here)
        case _:
            return _textual(name, operand, here)


def _equal(wanted: Any) -> _Rule:
    # Python calls 1, 1.0 and True equal; an event pattern does not.
    return lambda value: type(value) is type(wanted) and bool(value == wanted)


def _textual(name: str, operand: Any, here: str) -> _Rule:
    folded = isinstance(operand, Mapping) and [*operand] == ["equals-ignore-case"]
    text = operand["equals-ignore-case"] if folded else operand
    if not isinstance(text, str) or (folded and name not in ("prefix", "suffix")):
        raise ValueError(f"{here} takes a text")
    expression = {
        "prefix": lambda: f"{re.escape(text)}.*",
        "suffix": lambda: f".*{re.escape(text)}",
        "equals-ignore-case": lambda: re.escape(text),
        "wildcard": lambda: _wildcard(text, here),
    }[name]()
    ignoring = re.IGNORECASE if folded or name == "equals-ignore-case" else re.NOFLAG
    compiled = re.compile(expression, re.DOTALL | ignoring)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _wildcard(text: str, here: str) -> str:
    if "**" in re.sub(r"\\.", "", text):
        raise ValueError(f"{here} has two `*` beside each other")
    if re.search(r"\\(?![*\\])", text.replace(r"\\", "")):
        raise ValueError(f"{here}: a backslash stands before `*` or another backslash")
    parts = re.findall(r"\\.|.", text, re.DOTALL)
    return "".join(
        ".*" if part == "*" else re.escape(part[1:] if part[0] == "\\" and part[1:] else part)
        for part in parts
    )


def _anything_but(operand: Any, here: str) -> _Rule:
    if isinstance(operand, Mapping):
        name = next(iter(operand), "")
        if len(operand) != 1 or name not in ("prefix", "suffix", "equals-ignore-case", "wildcard"):
            raise ValueError(f"{here} takes values, or one operator on texts")
        several = operand[name] if isinstance(operand[name], list) else [operand[name]]
        tests = [_textual(name, each, f"{here}: {name}") for each in several]
    else:
        several = operand if isinstance(operand, list) else [operand]
        if any(isinstance(each, Mapping | list | bool) or each is None for each in several):
            raise ValueError(f"{here} takes texts or numbers")
        if len({isinstance(each, str) for each in several}) > 1:
            raise ValueError(f"{here} takes texts or numbers, not both")
        tests = [_equal(each) for each in several]
    if not tests:
        raise ValueError(f"{here} takes at least one value")
    return lambda value: not any(test(value) for test in tests)


def _numeric(operand: Any, here: str) -> _Rule:
    if not isinstance(operand, list) or len(operand) not in (2, 4):
        raise ValueError(f'{here} takes a list such as [">", 0, "<=", 5]')
    bounds = []
    for sign, bound in zip(operand[::2], operand[1::2], strict=True):
        if sign not in _COMPARISONS or not _is_number(bound) or abs(bound) > _MOST:
            raise ValueError(f"{here}: {sign!r} {bound!r} is not a comparison with a number")
        bounds.append((_COMPARISONS[sign], bound))
    if len(bounds) == 2 and not (
        operand[0][0] == ">" and operand[2][0] == "<" and operand[1] < operand[3]
    ):
        raise ValueError(f"{here}: a range goes from a lower to a higher number")
    return lambda value: _is_number(value) and all(holds(value, bound) for holds, bound in bounds)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cidr(operand: Any, here: str) -> _Rule:
    if not isinstance(operand, str) or "/" not in operand:
        raise ValueError(f"{here} takes a network such as 10.0.0.0/24")
    try:
        network = ipaddress.ip_network(operand, strict=False)
    except ValueError as error:
        raise ValueError(f"{here}: {error}") from error

    def matches(value: Any) -> bool:
        try:
            return isinstance(value, str) and ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return matches
