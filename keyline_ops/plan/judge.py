"""The verdict on two deployments: each table of both, in each world."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from keyline_ops.plan.constants import shown
from keyline_ops.plan.evaluate import Stack
from keyline_ops.plan.filling import Filling
from keyline_ops.plan.findings import (
    Finding,
    Moment,
    Step,
    Verdict,
    harmless,
    refused,
    rejected,
    waves,
)
from keyline_ops.plan.own import own_findings
from keyline_ops.plan.releases import Release, released
from keyline_ops.plan.rules.capacity import capacity
from keyline_ops.plan.rules.change import Change
from keyline_ops.plan.rules.consumers import consumers
from keyline_ops.plan.rules.encryption import encryption
from keyline_ops.plan.rules.expiry import expiry
from keyline_ops.plan.rules.exports import exports
from keyline_ops.plan.rules.indexes import indexes
from keyline_ops.plan.rules.key_users import key_users
from keyline_ops.plan.rules.keys import keys
from keyline_ops.plan.rules.policies import policies
from keyline_ops.plan.rules.protection import protection
from keyline_ops.plan.rules.replacement import replacement
from keyline_ops.plan.rules.replicas import replicas
from keyline_ops.plan.rules.stream import stream
from keyline_ops.plan.side import Place, Side
from keyline_ops.plan.table_state import TABLE_TYPES, TableState, in_the_same_region
from keyline_ops.plan.users import Users
from keyline_ops.plan.worlds import World, in_every_world

_RULES = (
    *(
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
    ),
    *(capacity, replicas, policies),
)


@dataclass(frozen=True)
class TablePlan:
    """What becomes of one table, or of what a system keeps beside its tables.

    Attributes
    ----------
    owner
        Its stack and logical id: `OrdersDataProd.Orders`.
    name
        The physical name; empty where it is not a table.
    """

    owner: str
    name: str
    findings: tuple[Finding, ...]

    @property
    def changes_indexes(self) -> bool:
        """Whether an index is created or deleted."""
        return any(".GlobalSecondaryIndexes." in f.path and f.steps for f in self.findings)

    @property
    def verdict(self) -> Verdict:
        """The worst of what is found and not released."""
        return max((f.verdict for f in self.findings if not f.released), default=Verdict.HARMLESS)


@dataclass(frozen=True)
class Wave:
    """One deployment of several, with what it does."""

    steps: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """The verdict on two deployments.

    Attributes
    ----------
    others_change
        Whether anything changes that is not a table.
    assumptions
        What the verdict takes for granted of values that nobody knows here.
    waves
        The deployments in order; empty where the change is refused or changes nothing.
    """

    tables: tuple[TablePlan, ...]
    others_change: bool = False
    assumptions: tuple[str, ...] = ()
    unused_releases: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst table decides."""
        return max((table.verdict for table in self.tables), default=Verdict.HARMLESS)

    def with_fillings(self, fillings: Mapping[str, Filling], region: str) -> Plan:
        """Return the plan with what DynamoDB says of the tables whose indexes change."""
        tables = tuple(
            replace(each, findings=(*each.findings, *_filled(each, fillings[each.name], region)))
            if each.name in fillings
            else each
            for each in self.tables
        )
        return replace(self, tables=tables)

    @property
    def waves(self) -> tuple[Wave, ...]:
        """The deployments in order; none where the change is refused or nothing is to be done."""
        return () if self.verdict is Verdict.REFUSED else tuple(self._waves())

    def _waves(self) -> Iterator[Wave]:
        """Yield the deployments in order: one step of each table in one of them."""
        before = _columns(self.tables, Moment.BEFORE)
        after = _columns(self.tables, Moment.AFTER)
        changes = any(not f.steps for table in self.tables for f in table.findings)
        if self.verdict is Verdict.HARMLESS:
            if self.others_change or before or after or changes:
                yield Wave((*(s for each in (*before, *after) for s in each), "deploy everything"))
            return
        yield from (Wave(tuple(steps)) for steps in before)
        if self.others_change or any(_in_place(each) for each in self.tables):
            yield Wave(("deploy everything else",))
        yield from (Wave(tuple(steps)) for steps in after)


def _filled(table: TablePlan, filling: Filling, region: str) -> Iterator[Finding]:
    path = f"{table.owner}.GlobalSecondaryIndexes"
    yield harmless(path, f"change: {filling.told(region)}.")
    if filling.busy:
        yield waves(
            path,
            f"are changing now ({', '.join(filling.busy)}). DynamoDB takes no other change.",
            "Wait until they are ACTIVE: `keyline tables` shows it.",
        )


def _in_place(table: TablePlan) -> bool:
    """Whether a table has changes beside the steps that have deployments of their own."""
    return any(f.verdict is Verdict.HARMLESS and not f.steps for f in table.findings)


def _rest(stacks: Sequence[Stack]) -> list[object]:
    """Return what stacks have beside tables."""
    return [
        {
            name: section
            if name != "Resources"
            else {
                logical_id: body
                for logical_id, body in stack.resources.items()
                if not (isinstance(body, dict) and body.get("Type") in TABLE_TYPES)
            }
            for name, section in stack.template.items()
        }
        for stack in stacks
    ]


def judge(
    before: Sequence[Stack], after: Sequence[Stack], releases: Sequence[Release] = ()
) -> Plan:
    """Judge what deploying stacks over others does to tables that hold data.

    Raises
    ------
    UnjudgedError
        If too much depends on what is not known.
    """
    plans = in_every_world(lambda world: _in_world(before, after, world))
    judged = [
        Plan(
            tuple(
                replace(table, findings=tuple(released(f, releases) for f in table.findings))
                for table in tables
            ),
            _rest(before) != _rest(after),
            tuple(world.assumptions),
            tuple(_unused(tables, releases)),
        )
        for world, tables in plans
    ]
    return max(judged, key=lambda plan: (plan.verdict, -len(plan.assumptions)))


def _unused(tables: Sequence[TablePlan], releases: Sequence[Release]) -> Iterator[str]:
    paths = {finding.path for table in tables for finding in table.findings}
    yield from (release.change for release in releases if release.change not in paths)


def _in_world(
    before: Sequence[Stack], after: Sequence[Stack], world: World
) -> tuple[TablePlan, ...]:
    old, new = Side(before, world), Side(after, world)
    users_before, users_after = Users(old), Users(new)
    found = []
    for place in sorted(old.tables.keys() | new.tables.keys()):
        was, becomes = old.tables.get(place), new.tables.get(place)
        if was is None:
            assert becomes is not None  # noqa: S101 (one of the two has it)
            findings = [harmless("", "is created.")]
        elif becomes is None:
            findings = [_removed(place, was, new)]
        else:
            becomes = in_the_same_region(was, becomes)
            change = Change(place, was, becomes, old, new, users_before, users_after)
            findings = list(_changed(change))
        table = becomes or was
        owner = ".".join(part for part in place if part)
        assert table is not None  # noqa: S101 (one of the two has it)
        found.append(
            TablePlan(owner, shown(table.name), tuple(each.below(owner) for each in findings))
        )
    return (*found, *_beside(old, new))


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
        where = f"Replicas.{shown(region)}." if region else ""
        names = _OF_REGIONS if not region else sorted(was.keys() | becomes.keys())
        for name in names:
            if was.get(name) != becomes.get(name):
                yield harmless(f"{where}{name}", "is updated in place.")


def _removed(place: Place, table: TableState, after: Side) -> Finding:
    becomes = after.type_of(place)
    if becomes:
        return rejected(
            "Type",
            f"changes from {table.type} to {becomes}. CloudFormation does not change a type.",
            "Keep the type. To change it, retain the table and import it under the new type.",
        )
    again = [other for other, each in after.tables.items() if each.name == table.name]
    if again:
        return refused(
            "",
            f"is now {'.'.join(part for part in again[0] if part)}, under the same name."
            " CloudFormation makes the new one before it lets go of the old, and fails.",
            "Keep its stack and logical id, or move it by a stack refactoring or an import.",
        )
    end = (
        "its stack no longer owns it: nobody updates or protects it, and it costs as before"
        if table.deletion_policy.startswith("Retain")
        else "it is deleted with its items"
    )
    return refused("", f"is removed: {end}.", "Keep it until its items are moved or not needed.")


def _beside(old: Side, new: Side) -> Iterator[TablePlan]:
    """Yield what only our own stacks say of what is stored, by stack."""
    for stack, findings in own_findings(old, new):
        yield TablePlan(stack, "", tuple(each.below(stack) for each in findings))


def _columns(tables: Sequence[TablePlan], moment: Moment) -> list[list[str]]:
    columns: list[list[str]] = []
    for table in tables:
        steps = [s for f in table.findings for s in f.steps if s.moment is moment]
        for number, step in enumerate(steps):
            while len(columns) <= number:
                columns.append([])
            columns[number].append(_told(table, step))
    return columns


def _told(table: TablePlan, step: Step) -> str:
    return f"{table.owner}: {step.text}"
