"""The verdict on a deployment, with what it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from keyline_ops.plan.filling import Filling
from keyline_ops.plan.findings import Finding, Verdict, harmless, waves
from keyline_ops.plan.table_plan import TablePlan
from keyline_ops.plan.waves import Wave, waves_of


@dataclass(frozen=True)
class Plan:
    """The verdict on a deployment.

    Attributes
    ----------
    others_change
        Whether anything changes that is not a table.
    assumptions
        What the verdict takes for granted of values that nobody knows here.
    unused_releases
        The paths of releases that let nothing through.
    """

    tables: tuple[TablePlan, ...]
    others_change: bool
    assumptions: tuple[str, ...] = ()
    unused_releases: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst table decides."""
        return max((table.verdict for table in self.tables), default=Verdict.HARMLESS)

    @property
    def waves(self) -> tuple[Wave, ...]:
        """The deployments in order; none where the change is refused or nothing is to be done."""
        return waves_of(self.tables, others_change=self.others_change)

    def with_fillings(self, fillings: Mapping[str, Filling], region: str) -> Plan:
        """Return the plan with what DynamoDB says of the tables whose indexes change."""
        tables = tuple(
            replace(each, findings=(*each.findings, *_filled(each, fillings[each.name], region)))
            if each.name in fillings
            else each
            for each in self.tables
        )
        return replace(self, tables=tables)


def _filled(table: TablePlan, filling: Filling, region: str) -> Iterator[Finding]:
    path = f"{table.owner}.GlobalSecondaryIndexes"
    yield harmless(path, f"change: {filling.told(region)}.")
    if filling.busy:
        yield waves(
            path,
            f"are changing now ({', '.join(filling.busy)}). DynamoDB takes no other change.",
            "Wait until they are ACTIVE: `keyline tables` shows it.",
        )
