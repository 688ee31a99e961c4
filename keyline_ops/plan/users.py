"""Users of an index or the stream of a table, as far as templates say."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from keyline_ops.plan.constants import Value, constant_name, shown
from keyline_ops.plan.evaluate import Node
from keyline_ops.plan.naming import IndexName, Text, keys_of, mentions, texts_of
from keyline_ops.plan.side import Place, Side, place_name
from keyline_ops.plan.table_state import TABLE_TYPES, TableState

_WATCHERS = ("AWS::ApplicationAutoScaling::", "AWS::CloudWatch::", "AWS::DynamoDB::")
"""What names an index or a stream and does not read it."""
_READERS = (
    *("AWS::IAM::", "AWS::Lambda::", "AWS::Serverless::", "AWS::ECS::", "AWS::EC2::"),
    *("AWS::AppSync::", "AWS::ApiGateway", "AWS::StepFunctions::", "AWS::Pipes::", "AWS::Batch::"),
    *("AWS::AppRunner::", "AWS::EKS::", "AWS::Events::", "AWS::Scheduler::", "AWS::Glue::"),
    *("AWS::SSM::", "AWS::SageMaker::", "AWS::Bedrock", "AWS::Synthetics::", "Custom::"),
    "AWS::CloudFormation::CustomResource",
)
"""What reads an index, or tells the name to what reads it."""
_GRANTS = "AWS::IAM::"
MAPPING = "AWS::Lambda::EventSourceMapping"
PIPE = "AWS::Pipes::Pipe"
ROLE = "AWS::IAM::Role"
POLICIES = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy")
_SAM_FUNCTION = "AWS::Serverless::Function"
_FUNCTIONS = ("AWS::Lambda::Function", _SAM_FUNCTION)


class Kind(enum.Enum):
    """The way in which a user uses an index or a stream."""

    READER = "reads it"
    GRANT = "is allowed to read it"
    OUTPUT = "outputs it"
    EXPORT = "exports it to other stacks"


@dataclass(frozen=True)
class User:
    """A resource or an output that uses something of a table."""

    place: Place
    kind: Kind

    @property
    def name(self) -> str:
        """The user, for people."""
        return place_name(self.place)


def names_of(users: Iterable[User]) -> str:
    """Return users in order, for people."""
    return ", ".join(sorted({user.name for user in users}))


class Users:
    """The users of tables on one side."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._texts: dict[Place, list[Text]] = {}
        self._reached: dict[tuple[Place, str], bool] = {}

    def of_stream(self, place: Place) -> set[User]:
        """Return who reads the stream of a table."""
        named = self._stream(place)
        found = {
            User(other, Kind.GRANT if kind.startswith(_GRANTS) else Kind.READER)
            for other, kind in self._side.declared.items()
            if not kind.startswith(_WATCHERS)
            and any(named.search(text.text) for text in self._of(other))
            and self._side.makes(other)
        }
        return found | set(self._outputs(place, named))

    def mappings(self, place: Place) -> dict[Place, Node]:
        """Return the mappings of the stream of a table to functions, with their properties."""
        named = self._stream(place)
        mappings = [(each, self._side.resource(each).properties) for each in self._side.of(MAPPING)]
        return {
            other: properties
            for other, properties in (*mappings, *self._mappings_of_sam())
            if any(named.search(text.text) for text in texts_of(properties))
        }

    def pipes(self, place: Place) -> dict[Place, Node]:
        """Return the pipes of EventBridge from the stream of a table, with their properties."""
        named = self._stream(place)
        pipes = [(each, self._side.resource(each).properties) for each in self._side.of(PIPE)]
        return {
            other: properties
            for other, properties in pipes
            if any(named.search(text.text) for text in texts_of(properties.get("Source")))
        }

    def _mappings_of_sam(self) -> Iterator[tuple[Place, Node]]:
        """Yield the mappings that SAM makes of the events of functions, under its logical ids."""
        for stack, logical_id in self._side.of(_SAM_FUNCTION):
            events = self._side.resource((stack, logical_id)).properties.get("Events")
            for name, event in events.items() if isinstance(events, dict) else ():
                if not (isinstance(event, dict) and event.get("Type") == "DynamoDB"):
                    continue
                given = event.get("Properties")
                if isinstance(given, dict):
                    function = self._side.evaluators[stack].value({"Ref": logical_id})
                    source = {"EventSourceArn": given.get("Stream"), "FunctionName": function}
                    rest = {key: value for key, value in given.items() if key != "Stream"}
                    yield (stack, f"{logical_id}{name}"), {**rest, **source}

    def _stream(self, place: Place) -> re.Pattern[str]:
        """Return what names the stream of a table: a reference to it, or its ARN."""
        name = shown(self._side.tables[place].name)
        return re.compile(
            rf"(?<![\w:.-]){re.escape(constant_name(*place))}\.StreamArn(?!\w)"
            rf"|table/{re.escape(name)}/stream/(?!\*)"
        )

    def of_index(self, place: Place, index: str) -> set[User]:
        """Return who names an index of a table: in its code, its variables or its permissions."""
        table = self._side.tables[place]
        name = IndexName(index, table.name)
        return {
            User(other, self._kind(other, kind, name))
            for other, kind in self._side.declared.items()
            if kind.startswith(_READERS)
            and any(name.is_in(text) for text in self._of(other))
            and self._side.makes(other)
            and (self._reaches(other, table) or self._is_of_the_only_table(other))
        }

    def functions_that_reach(self, place: Place) -> set[Place]:
        """Return the functions that name a table, or whose permissions do."""
        table = self._side.tables[place]
        return {
            other
            for other, kind in self._side.declared.items()
            if kind in _FUNCTIONS and self._reaches(other, table) and self._side.makes(other)
        }

    def functions_of(self, grant: Place) -> set[Place]:
        """Return the functions that a role or a policy is for."""
        stack, logical_id = grant
        evaluator = self._side.evaluators[stack]
        roles = {logical_id} | {
            name
            for name in evaluator.links(logical_id)
            if self._side.declared.get((stack, name)) == ROLE
        }
        if self._side.declared[grant] in _FUNCTIONS:
            return {grant}
        return {
            (stack, name)
            for owner, name in self._side.of(*_FUNCTIONS)
            if owner == stack and evaluator.links(name) & roles
        }

    def code_of(self, function: Place) -> Value:
        """Return what a function is made of, without what it is allowed to do."""
        properties = self._side.possible(function)
        if not isinstance(properties, dict):
            return properties
        return {name: value for name, value in properties.items() if name != "Policies"}

    def _kind(self, place: Place, kind: str, name: IndexName) -> Kind:
        if kind.startswith(_GRANTS):
            return Kind.GRANT
        if kind == _SAM_FUNCTION and not any(map(name.is_in, texts_of(self.code_of(place)))):
            return Kind.GRANT
        return Kind.READER

    def _outputs(self, place: Place, named: re.Pattern[str]) -> Iterator[User]:
        for stack, evaluator in self._side.evaluators.items():
            own = place[1] if stack == place[0] else ""
            for name, output in evaluator.outputs(own).items():
                if any(named.search(text.text) for text in texts_of(output.value)):
                    kind = Kind.EXPORT if output.export else Kind.OUTPUT
                    yield User((stack, f"Outputs.{name}"), kind)

    def _reaches(self, place: Place, table: TableState) -> bool:
        """Return whether a resource, or what it refers to, names a table."""
        key = (place, table.name)
        if key not in self._reached:
            self._reached[key] = False  # of a circle of references
            own = any(mentions(text.text, table.name) for text in self._of(place))
            stack, logical_id = place
            self._reached[key] = own or any(
                self._reaches((stack, name), table)
                for name in self._linked(stack, logical_id)
                if self._side.declared.get((stack, name), TABLE_TYPES[0]) not in TABLE_TYPES
            )
        return self._reached[key]

    def _linked(self, stack: str, logical_id: str) -> set[str]:
        """Return what a resource refers to, and the policies of the roles among that."""
        evaluator = self._side.evaluators[stack]
        found = evaluator.links(logical_id)
        roles = {name for name in found if self._side.declared.get((stack, name)) == ROLE}
        policies = {
            name
            for owner, name in self._side.of(*POLICIES)
            if owner == stack and evaluator.links(name) & roles
        }
        return found | policies

    def _is_of_the_only_table(self, place: Place) -> bool:
        """Return whether there is one table, and a resource names none at all."""
        keys = keys_of(self._side.possible(place))
        return len(self._side.tables) == 1 and not any("table" in key.lower() for key in keys)

    def _of(self, place: Place) -> list[Text]:
        if place not in self._texts:
            self._texts[place] = [*texts_of(self._side.possible(place))]
            if self._side.declared[place] == _SAM_FUNCTION:
                self._texts[place] += texts_of(self._side.evaluators[place[0]].globals())
        return self._texts[place]
