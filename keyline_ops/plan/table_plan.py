"""The plan of one table."""

from __future__ import annotations

from dataclasses import dataclass

from keyline_ops.plan.findings import Finding, Verdict


@dataclass(frozen=True)
class TablePlan:
    """The plan of one table, or of what a system keeps beside its tables.

    Attributes
    ----------
    owner
        The table's stack and logical id: `OrdersDataProd.Orders`.
    name
        The physical name; empty where it is not a table.
    """

    owner: str
    name: str
    findings: tuple[Finding, ...]

    @property
    def changes_indexes(self) -> bool:
        """Return whether an index is created or deleted."""
        return any(".GlobalSecondaryIndexes." in f.path and f.steps for f in self.findings)

    @property
    def changes_in_place(self) -> bool:
        """Return whether something changes that needs no deployment of its own."""
        return any(f.verdict is Verdict.HARMLESS and not f.steps for f in self.findings)

    @property
    def verdict(self) -> Verdict:
        """The worst of what is found and not released."""
        return max((f.verdict for f in self.findings if not f.released), default=Verdict.HARMLESS)
