"""The verdict on two deployments: each table of both, in each world."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from keyline_ops.plan.constants import shown
from keyline_ops.plan.evaluate import Stack
from keyline_ops.plan.findings import Finding, harmless, refused, rejected
from keyline_ops.plan.own import own_findings
from keyline_ops.plan.releases import Release, released
from keyline_ops.plan.rules.capacity import capacity
from keyline_ops.plan.rules.change import Change
from keyline_ops.plan.rules.consumers import consumers
from keyline_ops.plan.rules.encryption import encryption
from keyline_ops.plan.rules.expiry import expiry
from keyline_ops.plan.rules.exports import exports
from keyline_ops.plan.rules.indexes import indexes
from keyline_ops.plan.rules.item_access import item_access
from keyline_ops.plan.rules.key_users import key_users
from keyline_ops.plan.rules.keys import keys
from keyline_ops.plan.rules.policies import policies
from keyline_ops.plan.rules.protection import protection
from keyline_ops.plan.rules.replacement import other_type, replacement
from keyline_ops.plan.rules.replicas import replicas
from keyline_ops.plan.rules.stream import stream
from keyline_ops.plan.rules.values import values
from keyline_ops.plan.side import Place, Side, place_name
from keyline_ops.plan.table_plan import TablePlan
from keyline_ops.plan.table_state import TABLE_TYPES, TableState, in_the_same_region
from keyline_ops.plan.undefined import undefined_conditions
from keyline_ops.plan.unseen import macros, nested_stacks
from keyline_ops.plan.users import Users
from keyline_ops.plan.verdict import Plan
from keyline_ops.plan.worlds import World, in_every_world

_RULES = (
    replacement,
    keys,
    indexes,
    stream,
    consumers,
    exports,
    expiry,
    protection,
    encryption,
    key_users,
    capacity,
    replicas,
    policies,
    values,
    item_access,
)


def _rest(stacks: Sequence[Stack]) -> list[object]:
    """Return what stacks have beside tables."""
    found: list[object] = []
    for stack in stacks:
        tables = stack.of_types(*TABLE_TYPES)
        others = {id: body for id, body in stack.resources.items() if id not in tables}
        found.append({**stack.template, "Resources": others})
    return found


def judge(
    before: Sequence[Stack], after: Sequence[Stack], releases: Sequence[Release] = ()
) -> Plan:
    """Judge what deploying stacks over others does to tables that hold data.

    Raises
    ------
    UnjudgedError
        If too much depends on what is not known.
    """
    others_change = _rest(before) != _rest(after)
    unseen = [f"the macro {name} changes no table" for name in macros((*before, *after))]
    plans = [
        Plan(_released(tables, releases), others_change, (*world.assumptions, *unseen))
        for world, tables in in_every_world(lambda world: _in_world(before, after, world))
    ]
    used = {f.path for plan in plans for t in plan.tables for f in t.findings if f.released}
    worst = max(plans, key=lambda plan: (plan.verdict, -len(plan.assumptions)))
    unused = tuple(release.change for release in releases if release.change not in used)
    return replace(worst, unused_releases=unused)


def _released(tables: Sequence[TablePlan], releases: Sequence[Release]) -> tuple[TablePlan, ...]:
    return tuple(
        replace(table, findings=tuple(released(f, releases) for f in table.findings))
        for table in tables
    )


def _in_world(
    before: Sequence[Stack], after: Sequence[Stack], world: World
) -> tuple[TablePlan, ...]:
    old, new = Side(before, world), Side(after, world)
    users = (Users(old), Users(new))
    found = [
        *(
            (place, table, [_removed(place, table, new)])
            for place, table in old.tables.items()
            if place not in new.tables
        ),
        *(
            (place, table, [_created(place, table, new)])
            for place, table in new.tables.items()
            if place not in old.tables
        ),
        *(
            (place, table, list(_changed(Change(place, was, table, old, new, *users))))
            for place, was in old.tables.items()
            if place in new.tables
            for table in [in_the_same_region(was, new.tables[place])]
        ),
    ]
    tables = [_plan(place_name(place), table.name, each) for place, table, each in found]
    beside = [_plan(stack, "", each) for stack, each in own_findings(old, new)]
    beside += [_plan(place_name(place), "", [each]) for place, each in nested_stacks(old, new)]
    beside += [_plan(stack, "", [each]) for stack, each in undefined_conditions(old, new)]
    return (*sorted(tables, key=lambda plan: plan.owner), *beside)


def _plan(owner: str, name: str, findings: Sequence[Finding]) -> TablePlan:
    return TablePlan(owner, shown(name), tuple(each.below(owner) for each in findings))


def _changed(change: Change) -> Iterator[Finding]:
    found = [finding for rule in _RULES for finding in rule(change)]
    yield from found
    yield from _in_regions(change)
    told = {"Replicas", "AttributeDefinitions", *_OF_REGIONS} | {
        name for finding in found for name in finding.path.split(".")
    }
    names = change.before.properties.keys() | change.after.properties.keys()
    for name in sorted(names - told):
        if change.before.properties.get(name) != change.after.properties.get(name):
            yield harmless(name, "is updated in place.")


_OF_REGIONS = ("ContributorInsightsSpecification", "TableClass", "Tags")
"""What a table has in each region and changes in place."""


def _in_regions(change: Change) -> Iterator[Finding]:
    for region in sorted(change.before.places.keys() & change.after.places.keys()):
        was, becomes = change.before.places[region].rest, change.after.places[region].rest
        where = f"Replicas.{region}." if region else ""
        names = _OF_REGIONS if not region else sorted(was.keys() | becomes.keys())
        for name in names:
            if was.get(name) != becomes.get(name):
                yield harmless(f"{where}{name}", "is updated in place.")


def _created(place: Place, table: TableState, after: Side) -> Finding:
    for other, each in sorted(after.tables.items()):
        if other != place and each.name == table.name and _is_beside(other, place, after):
            return rejected(
                "TableName",
                f"is the name of {place_name(other)} too. CloudFormation does not create a second"
                " table of a name.",
                "Give the new table another name.",
            )
    return harmless("", "is created.")


def _is_beside(one: Place, other: Place, side: Side) -> bool:
    """Return whether two resources are in the same account and region, as far as that is known."""
    if _root(one) == _root(other):
        return True
    where = [
        (stack.account, stack.region)
        for place in (one, other)
        for stack in [side.evaluators[place[0]].stack]
    ]
    return bool(where[0][1]) and where[0] == where[1]


def _root(place: Place) -> str:
    """Return the stack that a resource is in, or that its nested stack is in."""
    return place[0].partition(".")[0]


def _removed(place: Place, table: TableState, after: Side) -> Finding:
    becomes = after.type_of(place)
    if becomes:
        return other_type(table.type, becomes)
    again = [other for other, each in after.tables.items() if each.name == table.name]
    if again:
        return refused(
            "",
            f"is now {place_name(again[0])}, under the same name."
            " CloudFormation makes the new one before it lets go of the old, and fails.",
            "Keep its stack and logical id, or move it by a stack refactoring or an import.",
        )
    end = (
        "its stack no longer owns it: nobody updates or protects it, and it costs as before"
        if table.deletion_policy.startswith("Retain")
        else "it is deleted with its items"
    )
    return refused("", f"is removed: {end}.", "Keep it until its items are moved or not needed.")
