"""What keeps a table and its past: policies of removal, deletion protection, recovery."""

from __future__ import annotations

from collections.abc import Iterator

from keyline_ops.plan.constants import as_text
from keyline_ops.plan.findings import Finding, harmless, refused
from keyline_ops.plan.rules.change import Change
from keyline_ops.plan.table_state import LONGEST_RECOVERY, Place

_KEEPING = ("Retain", "RetainExceptOnCreate")
"""Policies that keep an existing table; for one that exists, the second is as the first."""


def protection(change: Change) -> Iterator[Finding]:
    """Yield where the protection of a table changes."""
    before, after = change.before, change.after
    for path, old, new in (
        ("DeletionPolicy", before.deletion_policy, after.deletion_policy),
        ("UpdateReplacePolicy", before.update_replace_policy, after.update_replace_policy),
    ):
        if old in _KEEPING and new not in _KEEPING:
            yield refused(
                path, f"changes from {old} to {new}: the table is no longer kept.", f"Write {old}."
            )
    yield from _backups(change)
    for region in sorted(before.places.keys() & after.places.keys()):
        yield from _place(before.places[region], after.places[region], region)


def _place(old: Place, new: Place, region: str) -> Iterator[Finding]:
    where = f"Replicas.{region}." if region else ""
    if old.deletion_protection and not new.deletion_protection:
        yield refused(
            f"{where}DeletionProtectionEnabled",
            "is switched off: one call can delete the table.",
            "Keep it true.",
        )
    if old.disassociation_protection and not new.disassociation_protection:
        yield refused(
            f"{where}DisassociationProtectionEnabled",
            "is switched off: one call can take the replica out of the global table.",
            "Keep it true.",
        )
    path = f"{where}PointInTimeRecoverySpecification"
    was, becomes = (as_text(each.recovery_days) for each in (old, new))
    if was == becomes:
        return
    longest = old.recovery_days if isinstance(old.recovery_days, int) else LONGEST_RECOVERY
    shortest = new.recovery_days if isinstance(new.recovery_days, int) else 1
    if shortest < longest:
        yield refused(
            path,
            f"goes from {was} days to {becomes}: the table can no longer be restored as it was"
            " before.",
            "Keep the period.",
        )
    else:
        yield harmless(path, f"covers {becomes} days.")


def _backups(change: Change) -> Iterator[Finding]:
    """Yield the selections of AWS Backup that no longer name the table."""
    left = any(change.users_after.of_backups(change.place))
    for user in sorted(change.users_before.of_backups(change.place), key=lambda user: user.name):
        if not left:
            yield refused(
                "Backup",
                f"is no longer made: {user.name} selected the table for AWS Backup.",
                "Keep the selection.",
            )
