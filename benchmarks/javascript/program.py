"""Writes the recorded calls of an app as a JavaScript program that makes the same.

The program uses the same constructs of the same level, in the same order, with the same names. An
object of Python's own that the CDK calls back, such as the rules of a project, becomes one that
finds nothing: what such rules take is in the figure of Python's app alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from benchmarks.javascript.recording import Call

_PACKAGES = {"aws-cdk-lib": "cdk", "constructs": "constructs", "cdk-nag": "nag"}
_TOKEN = re.compile(r"[$#]\{Token\[[^\]]+\]\}")
"""A text that stands for a value which is known at the deployment only. Its number is random."""
_OF_PYTHON = "{name: 'rules', version: '1', validate: () => ({success: true, violations: []})}"
_REFERENCE, _STRUCT, _MAP = "$jsii.byref", "$jsii.struct", "$jsii.map"


def written(calls: Iterable[Call]) -> str:
    """Return the program."""
    heads = (f"const {name} = require({json.dumps(it)});" for it, name in _PACKAGES.items())
    return "\n".join((*heads, *_Program().statements(calls))) + "\n"


class _Program:
    """The variables of a program: which of them holds what Python got."""

    def __init__(self) -> None:
        self._objects: dict[str, str] = {}
        self._texts: dict[str, str] = {}

    def statements(self, calls: Iterable[Call]) -> Iterator[str]:
        """Yield a statement for each call, until the CDK calls Python back."""
        for number, (asked, answered) in enumerate(calls):
            if asked["api"] == "load":
                continue
            expression = self._expression(asked)
            if "ok" not in answered:  # from here on Python answers
                yield f"{expression};"
                return
            yield f"const v{number} = {expression};"
            self._learn(_result(answered["ok"]), f"v{number}")

    def _expression(self, asked: Mapping[str, Any]) -> str:
        match asked:
            case {"api": "create", "fqn": "Object"}:
                return _OF_PYTHON
            case {"api": "create", "fqn": name, "args": values}:
                return f"new {_named(name)}({self._values(values)})"
            case {"api": "sinvoke", "fqn": name, "method": method, "args": values}:
                return f"{_named(name)}.{method}({self._values(values)})"
            case {"api": "sget", "fqn": name, "property": field}:
                return f"{_named(name)}.{field}"
            case {"api": "invoke", "objref": it, "method": method, "args": values}:
                return f"{self._value(it)}.{method}({self._values(values)})"
            case {"api": "get", "objref": it, "property": field}:
                return f"{self._value(it)}.{field}"
            case {"api": "set", "objref": it, "property": field, "value": value}:
                return f"({self._value(it)}.{field} = {self._value(value)})"
        raise ValueError(f"{asked['api']}: no such call is known.")

    def _values(self, values: Iterable[Any]) -> str:
        return ", ".join(map(self._value, values))

    def _value(self, value: Any) -> str:
        match value:
            case None:
                return "undefined"
            case {"$jsii.byref": reference}:
                return self._objects[reference]
            case {"$jsii.enum": member}:
                return _named(member).replace("/", ".")
            case Mapping():
                pairs = _fields(value).items()
                shown = (f"{json.dumps(k)}: {self._value(v)}" for k, v in pairs if v is not None)
                return f"{{{', '.join(shown)}}}"
            case list():
                return f"[{self._values(value)}]"
            case str():
                return self._text(value)
        return json.dumps(value)

    def _text(self, text: str) -> str:
        """Return a text, in which variables stand for the tokens."""
        if not _TOKEN.search(text):
            return json.dumps(text)
        if text in self._texts:
            return self._texts[text]
        whole = max((each for each in self._texts if each in text), key=len, default=None)
        if whole is None:
            raise ValueError(f"{text}: no call has returned this token.")
        parts = text.partition(whole)
        return " + ".join(self._text(part) for part in parts if part)

    def _learn(self, value: Any, place: str) -> None:
        """Note where objects and tokens of an answer are found from now on."""
        match value:
            case {"$jsii.byref": reference}:
                self._objects.setdefault(reference, place)
            case Mapping():
                for name, each in _fields(value).items():
                    self._learn(each, f"{place}[{json.dumps(name)}]")
            case list():
                for number, each in enumerate(value):
                    self._learn(each, f"{place}[{number}]")
            case str() if _TOKEN.search(value):
                self._texts.setdefault(value, place)


def _result(answer: Mapping[str, Any]) -> Any:
    """Return what a call returned: of an object that was made, the object."""
    if _REFERENCE in answer:
        return answer
    return answer.get("result", answer.get("value"))


def _fields(value: Mapping[str, Any]) -> Mapping[str, Any]:
    if _STRUCT in value:
        return dict(value[_STRUCT]["data"])
    return dict(value.get(_MAP, value))


def _named(name: str) -> str:
    """Return how a program writes a name of the CDK: `cdk.aws_sqs.Queue`."""
    package, dot, rest = name.partition(".")
    return f"{_PACKAGES[package]}{dot}{rest}"
