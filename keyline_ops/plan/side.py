"""One side of a comparison: the stacks as they are, or as they are to be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from keyline_ops.plan.constants import Value, as_text
from keyline_ops.plan.evaluate import Evaluator, Resource, Stack
from keyline_ops.plan.table_state import TABLE_TYPES, TableState, table_state
from keyline_ops.plan.worlds import World

Place = tuple[str, str]
"""The stack and the logical id of a resource."""


def place_name(place: Place) -> str:
    """Return a place for people: `OrdersDataProd.Orders`, without a stack that has no name."""
    return ".".join(part for part in place if part)


class Side:
    """The stacks of one side, evaluated in one world."""

    def __init__(self, stacks: Sequence[Stack], world: World) -> None:
        self.evaluators = {s.name: Evaluator(s, world, self._imported) for s in stacks}
        self._same = world.same
        self._is_exporting = False

    @cached_property
    def tables(self) -> dict[Place, TableState]:
        """The tables of all stacks."""
        found = {}
        for place in self.of(*TABLE_TYPES):
            name = as_text(self.evaluators[place[0]].value({"Ref": place[1]}))
            found[place] = table_state(self.resource(place), name, self._same)
        return found

    @cached_property
    def declared(self) -> dict[Place, str]:
        """The types of all resources, whether or not they are made in this world."""
        return {
            (stack, logical_id): kind
            for stack, evaluator in self.evaluators.items()
            for logical_id, kind in evaluator.declared_types().items()
        }

    def makes(self, place: Place) -> bool:
        """Return whether there is a resource in this world."""
        return place in self.declared and self.evaluators[place[0]].makes(place[1])

    def type_of(self, place: Place) -> str:
        """Return the type of a resource; empty where there is none in this world."""
        return self.declared[place] if self.makes(place) else ""

    def of(self, *kinds: str) -> Iterator[Place]:
        """Yield the resources of types that there are in this world.

        The conditions of other resources are not asked for, so that they make no worlds.
        """
        return (p for p, kind in self.declared.items() if kind in kinds and self.makes(p))

    def resource(self, place: Place) -> Resource:
        """Return a resource of these stacks."""
        return self.evaluators[place[0]].resource(place[1])

    def possible(self, place: Place) -> Value:
        """Return the properties of a resource with all that they may be."""
        return self.evaluators[place[0]].possible(place[1])

    @cached_property
    def exports(self) -> dict[str, Value]:
        """Return what the stacks export, by name."""
        self._is_exporting = True
        found = {
            output.export: output.value
            for evaluator in self.evaluators.values()
            for output in evaluator.outputs().values()
            if output.export
        }
        self._is_exporting = False
        return found

    def _imported(self, name: str) -> Value | None:
        """Return what a stack of these exports under a name; None where another stack does."""
        if len(self.evaluators) < 2 or self._is_exporting:
            return None
        return self.exports.get(name)
