"""A table as the template of its stack has it, which a deployed or restored one has to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from keyline.errors import KeylineError
from keyline_deploy.names import stack_id, stack_name
from keyline_deploy.synthesized import Template
from keyline_ops.deployed import Deployed, Owned

TABLE = "AWS::DynamoDB::GlobalTable"

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Expected:
    """A table of a template.

    Attributes
    ----------
    name
        The deployed name.
    environment, region
        Those of its stack.
    properties
        Those of the resource, as the template has them.
    """

    owned: Owned
    name: str
    environment: str
    region: str
    properties: Properties

    def under(self, name: str) -> Expected:
        """Return the same table under another name: that of a restored one."""
        return replace(self, name=name)

    @property
    def replica(self) -> Properties:
        """The table in the region of its stack."""
        found = (r for r in self.properties.get("Replicas", ()) if r.get("Region") == self.region)
        return next(found, {})

    def indexes(self) -> Iterator[tuple[str, Properties, Properties]]:
        """Yield each global index by name: its own properties, and those of its replica."""
        there = {i["IndexName"]: i for i in self.replica.get("GlobalSecondaryIndexes", ())}
        for index in self.properties.get("GlobalSecondaryIndexes", ()):
            yield index["IndexName"], index, there.get(index["IndexName"], {})

    def leaves(self) -> Iterator[str]:
        """Yield the path of each property that the template gives, without numbers of lists.

        Those of a replica in another region begin with `OtherReplicas`.
        """
        for name, value in self.properties.items():
            if name != "Replicas":
                yield from _leaves(name, value)
        for replica in self.properties.get("Replicas", ()):
            own = replica is self.replica
            yield from _leaves("Replicas" if own else "OtherReplicas", replica)


def _leaves(path: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and value and not is_reference(value):
        for name, part in value.items():
            yield from _leaves(f"{path}.{name}", part)
    elif isinstance(value, list) and value:
        for part in value:
            yield from _leaves(path, part)
    else:
        yield path


def is_reference(value: Any) -> bool:
    """Return whether a value of a template is known to a deployment alone."""
    if isinstance(value, str):
        return "{{resolve:" in value
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    (name,) = value
    return name == "Ref" or str(name).startswith("Fn::")


def data_stack(where: Deployed, owned: Owned) -> str:
    """Return the id of the stack that a table is in: `ChatDataProd`."""
    return stack_id(stack_name(owned.system.name, "data", where.environment.name))


def expected(templates: Mapping[str, Template], where: Deployed, owned: Owned) -> Expected:
    """Find a table in the templates of its environment, under the name that serves.

    Raises
    ------
    KeylineError
        If the assembly is another environment's, or older than the environment's file.
    """
    stack, name = data_stack(where, owned), where.name_of(owned)
    template = templates.get(stack)
    if template is None:
        raise KeylineError(
            f"stack {stack}",
            "is not in the assembly.",
            f"Synthesize it: cdk synth -c env={where.environment.name}.",
        )
    for resource in template["Resources"].values():
        given = resource.get("Properties", {})
        if resource["Type"] == TABLE and given.get("TableName") == name:
            environment = where.environment
            return Expected(owned, name, environment.name, environment.region, given)
    raise KeylineError(
        f"stack {stack}", f"has no table {name}.", "Synthesize it again: its assembly is older."
    )
