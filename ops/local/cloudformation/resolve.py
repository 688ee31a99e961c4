"""Evaluates CloudFormation's intrinsic functions and dynamic references.

Semantics as in the CloudFormation template reference, "Intrinsic function reference"
and "Dynamic references". What a name stands for is the `Scope`'s business.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ops.local.errors import LocalPlatformError


class Scope(Protocol):
    """What the names in one template stand for; each raises LocalPlatformError if unknown."""

    def ref(self, name: str, path: str) -> Any:
        """Value of `Ref`: a resource, parameter or pseudo parameter."""

    def attribute(self, logical_id: str, attribute: str, path: str) -> Any:
        """Value of `Fn::GetAtt`."""

    def condition(self, name: str, path: str) -> bool:
        """Whether the template's condition holds."""

    def mapping(self, name: str, path: str) -> Mapping[str, Any]:
        """The template's mapping of that name."""

    def exported(self, name: str, path: str) -> Any:
        """Value of `Fn::ImportValue`."""

    def output(self, stack: str, name: str, path: str) -> Any:
        """Value of `Fn::GetStackOutput`."""

    def dynamic(self, service: str, reference: str, path: str) -> str:
        """Value of `{{resolve:service:reference}}`."""


class _NoValue:
    """What `AWS::NoValue` becomes; whatever holds it leaves it out."""


NO_VALUE = _NoValue()

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
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
            "Fn::And": lambda terms, path: all(self._truths(terms, path)),
            "Fn::Or": lambda terms, path: any(self._truths(terms, path)),
            "Fn::FindInMap": self._find_in_map,
            "Fn::ImportValue": self._import_value,
            "Fn::GetStackOutput": self._stack_output,
            "Fn::Base64": self._base64,
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
        if isinstance(value, list):
            items = [self.resolve(item, f"{path}/{i}") for i, item in enumerate(value)]
            return [item for item in items if item is not NO_VALUE]
        if isinstance(value, dict):
            return self._resolve_object(value, path)
        return value

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
        plain = value if isinstance(value, str) else self.resolve(value, path)
        if isinstance(plain, bool):
            return "true" if plain else "false"
        if isinstance(plain, str | int | float):
            return str(plain)
        raise TypeError(f"{plain!r} is no string")

    def _list(self, value: Any, path: str) -> list[Any]:
        items = self.resolve(value, path) if isinstance(value, dict) else value
        if not isinstance(items, list):
            raise TypeError(f"{items!r} is no list")
        return items

    def _ref(self, name: str, path: str) -> Any:
        return self._scope.ref(name, path)

    def _get_att(self, argument: Any, path: str) -> Any:
        logical_id, attribute = (
            argument.split(".", 1) if isinstance(argument, str) else (argument[0], argument[1])
        )
        return self._scope.attribute(logical_id, self._text(attribute, path), path)

    def _sub(self, argument: Any, path: str) -> str:
        template, own = (argument, {}) if isinstance(argument, str) else argument

        def substitute(match: re.Match[str]) -> str:
            name = match[1].strip()
            if match[1].startswith("!"):  # ${!Literal} stands for ${Literal}
                return "${" + match[1][1:] + "}"
            if name in own:
                return self._text(own[name], f"{path}/{name}")
            if "." in name:
                return self._text(self._get_att(name, path), path)
            return self._text(self._ref(name, path), path)

        return _VARIABLE.sub(substitute, template)

    def _join(self, argument: Any, path: str) -> str:
        delimiter, items = argument
        parts = [
            part if isinstance(part, str) else self.resolve(part, f"{path}/{i}")
            for i, part in enumerate(self._list(items, path))
        ]
        return str(delimiter).join(self._text(p, path) for p in parts if p is not NO_VALUE)

    def _select(self, argument: Any, path: str) -> Any:
        index, items = argument
        position = int(self._text(index, path))
        if position < 0:
            raise IndexError(f"index {position} is negative")
        return self.resolve(self._list(items, path)[position], path)

    def _split(self, argument: Any, path: str) -> list[str]:
        delimiter, text = argument
        return self._text(text, path).split(delimiter)

    def _if(self, argument: Any, path: str) -> Any:
        condition, then, otherwise = argument
        chosen = then if self._scope.condition(condition, path) else otherwise
        return self.resolve(chosen, path)

    def _equals(self, argument: Any, path: str) -> bool:
        left, right = argument
        return bool(self.resolve(left, path) == self.resolve(right, path))

    def _not(self, argument: Any, path: str) -> bool:
        (term,) = self._truths(argument, path)
        return not term

    def _truths(self, terms: Any, path: str) -> list[bool]:
        truths = [self.resolve(term, f"{path}/{i}") for i, term in enumerate(terms)]
        if not all(isinstance(truth, bool) for truth in truths):
            raise TypeError("every term must be a condition")
        return truths

    def _find_in_map(self, argument: Any, path: str) -> Any:
        name, *keys = (self._text(part, path) for part in argument[:3])
        found: Any = self._scope.mapping(name, path)
        for key in keys:
            if key not in found:
                if len(argument) > 3:  # AWS::LanguageExtensions: {"DefaultValue": ...}
                    return self.resolve(argument[3]["DefaultValue"], path)
                raise LocalPlatformError(
                    path, f"mapping {name} has no key {key!r}", f"known keys: {sorted(found)}"
                )
            found = found[key]
        return found

    def _import_value(self, argument: Any, path: str) -> Any:
        return self._scope.exported(self._text(argument, path), path)

    def _stack_output(self, argument: Any, path: str) -> Any:
        stack = self._text(argument["StackName"], path)
        return self._scope.output(stack, self._text(argument["OutputName"], path), path)

    def _base64(self, argument: Any, path: str) -> str:
        return base64.b64encode(self._text(argument, path).encode()).decode()
