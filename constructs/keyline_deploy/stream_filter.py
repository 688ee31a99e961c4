"""The event-filter language of Lambda, for DynamoDB streams: what it matches, what is wrong in it.

Pure Python: the constructs check filters with it at synth, the local platform runs them.

The operators are those of the table "Filter rule syntax" in the Lambda developer guide
(invocation-eventfiltering): null, empty, equals, equals (ignore case), and, or, or (multiple
fields), not, numeric, exists, begins with, ends with. EventBridge knows more (`wildcard`,
`cidr`, `anything-but` around another operator, `prefix` or `suffix` around
`equals-ignore-case`). Lambda documents none of these, and the EventBridge user guide
(eb-create-pattern-operators) marks the nested `anything-but` forms as unsupported outside
event buses, so `validate` refuses them and names a documented way to say the same.

A stream record writes an attribute as `{"N": "5"}`: a number is a *string* there. `numeric`
compares JSON numbers only, so under `N` it never matches anything, and AWS accepts it
without a word. `validate` reports that and its relatives.
"""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import cache
from itertools import product
from math import prod
from typing import Any, Final

Pattern = Mapping[str, Any]
"""A parsed filter: fields to objects, or to non-empty lists of values and operators."""

MAX_FILTERS: Final = 5
"""Filters of one event source mapping (invocation-eventfiltering; up to 10 on request)."""

MAX_PATTERN_CHARACTERS: Final = 4096
"""Length of one pattern as JSON (Lambda API reference, `Filter`)."""

MAX_WAYS: Final = 1000
"""Combinations of choices of `$or` (EventBridge user guide, eb-create-pattern-operators)."""

MAX_DIGITS: Final = 38
"""Significant digits of a number (DynamoDB developer guide, "Data types")."""

_OR: Final = "$or"
_IMAGES: Final = ("Keys", "NewImage", "OldImage")
_EVENT_NAMES: Final = ("INSERT", "MODIFY", "REMOVE")
_STRING_TYPES: Final = ("S", "N", "B", "SS", "NS", "BS")
_TYPES: Final = (*_STRING_TYPES, "BOOL", "NULL", "M", "L")
_RECORD: Final[Mapping[str, Sequence[str] | None]] = {
    "dynamodb": (
        *_IMAGES,
        "SequenceNumber",
        "SizeBytes",
        "StreamViewType",
        "ApproximateCreationDateTime",
    ),
    "userIdentity": ("type", "principalId"),
    "eventName": None,
    "eventID": None,
    "eventVersion": None,
    "eventSource": None,
    "eventSourceARN": None,
    "awsRegion": None,
}
"""The fields of a stream record as a function receives it, and the fields inside them."""


@dataclass(frozen=True)
class FilterFault:
    """One thing wrong with a filter.

    Attributes
    ----------
    path
        Where in the pattern: `dynamodb.NewImage.price.N[0].numeric`.
    message
        What is wrong there.
    suggestion
        What to write instead.
    refused
        True if AWS refuses the pattern; False if it accepts it and then matches nothing,
        or everything, without a word.
    """

    path: str
    message: str
    suggestion: str
    refused: bool = True

    def __str__(self) -> str:
        return f"{self.path}: {self.message} {self.suggestion}"


# ---------------------------------------------------------------------------- matching


def passes(patterns: Sequence[Pattern], record: Mapping[str, Any]) -> bool:
    """Tell whether any of the patterns matches the record, or there are none.

    "Your filters are logically ORed together" (invocation-eventfiltering).
    """
    return not patterns or any(matches(pattern, record) for pattern in patterns)


def matches(pattern: Pattern, record: Mapping[str, Any]) -> bool:
    """Tell whether a stream record satisfies one pattern that `validate` does not refuse.

    Parameters
    ----------
    pattern
        The parsed filter.
    record
        The record as the function would receive it: `eventName`, `dynamodb`, ...

    Notes
    -----
    Every field of the pattern must match (and); a list matches if any of its rules does (or).
    Strings are compared character by character; so are numbers, by their representation: 300
    and 300.0 are not equal (invocation-eventfiltering).

    Where Lambda's guide is silent, the engine that AWS published is followed (GitHub,
    aws/event-ruler). An array in the record, such as the value of an `SS`, matches if any of its
    elements does, and the fields of a pattern below an array are fulfilled by one element of it
    (its README, "JSON Array Matching"; ArrayMembership). Fields are tried in the order of their
    names; `exists: false` holds if the field is in no element that those before it leave open
    (NameState), so that alone it asks for a record in which no element has the field.
    """
    return any(
        _fulfilled(sorted(dict(branch).items()), record, {}) for branch in _branches(pattern)
    )


_Path = tuple[str, ...]
_Field = tuple[_Path, Sequence[Any]]
"""A field and its rules."""
_Elements = Mapping[_Path, int]
"""Which element of each array has been looked into: an array's place to the element's index."""


def _branches(pattern: Pattern, path: _Path = ()) -> list[list[_Field]]:
    """Return the ways to match a pattern, each as the fields that have to match together.

    `$or` makes a way of each choice (JsonRuleCompiler). A field that a way holds twice has the
    later rules only, without a word, which `validate` reports.
    """
    ways: list[list[_Field]] = [[]]
    for name, rule in pattern.items():
        if name == _OR:
            more = [way for choice in rule for way in _branches(choice, path)]
        elif isinstance(rule, Mapping):
            more = _branches(rule, (*path, name))
        else:
            more = [[((*path, name), rule)]]
        ways = [[*one, *other] for one, other in product(ways, more)]
    return ways


def _fulfilled(fields: Sequence[_Field], record: Mapping[str, Any], seen: _Elements) -> bool:
    """Tell whether the record has values for all fields that lie in the same elements."""
    if not fields:
        return True
    (path, rules), rest = fields[0], fields[1:]
    found = [
        (leaf, {**seen, **elements})
        for leaf, elements in _leaves(record, path, (), {})
        if all(seen.get(array, index) == index for array, index in elements.items())
    ]
    if not found and {"exists": False} in rules and _fulfilled(rest, record, seen):
        return True
    return any(
        _fulfilled(rest, record, elements)
        for leaf, elements in found
        if any(_matches_leaf(rule, leaf) for rule in rules)
    )


def _leaves(
    value: Any, path: _Path, here: _Path, elements: _Elements
) -> Iterator[tuple[Any, _Elements]]:
    """Yield the plain values at a path, each with the elements of arrays that it lies in.

    An object is no leaf, which is why `exists` on one is false ("the Exists operator only
    works on leaf nodes in the event JSON", with-ddb-filtering).
    """
    if isinstance(value, list):
        for index, element in enumerate(value):
            nested = isinstance(element, Mapping | list)
            inner = {**elements, here: index} if nested else elements
            yield from _leaves(element, path, (*here, str(index)), inner)
    elif path and isinstance(value, Mapping) and path[0] in value:
        yield from _leaves(value[path[0]], path[1:], (*here, path[0]), elements)
    elif not path and not isinstance(value, Mapping):
        yield value, elements


def _matches_leaf(rule: Any, leaf: Any) -> bool:
    if not isinstance(rule, Mapping):
        return _equal(rule, leaf)
    ((name, operand),) = rule.items()
    return _LEAF_OPERATORS[name](operand, leaf)


def _equal(one: Any, other: Any) -> bool:
    # Python calls 1, 1.0 and True equal; JSON does not.
    return type(one) is type(other) and bool(one == other)


def _anything_but(operand: Any, leaf: Any) -> bool:
    unwanted = operand if isinstance(operand, list) else [operand]
    return not any(_equal(one, leaf) for one in unwanted)


def _prefix(operand: str, leaf: Any) -> bool:
    return isinstance(leaf, str) and leaf.startswith(operand)


def _suffix(operand: str, leaf: Any) -> bool:
    return isinstance(leaf, str) and leaf.endswith(operand)


def _equals_ignore_case(operand: str, leaf: Any) -> bool:
    return isinstance(leaf, str) and _spellings(operand).fullmatch(leaf) is not None


@cache
def _spellings(text: str) -> re.Pattern[str]:
    """Return what matches a text with each of its characters in lower or in upper case.

    As EqualsIgnoreCaseParser of aws/event-ruler: `ss` matches `SS` and `sS`, not the one
    character sharp s. The full mappings of a character count, so that a sharp s in the filter
    matches itself and its upper case, which is `SS`.
    """
    # Each spelling once: two equal ones would double the ways to try with each character.
    spelled = (dict.fromkeys((character.lower(), character.upper())) for character in text)
    return re.compile("".join(f"(?:{'|'.join(map(re.escape, each))})" for each in spelled))


def _numeric(operand: Sequence[Any], leaf: Any) -> bool:
    if not _is_number(leaf):
        return False
    pairs = zip(operand[::2], operand[1::2], strict=True)
    return all(_COMPARISONS[sign](leaf, bound) for sign, bound in pairs)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": lambda value, bound: bool(value == bound),
    "<": lambda value, bound: bool(value < bound),
    "<=": lambda value, bound: bool(value <= bound),
    ">": lambda value, bound: bool(value > bound),
    ">=": lambda value, bound: bool(value >= bound),
}
_LEAF_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "exists": lambda wanted, leaf: bool(wanted),
    "anything-but": _anything_but,
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _equals_ignore_case,
    "numeric": _numeric,
}

# -------------------------------------------------------------------------- validation


def validate_all(patterns: Sequence[str | Pattern]) -> list[FilterFault]:
    """Return what is wrong with the filters of one mapping; paths start with `filters[i]`."""
    faults = [
        FilterFault(
            f"filters[{index}].{fault.path}", fault.message, fault.suggestion, fault.refused
        )
        for index, pattern in enumerate(patterns)
        for fault in validate(pattern)
    ]
    if len(patterns) > MAX_FILTERS:
        faults.append(
            FilterFault(
                "filters",
                f"{len(patterns)} filters, and a mapping takes {MAX_FILTERS}.",
                "Join some of them with $or inside one pattern.",
            )
        )
    return faults


def validate(pattern: str | Pattern) -> list[FilterFault]:
    """Return what is wrong with one filter, in the order of its text; empty if it is good.

    Parameters
    ----------
    pattern
        The JSON text as it stands in a template, or the parsed document.
    """
    try:
        text = pattern if isinstance(pattern, str) else _dumped(pattern)
        return list(_text_faults(text))
    except (TypeError, ValueError) as error:  # as JSON it cannot be written, or not read
        return [FilterFault("$", f"not JSON: {error}.", "Write the pattern as a JSON object.")]
    except RecursionError:
        return [
            FilterFault("$", "it is nested too deeply.", "DynamoDB nests values 32 levels deep.")
        ]


def _dumped(pattern: Pattern) -> str:
    return json.dumps(pattern, separators=(",", ":"), allow_nan=False)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number of JSON")


def _text_faults(text: str) -> Iterator[FilterFault]:
    document = json.loads(text, parse_constant=_no_constant)
    if not isinstance(document, Mapping):
        yield FilterFault("$", "a pattern is an object.", 'Write {"eventName": ["INSERT"]}.')
        return
    faults = [*_length_faults(text), *_object_faults(document, ())]
    yield from faults
    if not any(fault.refused for fault in faults):
        yield from _or_conflicts(document)


def _length_faults(text: str) -> Iterator[FilterFault]:
    if len(text) > MAX_PATTERN_CHARACTERS:
        yield FilterFault(
            "$",
            f"{len(text)} characters, and a pattern takes {MAX_PATTERN_CHARACTERS}.",
            "Split it into several filters, which are joined by or.",
        )


def _or_conflicts(pattern: Pattern) -> Iterator[FilterFault]:
    ways = _ways(pattern)
    if ways > MAX_WAYS:
        yield FilterFault(
            _OR,
            f"{ways} combinations of choices, and a pattern takes {MAX_WAYS}.",
            "Split it into several filters, which are joined by or.",
        )
        return
    fields = [Counter(path for path, _ in branch) for branch in _branches(pattern)]
    for path in {path: None for each in fields for path, count in each.items() if count > 1}:
        yield FilterFault(
            _text(path),
            "a field stands both inside and outside $or, and the later rules replace the others.",
            "Write the rules of both into each choice of $or.",
            refused=False,
        )


def _ways(pattern: Pattern) -> int:
    return prod(
        sum(map(_ways, rule)) if name == _OR else _ways(rule) if isinstance(rule, Mapping) else 1
        for name, rule in pattern.items()
    )


def _object_faults(pattern: Pattern, path: tuple[str, ...]) -> Iterator[FilterFault]:
    if not pattern:
        yield FilterFault(_text(path), "an empty object.", "Name a field, or leave the filter out.")
    for name, rule in pattern.items():
        if name == _OR:
            yield from _or_faults(rule, path)
        else:
            yield from _field_faults(name, rule, (*path, name))


def _or_faults(choices: Any, path: tuple[str, ...]) -> Iterator[FilterFault]:
    here = _text((*path, _OR))
    if (
        not isinstance(choices, list)
        or len(choices) < 2
        or not all(isinstance(choice, Mapping) for choice in choices)
    ):
        yield FilterFault(
            here,
            "$or takes a list of at least two objects.",
            'Write "$or": [{"a": ["x"]}, {"b": ["y"]}].',
        )
        return
    for choice in choices:
        yield from _object_faults(choice, path)


def _field_faults(name: str, rule: Any, path: tuple[str, ...]) -> Iterator[FilterFault]:
    unknown = _unknown_field(path)
    if unknown:
        yield unknown
        return
    if isinstance(rule, Mapping):
        yield from _descend(rule, path)
    elif not isinstance(rule, list):
        yield FilterFault(
            _text(path),
            f"{json.dumps(rule, default=str)} stands where a list of rules must.",
            f"Write [{json.dumps(rule, default=str)}].",
        )
    elif not rule:
        yield FilterFault(_text(path), "an empty list matches nothing.", "Give at least one rule.")
    else:
        yield from _leaf_faults(rule, path)


def _descend(pattern: Pattern, path: tuple[str, ...]) -> Iterator[FilterFault]:
    if _is_leaf_field(path):
        yield _never(
            _text(path),
            f"{path[-1]} holds a plain value, so an object never matches it.",
            "Write a list of rules.",
        )
        return
    yield from _object_faults(pattern, path)


def _unknown_field(path: tuple[str, ...]) -> FilterFault | None:
    known = _known_fields(path[:-1])
    if known is None or path[-1] in known:
        return None
    if path[-1] in _OPERATOR_NAMES:
        return FilterFault(
            _text(path),
            f"the operator {path[-1]} stands outside a list.",
            f'Write [{{"{path[-1]}": ...}}].',
        )
    near = difflib.get_close_matches(path[-1].replace("_", ""), known, n=1, cutoff=0.5)
    return _never(
        _text(path),
        f"a stream record has no field {path[-1]} here.",
        f"Did you mean {near[0]}?" if near else f"It has {', '.join(known)}.",
    )


def _known_fields(parent: tuple[str, ...]) -> Sequence[str] | None:
    """Return the fields that can stand under a path; None where any name can."""
    if not parent:
        return tuple(_RECORD)
    if len(parent) == 1:
        return _RECORD.get(parent[0])
    return _TYPES if _holds_value(parent) else None


def _holds_value(path: tuple[str, ...]) -> bool:
    """Tell whether the path ends at an attribute, whose next step is its type.

    Below an image the names alternate: attribute, type, attribute of a map, type, ...; an
    element of a list has no name, so `L` is followed by a type at once.
    """
    if len(path) < 3 or path[0] != "dynamodb" or path[1] not in _IMAGES:
        return False
    expects_type = False
    for step in path[2:]:
        expects_type = not expects_type if not (expects_type and step == "L") else True
    return expects_type


def _value_type(path: tuple[str, ...]) -> str | None:
    """Return the type descriptor a path ends with, or None."""
    return path[-1] if len(path) > 3 and _holds_value(path[:-1]) else None


def _is_leaf_field(path: tuple[str, ...]) -> bool:
    if path[0] not in _RECORD:
        return False
    if len(path) == 1:
        return _RECORD[path[0]] is None
    if len(path) == 2:
        return path[1] not in _IMAGES
    return _value_type(path) not in (None, "M", "L")


def _leaf_faults(rules: Sequence[Any], path: tuple[str, ...]) -> Iterator[FilterFault]:
    for index, rule in enumerate(rules):
        here = f"{_text(path)}[{index}]"
        fault = _form_fault(rule, here) or _place_fault(rule, path, here)
        if fault:
            yield fault


def _form_fault(rule: Any, here: str) -> FilterFault | None:
    """Return what AWS would refuse in one rule, wherever it stands."""
    if isinstance(rule, list):
        return FilterFault(here, "a list inside a list.", "Write the values in one list.")
    if not isinstance(rule, Mapping):
        return None
    if len(rule) != 1:
        return FilterFault(
            here,
            f"{len(rule)} operators in one object.",
            "Write each in its own object; the objects of a list are joined by or.",
        )
    ((name, operand),) = rule.items()
    if name in _ELSEWHERE:
        return FilterFault(
            f"{here}.{name}", "Lambda's filters have no such operator.", _ELSEWHERE[name]
        )
    if name not in _OPERATOR_NAMES:
        near = difflib.get_close_matches(name.replace("_", "-"), _OPERATOR_NAMES, n=1)
        return FilterFault(
            f"{here}.{name}",
            "no such operator.",
            f"Did you mean {near[0]}?" if near else f"There are {', '.join(_OPERATOR_NAMES)}.",
        )
    fault = _OPERAND_CHECKS[name](operand)
    return FilterFault(f"{here}.{name}", *fault) if fault else None


_Saying = tuple[str, str] | None
"""Message and suggestion of a fault of an operand; None if the operand is right."""


def _check_text(operand: Any) -> _Saying:
    if isinstance(operand, str):
        return None
    if isinstance(operand, Mapping):
        return (
            "takes a string; EventBridge's nested form is not among Lambda's operators.",
            "List the spellings that occur.",
        )
    return "takes a string.", 'Write it as "text".'


def _check_exists(operand: Any) -> _Saying:
    return None if isinstance(operand, bool) else ("takes true or false.", "Write true or false.")


def _check_anything_but(operand: Any) -> _Saying:
    if isinstance(operand, Mapping):
        return (
            "takes a value or a list of values; around another operator it is EventBridge's.",
            "List the values, or filter in the handler.",
        )
    values = operand if isinstance(operand, list) else [operand]
    if not values:
        return "an empty list.", "Give at least one value."
    if all(isinstance(value, str) for value in values) or all(map(_is_number, values)):
        return None
    return "takes strings only, or numbers only.", "Do not mix them."


def _check_numeric(operand: Any) -> _Saying:
    example = 'Write ["=", 5], [">", 5] or [">", 5, "<=", 10].'
    if not isinstance(operand, list) or len(operand) not in (2, 4):
        return "takes one comparison or a lower and an upper bound.", example
    signs, bounds = operand[::2], operand[1::2]
    if not all(isinstance(sign, str) and sign in _COMPARISONS for sign in signs):
        return f"knows the comparisons {', '.join(_COMPARISONS)}.", example
    if not all(map(_is_number, bounds)):
        return "compares with JSON numbers.", example
    if len(signs) == 2:
        lower, upper = bounds
        if signs[0] not in (">", ">=") or signs[1] not in ("<", "<="):
            return "takes the lower bound first, then the upper one.", example
        if lower >= upper:
            return f"the range from {lower} to {upper} is empty.", example
    return None


_OPERAND_CHECKS: Final[Mapping[str, Callable[[Any], _Saying]]] = {
    "anything-but": _check_anything_but,
    "prefix": _check_text,
    "suffix": _check_text,
    "equals-ignore-case": _check_text,
    "numeric": _check_numeric,
    "exists": _check_exists,
}
_OPERATOR_NAMES: Final = tuple(_OPERAND_CHECKS)
_ELSEWHERE: Final = {
    "wildcard": "Use prefix or suffix, or filter in the handler.",
    "cidr": "List the addresses, or use prefix.",
}


def _place_fault(rule: Any, path: tuple[str, ...], here: str) -> FilterFault | None:
    """Return why one well-formed rule can never do what it says at this place."""
    if not _is_leaf_field(path):
        return _inner_node_fault(rule, path, here)
    if path == ("eventName",) and isinstance(rule, str) and rule not in _EVENT_NAMES:
        return _never(
            here, f"no record has the eventName {rule}.", f"Use {', '.join(_EVENT_NAMES)}."
        )
    if rule is None:
        return _never(
            here,
            "nothing in a stream record is null.",
            'Use {"NULL": [true]} for DynamoDB\'s null, [{"exists": false}] for a missing one.',
        )
    kind = _value_type(path)
    if kind in _STRING_TYPES:
        return _string_value_fault(rule, kind, here)
    if kind in ("BOOL", "NULL") and not isinstance(rule, bool | Mapping):
        return _never(here, f"{kind} holds true or false.", "Write [true] or [false].")
    return None


def _inner_node_fault(rule: Any, path: tuple[str, ...], here: str) -> FilterFault:
    attribute = _holds_value(path)
    shown = json.dumps(rule if not _is_number(rule) else str(rule), default=str)
    return _never(
        here,
        f"{path[-1]} holds "
        + ('a typed value such as {"S": ...}' if attribute else "an object")
        + ", and rules, exists included, see plain values only.",
        f'Write "{path[-1]}": {{"S": [{shown}]}}, with the attribute\'s type.'
        if attribute
        else "Go down to a field that holds a value.",
    )


def _string_value_fault(rule: Any, kind: str, here: str) -> FilterFault | None:
    if isinstance(rule, Mapping) and "numeric" in rule:
        return _never(
            f"{here}.numeric",
            f"numeric never matches {kind}: a stream record holds its value as a string.",
            'List the values as strings, use {"anything-but": ["0"]}, or compare in the handler.',
        )
    for value in _plain_values(rule):
        if not isinstance(value, str):
            return _never(
                here,
                f"{json.dumps(value)} is not a string, and {kind} holds strings.",
                f'Write "{json.dumps(value)}".',
            )
        if kind in ("N", "NS") and (fault := _number_fault(value)):
            return _never(here, *fault)
    return None


def _plain_values(rule: Any) -> Sequence[Any]:
    if not isinstance(rule, Mapping):
        return [rule]
    operand = rule.get("anything-but", [])
    return operand if isinstance(operand, list) else [operand]


def _number_fault(text: str) -> tuple[str, str] | None:
    """Return why no number of a stream record is written so, and what to write instead.

    DynamoDB writes numbers without leading or trailing zeros. It keeps 38 significant digits, and
    magnitudes from 1e-130 to below 1e126 (DynamoDB developer guide, "Data types").
    """
    value = Decimal(text, _EXACT)
    unlike = f'no number is written "{text}" in a stream record.'
    if not value.is_finite():
        return unlike, "Write a number."
    digits = len("".join(map(str, value.as_tuple().digits)).strip("0"))
    if digits > MAX_DIGITS:
        return f"{digits} digits, and DynamoDB keeps {MAX_DIGITS}.", "Write fewer digits."
    if value and not -130 <= value.adjusted() <= 125:
        return unlike, "Write a number from 1e-130 to below 1e126."
    plain = format(value.normalize(_EXACT), "f") if value else "0"
    return None if plain == text else (unlike, f'Write "{plain}".')


_EXACT: Final = Context(prec=MAX_PATTERN_CHARACTERS, traps=[])
"""Holds all digits that a pattern can hold; Python's own context has 28."""


def _never(path: str, message: str, suggestion: str) -> FilterFault:
    return FilterFault(path, message, suggestion, refused=False)


def _text(path: tuple[str, ...]) -> str:
    return ".".join(path) or "$"
