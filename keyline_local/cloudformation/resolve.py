"""Evaluates CloudFormation's intrinsic functions and dynamic references.

Semantics as in the CloudFormation template reference, "Intrinsic function reference"
and "Dynamic references". What a name stands for is the `Scope`'s business.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Protocol

from keyline_local.cloudformation.scalars import as_text
from keyline_local.host.errors import LocalPlatformError


class Scope(Protocol):
    """The values of the names in one template; an unknown name raises LocalPlatformError."""

    def ref(self, name: str, path: str) -> Any:
        """Return the value of `Ref`: a resource, parameter or pseudo parameter."""

    def attribute(self, logical_id: str, attribute: str, path: str) -> Any:
        """Return the value of `Fn::GetAtt`."""

    def condition(self, name: str, path: str) -> bool:
        """Return whether the template's condition holds."""

    def mapping(self, name: str, path: str) -> Mapping[str, Any]:
        """Return the template's mapping of that name."""

    def exported(self, name: str, path: str) -> Any:
        """Return the value of `Fn::ImportValue`."""

    def output(self, stack: str, name: str, path: str) -> Any:
        """Return the value of `Fn::GetStackOutput`."""

    def dynamic(self, service: str, reference: str, path: str) -> str:
        """Return the value of `{{resolve:service:reference}}`."""


class _NoValue:
    """The value of `AWS::NoValue`: a list or map that holds it leaves it out."""

    def __repr__(self) -> str:
        return "AWS::NoValue"


NO_VALUE = _NoValue()

_VARIABLE = re.compile(r"\$\{([^}]*)(\}?)")
_VARIABLE_NAME = re.compile(r"[A-Za-z0-9_.:]+")
_CONDITIONS = ("Condition", "Fn::Equals", "Fn::Not", "Fn::And", "Fn::Or")
_MOST_TERMS = 10
_MOST_BLOCKS = 256
_IPV6_BITS = 64  # of hosts, where a template names none
_DYNAMIC = re.compile(r"\{\{resolve:([a-z-]+):(.+?)\}\}")


class Resolver:
    """Turns template values into plain ones within a scope."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._functions: Mapping[str, Callable[[Any, str], Any]] = {
            "Ref": self._ref,
            "Condition": lambda name, path: self._scope.condition(name, path),
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::If": self._if,
            "Fn::Equals": self._equals,
            "Fn::Not": self._not,
            "Fn::And": lambda terms, path: all(self._truths(terms, path, 2, _MOST_TERMS)),
            "Fn::Or": lambda terms, path: any(self._truths(terms, path, 2, _MOST_TERMS)),
            "Fn::FindInMap": self._find_in_map,
            "Fn::ImportValue": self._import_value,
            "Fn::GetStackOutput": self._stack_output,
            "Fn::Base64": self._base64,
            "Fn::GetAZs": self._zones,
            "Fn::Cidr": self._cidr,
            # with the transform AWS::LanguageExtensions
            "Fn::Length": lambda items, path: len(_listed(self.resolve(items, path))),
            "Fn::ToJsonString": self._json_text,
        }

    def resolve(self, value: Any, path: str) -> Any:
        """Return the value with every intrinsic and dynamic reference evaluated.

        Parameters
        ----------
        path
            Where the value stands, for errors: `Stack/Resources/Id/Properties/...`.

        Raises
        ------
        LocalPlatformError
            An intrinsic is unsupported or malformed, or a name is unknown.
        """
        if isinstance(value, str):
            return self._resolve_dynamic(value, path)
        if value is None:
            raise LocalPlatformError(path, "null stands here", "leave it out, or use AWS::NoValue")
        if isinstance(value, list):
            items = [self.resolve(item, f"{path}/{i}") for i, item in enumerate(value)]
            return [item for item in items if item is not NO_VALUE]
        if isinstance(value, dict):
            return self._resolve_object(value, path)
        return value

    def condition(self, value: Any, path: str) -> bool:
        """Return whether a condition holds.

        Raises
        ------
        LocalPlatformError
            The value is not a condition, or is malformed.
        """
        if not isinstance(value, dict) or len(value) != 1 or not set(value) <= {*_CONDITIONS}:
            raise LocalPlatformError(
                path, f"{value!r} is not a condition", f"use one of {', '.join(_CONDITIONS)}"
            )
        return bool(self.resolve(value, path))

    def _resolve_object(self, value: dict[str, Any], path: str) -> Any:
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name in self._functions and (name != "Condition" or isinstance(argument, str)):
                return self._evaluate(name, argument, path)
            if name.startswith("Fn::"):
                raise LocalPlatformError(
                    path,
                    f"the intrinsic function {name} is not supported",
                    f"use one of {', '.join(self._functions)}",
                )
        for name in value:
            if len(value) > 1 and name.startswith("Fn::"):
                raise LocalPlatformError(
                    path,
                    f"{name} stands beside {', '.join(set(value) - {name})}",
                    "give an intrinsic function an object of its own",
                )
        members = {key: self.resolve(item, f"{path}/{key}") for key, item in value.items()}
        return {key: item for key, item in members.items() if item is not NO_VALUE}

    def _evaluate(self, name: str, argument: Any, path: str) -> Any:
        try:
            result = self._functions[name](argument, f"{path}/{name}")
        except (TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
            raise LocalPlatformError(
                f"{path}/{name}",
                f"malformed argument {argument!r}: {error}",
                "see the CloudFormation reference of this function",
            ) from error
        return self._resolve_dynamic(result, path) if isinstance(result, str) else result

    def _resolve_dynamic(self, text: str, path: str) -> str:
        return _DYNAMIC.sub(lambda m: self._scope.dynamic(m[1], m[2], path), text)

    def _text(self, value: Any, path: str) -> str:
        """Resolve to a string without dynamic references, which may still be in parts."""
        return as_text(value if isinstance(value, str) else self.resolve(value, path))

    def _list(self, value: Any, path: str) -> list[Any]:
        return _listed(self.resolve(value, path) if isinstance(value, dict) else value)

    def _ref(self, name: Any, path: str) -> Any:
        return self._scope.ref(_literal(name), path)

    def _get_att(self, argument: Any, path: str) -> Any:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        logical_id, attribute = _listed(parts, 2)
        return self._scope.attribute(_literal(logical_id), self._text(attribute, path), path)

    def _sub(self, argument: Any, path: str) -> str:
        template, own = (argument, {}) if isinstance(argument, str) else _listed(argument, 2)
        if not isinstance(own, dict):
            raise TypeError(f"{own!r} is not an object of variables")

        def substitute(match: re.Match[str]) -> str:
            name = match[1].strip()
            if not match[2]:
                raise ValueError(f"{match[0]!r} has no closing brace")
            if match[1].startswith("!"):  # ${!Literal} stands for ${Literal}
                return "${" + match[1][1:] + "}"
            if not _VARIABLE_NAME.fullmatch(name):
                raise ValueError(f"{match[0]!r} holds no name of letters, digits and _ . :")
            if name in own:
                return self._text(own[name], f"{path}/{name}")
            if "." in name:
                return self._text(self._get_att(name, path), path)
            return self._text(self._ref(name, path), path)

        return _VARIABLE.sub(substitute, _literal(template))

    def _join(self, argument: Any, path: str) -> str:
        delimiter, items = _listed(argument, 2)
        parts = [
            part if isinstance(part, str) else self.resolve(part, f"{path}/{i}")
            for i, part in enumerate(self._list(items, path))
        ]
        return _literal(delimiter).join(as_text(part) for part in parts if part is not NO_VALUE)

    def _select(self, argument: Any, path: str) -> Any:
        index, items = _listed(argument, 2)
        position, among = self._text(index, path), self._list(items, path)
        if not position.isdecimal() or int(position) >= len(among):
            raise IndexError(f"{position} is not an index of a list of {len(among)}")
        return self.resolve(among[int(position)], path)

    def _split(self, argument: Any, path: str) -> list[str]:
        delimiter, whole = _listed(argument, 2)
        return self._text(whole, path).split(_literal(delimiter))

    def _if(self, argument: Any, path: str) -> Any:
        condition, then, otherwise = _listed(argument, 3)
        chosen = then if self._scope.condition(_literal(condition), path) else otherwise
        return self.resolve(chosen, path)

    def _equals(self, argument: Any, path: str) -> bool:
        """Compare as text, as CloudFormation does: "true" is true, and "5" is 5."""
        left, right = _listed(argument, 2)
        return as_text(self.resolve(left, path)) == as_text(self.resolve(right, path))

    def _not(self, argument: Any, path: str) -> bool:
        (term,) = self._truths(argument, path, 1, 1)
        return not term

    def _truths(self, terms: Any, path: str, least: int, most: int) -> list[bool]:
        return [
            self.condition(term, f"{path}/{i}")
            for i, term in enumerate(_listed(terms, least, most))
        ]

    def _find_in_map(self, argument: Any, path: str) -> Any:
        parts = _listed(argument, 3, 4)
        name, *keys = (self._text(part, path) for part in parts[:3])
        fallback = parts[3:]  # AWS::LanguageExtensions: {"DefaultValue": ...}
        if fallback and (not isinstance(fallback[0], dict) or [*fallback[0]] != ["DefaultValue"]):
            raise TypeError(f"{fallback[0]!r} is not an object with DefaultValue alone")
        found: Any = self._scope.mapping(name, path)
        for key in keys:
            if key not in found:
                if fallback:
                    return self.resolve(fallback[0]["DefaultValue"], path)
                raise LocalPlatformError(
                    path, f"mapping {name} has no key {key!r}", f"known keys: {sorted(found)}"
                )
            found = found[key]
        return found

    def _import_value(self, argument: Any, path: str) -> Any:
        return self._scope.exported(self._text(argument, path), path)

    def _stack_output(self, argument: Any, path: str) -> Any:
        if not isinstance(argument, dict):
            raise TypeError("it is not an object with StackName and OutputName")
        stack = self._text(argument["StackName"], path)
        return self._scope.output(stack, self._text(argument["OutputName"], path), path)

    def _base64(self, argument: Any, path: str) -> str:
        return base64.b64encode(self._text(argument, path).encode()).decode()

    def _zones(self, argument: Any, path: str) -> list[str]:
        """Return three zones: each region of AWS has at least as many."""
        region = self._text(argument, path) or self._text({"Ref": "AWS::Region"}, path)
        return [f"{region}{letter}" for letter in "abc"]

    def _cidr(self, argument: Any, path: str) -> list[str]:
        """Return the first `count` blocks of a network, with `bits` bits for hosts in each."""
        given = [self._text(part, f"{path}/{i}") for i, part in enumerate(_listed(argument, 2, 3))]
        network, count = ipaddress.ip_network(given[0]), int(given[1])
        bits = int(given[2]) if len(given) == 3 else _IPV6_BITS
        prefix = network.max_prefixlen - bits
        few = min(max(count, 0), _MOST_BLOCKS)
        blocks = [str(each) for each in islice(network.subnets(new_prefix=prefix), few)]
        if not 1 <= len(blocks) == count:
            raise ValueError(f"{network} has no {count} blocks of {bits} bits")
        return blocks

    def _json_text(self, argument: Any, path: str) -> str:
        if not isinstance(argument, dict | list):
            raise TypeError(f"{argument!r} is neither an object nor a list")
        return json.dumps(self.resolve(argument, path), separators=(",", ":"))


def _listed(value: Any, least: int = 0, most: int | None = None) -> list[Any]:
    """Return a list of so many elements; of exactly `least` unless there is a `most`."""
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is not a list")
    if not least <= len(value) <= (most or least or len(value)):
        wanted = f"{least} to {most}" if most and most != least else f"{least}"
        raise ValueError(f"it has {len(value)} elements, not {wanted}")
    return value


def _literal(value: Any) -> str:
    """Return text that no function may stand for."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a string")
    return value
