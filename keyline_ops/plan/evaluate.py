"""A template with its parameters, conditions, mappings and intrinsic functions evaluated.

Source: CloudFormation's template reference, "Intrinsic functions" and "AWS::LanguageExtensions".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import cast

from keyline_ops.plan.constants import (
    Value,
    as_text,
    constant,
    constant_name,
    is_known,
    listed,
    opaque,
)
from keyline_ops.plan.errors import UnjudgedError
from keyline_ops.plan.worlds import UndecidedError, World

Template = Mapping[str, Value]
Node = dict[str, Value]

_SUB = re.compile(r"\$\{(!?)([^}]*)\}")
_FOR_EACH = "Fn::ForEach::"
_SAM = "AWS::Serverless::"
_BY_STACK = ("AWS::StackName", "AWS::StackId")


class _NoValue:
    """The value of `AWS::NoValue`: the property is not there."""


_NO_VALUE = _NoValue()
_Result = Value | _NoValue

_NAMED = {
    "AWS::DynamoDB::Table": ("TableName", "dynamodb", "table/"),
    "AWS::DynamoDB::GlobalTable": ("TableName", "dynamodb", "table/"),
    "AWS::Serverless::SimpleTable": ("TableName", "dynamodb", "table/"),
    "AWS::Kinesis::Stream": ("Name", "kinesis", "stream/"),
    "AWS::SQS::Queue": ("QueueName", "sqs", ""),
}
"""Types whose name a template may give: the property, the service and how the ARN's end begins."""


@dataclass(frozen=True)
class Resource:
    """A resource that a template makes.

    Attributes
    ----------
    properties
        Evaluated.
    deletion_policy, update_replace_policy
        Evaluated; `Delete` where the template says nothing.
    """

    logical_id: str
    type: str
    properties: Node
    deletion_policy: str = "Delete"
    update_replace_policy: str = "Delete"


@dataclass(frozen=True)
class Output:
    """An output of a template; `export` is the name that other stacks import it by, or empty."""

    value: Value
    export: str


@dataclass(frozen=True)
class Stack:
    """A template with the name of its stack, which is empty where nobody knows it.

    Attributes
    ----------
    given
        The values of parameters that the stack was given; the others have their `Default`.
    """

    name: str
    template: Template
    termination_protection: bool = False
    region: str = ""
    account: str = ""
    given: Mapping[str, str] = field(default_factory=dict)

    @property
    def resources(self) -> Node:
        """The resources as the template has them."""
        section = self.template.get("Resources")
        return section if isinstance(section, dict) else {}

    def of_types(self, *types: str) -> Mapping[str, Node]:
        """Return the resources of these types by their logical ids."""
        return {
            logical_id: body
            for logical_id, body in self.resources.items()
            if isinstance(body, dict) and body.get("Type") in types
        }


@dataclass
class Evaluator:
    """Evaluates one template in one world.

    Parameters
    ----------
    imports
        What other stacks of the same deployment export, by name.
    """

    stack: Stack
    world: World
    imports: Callable[[str], Value | None] = lambda name: None
    _sections: dict[str, Node] = field(default_factory=dict)
    _conditions: dict[str, bool] = field(default_factory=dict)
    _resources: dict[str, Resource] = field(default_factory=dict)
    _links: dict[str, set[str]] = field(default_factory=dict)
    _is_lenient: bool = False
    _pending: set[str] = field(default_factory=set)

    def declared_types(self) -> dict[str, str]:
        """Return the types of all resources, by logical id, whether or not they are made."""
        return {name: str(body.get("Type", "")) for name, body in self._declared.items()}

    def makes(self, logical_id: str) -> bool:
        """Return whether there is a resource in this world: its condition holds."""
        body = self._declared.get(logical_id)
        return body is not None and self._holds(body.get("Condition"))

    def resource(self, logical_id: str) -> Resource:
        """Return an evaluated resource."""
        if logical_id not in self._resources:
            body = self._declared[logical_id]
            kind = str(body.get("Type", ""))
            given = self.value(body.get("Properties") or {})
            properties = _merged(self._of_all(kind), given)
            self._resources[logical_id] = Resource(
                logical_id,
                kind,
                properties if isinstance(properties, dict) else {},
                as_text(self.value(body.get("DeletionPolicy", "Delete"))),
                as_text(self.value(body.get("UpdateReplacePolicy", "Delete"))),
            )
        return self._resources[logical_id]

    def resources(self) -> Iterator[Resource]:
        """Yield the resources that there are in this world, evaluated."""
        for logical_id in self.declared_types():
            if self.makes(logical_id):
                yield self.resource(logical_id)

    def possible(self, logical_id: str) -> Value:
        """Return the properties of a resource with all that they may be.

        Where this world does not say which of two values holds, both stand there, as a list.
        """
        self._is_lenient = True
        try:
            return self.value(self._declared[logical_id].get("Properties") or {})
        finally:
            self._is_lenient = False

    def links(self, logical_id: str) -> set[str]:
        """Return the logical ids of the resources that a resource refers to."""
        if logical_id not in self._links:
            known = self._declared
            body = known[logical_id]
            named = set(_names_in(body)) | set(_texts(body.get("DependsOn")))
            self._links[logical_id] = {n for n in named if n in known and n != logical_id}
        return self._links[logical_id]

    def outputs(self, logical_id: str = "") -> dict[str, Output]:
        """Return the outputs that there are in this world.

        Parameters
        ----------
        logical_id
            Only the outputs that refer to this resource, or do not refer to a resource; all if
            empty.
        """
        found = {}
        for name, body in self._section("Outputs").items():
            named = {*_names_in(body)} & self._declared.keys()
            if logical_id and named and logical_id not in named:
                continue
            if isinstance(body, dict) and self._holds(body.get("Condition")):
                export = body.get("Export")
                exported = export.get("Name") if isinstance(export, dict) else None
                found[name] = Output(
                    self.value(body.get("Value")),
                    as_text(self.value(exported)) if exported is not None else "",
                )
        return found

    @cached_property
    def imported(self) -> frozenset[str]:
        """The names that the template imports, wherever it does."""
        return frozenset(as_text(self.value(name)) for name in _imports(dict(self.stack.template)))

    def globals(self) -> Value:
        """Return what a SAM template says of all resources, by the end of their type."""
        return self.value(self.stack.template.get("Globals"))

    def _of_all(self, kind: str) -> Value:
        """Return what a SAM template says of all resources of a type."""
        shared = self.globals()
        found = shared.get(kind.removeprefix(_SAM)) if isinstance(shared, dict) else None
        return found if kind.startswith(_SAM) and isinstance(found, dict) else {}

    def value(self, node: Value) -> Value:
        """Return a value with its intrinsic functions evaluated."""
        result = self._result(node)
        return None if isinstance(result, _NoValue) else result

    # ------------------------------------------------------------------------ sections

    def _section(self, name: str) -> Node:
        if name not in self._sections:
            section = self.stack.template.get(name)
            with self._once(name):
                self._sections[name] = self._expanded(section) if isinstance(section, dict) else {}
        return self._sections[name]

    @cached_property
    def _declared(self) -> dict[str, Node]:
        section = self._section("Resources")
        return {name: body for name, body in section.items() if isinstance(body, dict)}

    def _expanded(self, section: Node) -> Node:
        """Write out the loops of a section (`Fn::ForEach`)."""
        if not any(key.startswith(_FOR_EACH) for key in section):
            return section
        found: Node = {}
        for key, body in section.items():
            if not key.startswith(_FOR_EACH):
                found[key] = body
                continue
            if not (isinstance(body, list) and len(body) == 3 and isinstance(body[2], dict)):
                continue
            for item in _list(self.value(body[1])):
                found |= self._expanded(cast("Node", _filled(body[2], str(body[0]), as_text(item))))
        return found

    @contextmanager
    def _once(self, path: str) -> Iterator[None]:
        """Evaluate a part of the template, which must not need itself meanwhile."""
        if path in self._pending:
            raise UnjudgedError(
                ".".join(filter(None, (self.stack.name, path))),
                "A condition or a value refers to itself, in a circle.",
                "Remove one of the references.",
            )
        self._pending.add(path)
        try:
            yield
        finally:
            self._pending.discard(path)

    # ---------------------------------------------------------------------- conditions

    def _holds(self, name: Value) -> bool:
        if not isinstance(name, str):
            return True
        if name not in self._conditions:
            body = self._section("Conditions").get(name, True)
            with self._once(f"Conditions.{name}"):
                self._conditions[name] = self._truth(body)
        return self._conditions[name]

    def _truth(self, node: Value) -> bool:
        match node:
            case {"Fn::Equals": [one, other]}:
                return self.world.same(as_text(self.value(one)), as_text(self.value(other)))
            case {"Fn::And": [*parts]}:
                return all(self._truth(part) for part in parts)
            case {"Fn::Or": [*parts]}:
                return any(self._truth(part) for part in parts)
            case {"Fn::Not": [part]}:
                return not self._truth(part)
            case {"Condition": str(name)}:
                return self._holds(name)
            case str(name) if name in self._section("Conditions"):
                return self._holds(name)
        return self.world.same(as_text(self.value(node)), "true")

    # ----------------------------------------------------------------------- functions

    def _result(self, node: Value) -> _Result:
        if isinstance(node, list):
            listed = [self._result(item) for item in node]
            return [item for item in listed if not isinstance(item, _NoValue)]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (name, arguments), *_ = node.items()
            if name in ("Ref", "Condition") or name.startswith("Fn::"):
                found = self._function(name, arguments)
                if found is not None:
                    return found[0]
        results = {key: self._result(item) for key, item in self._expanded(node).items()}
        return {key: item for key, item in results.items() if not isinstance(item, _NoValue)}

    def _function(self, name: str, arguments: Value) -> tuple[_Result] | None:
        match name, arguments:
            case "Ref", str(target):
                return (self._ref(target),)
            case "Fn::GetAtt", str(path):
                return (self._attribute(*_split_attribute(path)),)
            case "Fn::GetAtt", [str(target), *rest]:
                return (self._attribute(target, ".".join(as_text(self.value(r)) for r in rest)),)
            case "Fn::If", [condition, then, otherwise]:
                return (self._if(condition, then, otherwise),)
            case "Fn::Sub", str(text):
                return (self._sub(text, {}),)
            case "Fn::Sub", [str(text), dict(given)]:
                return (self._sub(text, given),)
            case "Fn::Join", [separator, parts]:
                return (self._join(as_text(self.value(separator)), self.value(parts)),)
            case "Fn::Split", [separator, text]:
                return (self._split(as_text(self.value(separator)), self.value(text)),)
            case "Fn::Select", [index, items]:
                return (self._select(self.value(index), self.value(items)),)
            case "Fn::FindInMap", [table, *keys]:
                return (self._find(as_text(self.value(table)), keys),)
            case "Fn::ImportValue", given:
                exported = as_text(self.value(given))
                known = self.imports(exported)
                return (known if known is not None else constant(f"import {exported}"),)
            case "Fn::Length", items:
                found = self.value(items)
                return (len(found) if isinstance(found, list) else opaque("length", found),)
            case "Fn::ToJsonString", given:
                return (as_text(self.value(given)),)
            case "Condition", _:
                return None
            case _, given if name.startswith(_FOR_EACH):
                return None
            case _, given:
                return (opaque(name, self.value(given)),)
        return None

    def _ref(self, name: str) -> _Result:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name.startswith("AWS::"):
            own = name in _BY_STACK and self.stack.name
            return self.world.constant(f"{self.stack.name}.{name}" if own else name)
        parameter = self._section("Parameters").get(name)
        if isinstance(parameter, dict):
            if name in self.stack.given:
                parameter = {**parameter, "Default": self.stack.given[name]}
            return self._parameter(name, parameter)
        body = self._declared.get(name)
        named = _NAMED.get(str(body.get("Type"))) if body else None
        if body and named and named[1] != "sqs":
            given = self._given_name(name, named[0])
            if given is not None:
                return given
        return self._own(name)

    def _parameter(self, name: str, parameter: Node) -> Value:
        kind = str(parameter.get("Type", "String"))
        if "Default" not in parameter:
            return self._own(name)
        default = parameter["Default"]
        if kind.startswith("AWS::SSM::Parameter::Value"):
            return self.world.constant(f"ssm {as_text(default)}")
        if kind == "CommaDelimitedList" or kind.startswith("List<"):
            return [item.strip() for item in as_text(default).split(",")]
        return default

    def _given_name(self, logical_id: str, property: str) -> Value | None:
        properties = self._declared[logical_id].get("Properties")
        if isinstance(properties, dict) and property in properties:
            with self._once(f"Resources.{logical_id}.{property}"):
                given = self.value(properties[property])
            return as_text(given) if given is not None else None
        return None

    def _attribute(self, target: str, attribute: str) -> Value:
        body = self._declared.get(target)
        named = _NAMED.get(str(body.get("Type"))) if body else None
        if body and named and attribute == "Arn":
            name = self._given_name(target, named[0]) or self._own(target)
            partition, region, account = (as_text(self.value({"Ref": each})) for each in _ARN)
            return f"arn:{partition}:{named[1]}:{region}:{account}:{named[2]}{as_text(name)}"
        return self._own(f"{target}.{attribute}")

    def _own(self, name: str) -> str:
        return self.world.constant(constant_name(self.stack.name, name))

    def _sub(self, text: str, given: Node) -> str:
        def filled(found: re.Match[str]) -> str:
            literal, name = found[1], found[2]
            if literal:
                return f"${{{name}}}"
            name = name.strip()
            if name in given:
                return as_text(self.value(given[name]))
            if "." in name:
                return as_text(self._attribute(*_split_attribute(name)))
            result = self._ref(name)
            return "" if isinstance(result, _NoValue) else as_text(result)

        return _SUB.sub(filled, text)

    def _join(self, separator: str, parts: Value) -> str:
        if not isinstance(parts, list):
            return opaque("Fn::Join", [separator, parts])
        return separator.join(as_text(part) for part in parts)

    def _split(self, separator: str, text: Value) -> Value:
        if not is_known(text) or not separator:
            return opaque("Fn::Split", [separator, text])
        return cast("list[Value]", as_text(text).split(separator))

    def _select(self, index: Value, items: Value) -> Value:
        if (
            isinstance(items, list)
            and as_text(index).isdigit()
            and int(as_text(index)) < len(items)
        ):
            return items[int(as_text(index))]
        return opaque("Fn::Select", [as_text(index), items])

    def _if(self, condition: Value, then: Value, otherwise: Value) -> _Result:
        try:
            return self._result(then if self._truth(condition) else otherwise)
        except UndecidedError:
            if not self._is_lenient:
                raise
            return [self.value(then), self.value(otherwise)]

    def _find(self, table: str, keys: Sequence[Value]) -> Value:
        level: Value = self._section("Mappings").get(table)
        default: Value = None
        if keys and isinstance(keys[-1], dict) and set(keys[-1]) == {"DefaultValue"}:
            default = self.value(keys[-1]["DefaultValue"])
            keys = keys[:-1]
        wanted = [as_text(self.value(key)) for key in keys]
        for key in wanted:
            known = level if isinstance(level, dict) else {}
            if self._is_lenient and not is_known(key):
                return [*known.values()]
            found = next((name for name in known if self.world.same(key, name)), None)
            if found is None:
                return default if default is not None else opaque("Fn::FindInMap", [table, *wanted])
            level = known[found]
        with self._once(".".join(("Mappings", table, *wanted))):
            return self.value(level)


def _merged(shared: Value, own: Value) -> Value:
    """Return a resource's value over that of all (SAM specification, "Globals")."""
    if isinstance(shared, dict) and isinstance(own, dict):
        both = {key: _merged(shared[key], own[key]) for key in shared.keys() & own.keys()}
        return {**shared, **own, **both}
    if isinstance(shared, list) and isinstance(own, list):
        return [*shared, *own]
    return own


_ARN = ("AWS::Partition", "AWS::Region", "AWS::AccountId")


def _split_attribute(path: str) -> tuple[str, str]:
    target, _, attribute = path.partition(".")
    return target, attribute


def _list(value: Value) -> list[Value]:
    return value if isinstance(value, list) else []


def _texts(value: Value) -> list[str]:
    return [item for item in listed(value) if isinstance(item, str)]


def _names_in(node: Value) -> Iterator[str]:
    """Yield what a value refers to by Ref, Fn::GetAtt or Fn::Sub."""
    match node:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": str(path)}:
            yield _split_attribute(path)[0]
        case {"Fn::GetAtt": [str(name), *_]}:
            yield name
    if isinstance(node, dict):
        for key, item in node.items():
            text = item[0] if isinstance(item, list) and item else item
            if key == "Fn::Sub" and isinstance(text, str):
                yield from (_split_attribute(n.strip())[0] for _, n in _SUB.findall(text))
            yield from _names_in(item)
    elif isinstance(node, list):
        for item in node:
            yield from _names_in(item)


def _imports(node: Value) -> Iterator[Value]:
    """Yield the names in all Fn::ImportValue."""
    if isinstance(node, dict):
        for key, item in node.items():
            if key == "Fn::ImportValue":
                yield item
            yield from _imports(item)
    elif isinstance(node, list):
        for item in node:
            yield from _imports(item)


def _filled(node: Value, name: str, value: str) -> Value:
    """Return the body of a loop with its variable filled in."""
    if isinstance(node, str):
        return node.replace(f"${{{name}}}", value).replace(f"&{{{name}}}", value)
    if isinstance(node, list):
        return [_filled(item, name, value) for item in node]
    if isinstance(node, dict):
        if node == {"Ref": name}:
            return value
        return {as_text(_filled(k, name, value)): _filled(v, name, value) for k, v in node.items()}
    return node
