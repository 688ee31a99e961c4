"""Text in which some parts are not known, as values that can be compared.

A pseudo parameter, an import, a parameter without a default and what DynamoDB gives out are
constants: nobody knows their values here, and they are the same before and after. A constant is
part of a text between two marks. Two texts are equal if they have the same characters and the same
constants in the same places, however their template puts them together.
"""

from __future__ import annotations

import json
import re

_OPEN, _CLOSE = "\ue000", "\ue001"
_CONSTANT = re.compile(f"{_OPEN}([^{_OPEN}{_CLOSE}]*){_CLOSE}")

Value = str | int | float | bool | None | list["Value"] | dict[str, "Value"]
"""A value of a template, as JSON has it."""


def constant(name: str) -> str:
    """Return the text of a constant."""
    return f"{_OPEN}{shown(name)}{_CLOSE}"


def opaque(what: str, arguments: Value) -> str:
    """Return the constant of an intrinsic function whose result is not known here."""
    return constant(f"{what} {json.dumps(arguments, sort_keys=True, ensure_ascii=False)}")


def is_known(value: Value) -> bool:
    """Return whether a text has no constants."""
    return not (isinstance(value, str) and _OPEN in value)


def constant_name(stack: str, own: str) -> str:
    """Return the name of the constant that is what a stack's own resource is: `Shop:Orders.Arn`.

    Parameters
    ----------
    stack
        The stack's name; empty where nobody knows it.
    own
        A logical id, with an attribute or without.
    """
    return f"{stack}:{own}" if stack else own


def constant_of(text: str) -> str | None:
    """Return the name of the constant that is the whole text; None for any other text."""
    found = _CONSTANT.fullmatch(text)
    return found[1] if found else None


def shown(text: str) -> str:
    """Return a text for people: a constant is `${name}`."""
    return _CONSTANT.sub(r"${\1}", text)


def as_text(value: Value) -> str:
    """Return a scalar as CloudFormation writes it into a text; a list or an object as JSON."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, dict)):
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def listed(value: Value) -> list[Value]:
    """Return the items of a list. Another value is a list of itself, and None an empty list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
