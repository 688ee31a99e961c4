"""A template's parameters: their types and constraints.

Sources: CloudFormation user guide, "CloudFormation template Parameters syntax" and "Specify
existing resources at runtime with CloudFormation-supplied parameter types". A value is text
whatever its type. A list's text is cut at its commas, each member without the spaces around it.
Whether a resource of an `AWS::EC2::...` type exists is not looked up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from keyline_local.cloudformation.scalars import as_text
from keyline_local.host.errors import LocalPlatformError

_STORED = re.compile(r"AWS::SSM::Parameter::Value<(.+)>")
_LISTS = re.compile(r"CommaDelimitedList|List<(Number|String|AWS::[\w:]+)>")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_SINGLE = re.compile(r"String|Number|AWS::[\w:]+")


def parameter_value(
    declared: Mapping[str, Any], value: Any, path: str, stored: Callable[[str], str] | None
) -> str | list[str]:
    """Return the value of a parameter as `Ref` has it.

    Parameters
    ----------
    declared
        The parameter in the template.
    value
        What is given, or its default.
    path
        Where the parameter stands.
    stored
        Returns the value of an SSM parameter; None if `value` is already that value.

    Raises
    ------
    LocalPlatformError
        The type is unknown, or the value does not fit the type or a constraint.
    """
    kind = declared.get("Type")
    if not isinstance(kind, str):
        raise LocalPlatformError(f"{path}/Type", "the parameter has no type", "write a Type")
    try:
        plain = as_text(value)
    except TypeError as error:
        raise _unfit(declared, f"{path}/Default", f"the value {error}") from error
    held = _STORED.fullmatch(kind)
    if held is None:
        return _checked(declared, kind, plain, path)
    if stored is not None:
        _checked(declared, "String", plain, path)
        plain = stored(plain)
    return _typed(declared, held[1], plain, path)


def _checked(declared: Mapping[str, Any], kind: str, plain: str, path: str) -> str | list[str]:
    """Return a value that fits its type and the constraints of its parameter."""
    typed = _typed(declared, kind, plain, path)
    for member in typed if isinstance(typed, list) else [typed]:
        try:
            found = _broken(declared, kind, member)
        except (TypeError, ValueError) as error:
            raise LocalPlatformError(
                path, f"a constraint has another form: {error}", "see the reference of parameters"
            ) from error
        for broken in found:
            raise _unfit(declared, path, broken)
    return typed


def _typed(declared: Mapping[str, Any], kind: str, plain: str, path: str) -> str | list[str]:
    if not _LISTS.fullmatch(kind) and not _SINGLE.fullmatch(kind):
        raise LocalPlatformError(
            f"{path}/Type",
            f"there is no parameter type {kind!r}",
            "use String, Number, CommaDelimitedList, List<Number>, a type of AWS, a list of one, "
            "or AWS::SSM::Parameter::Value<...> of one of them",
        )
    listed = _LISTS.fullmatch(kind)
    typed = [member.strip() for member in plain.split(",")] if listed else plain
    if kind in ("Number", "List<Number>"):
        for member in typed if isinstance(typed, list) else [typed]:
            if _number(member) is None:
                raise _unfit(declared, path, f"{member!r} is not a number")
    return typed


def _broken(declared: Mapping[str, Any], kind: str, member: str) -> list[str]:
    """Return which constraints a value, or a member of a list, breaks."""
    found = []
    allowed = declared.get("AllowedValues", [member])
    if not isinstance(allowed, list):
        raise TypeError(f"AllowedValues is {allowed!r}, not a list")
    if member not in [as_text(each) for each in allowed]:
        found.append(f"{member!r} is not one of AllowedValues")
    try:
        if not re.fullmatch(declared.get("AllowedPattern", r"[\s\S]*"), member):
            found.append(f"{member!r} does not match AllowedPattern")
    except re.error as error:
        found.append(f"AllowedPattern cannot be read here: {error}")
    number = _number(member) if kind in ("Number", "List<Number>") else None
    for key, size, most in (
        ("MinLength", len(member), False),
        ("MaxLength", len(member), True),
        ("MinValue", number, False),
        ("MaxValue", number, True),
    ):
        if key in declared and size is not None:
            bound = float(declared[key])
            if size > bound if most else size < bound:
                found.append(f"{member!r} is beyond {key} {declared[key]}")
    return found


def _number(member: str) -> float | None:
    return float(member) if _NUMBER.fullmatch(member) else None


def _unfit(declared: Mapping[str, Any], path: str, message: str) -> LocalPlatformError:
    hint = declared.get("ConstraintDescription")
    return LocalPlatformError(
        path, message, str(hint) if hint else "give the parameter another value or default"
    )
