"""Protection of a table and its past: policies of removal, deletion protection, recovery."""

from __future__ import annotations

from collections.abc import Iterator

from keyline_ops.plan.backups import kept_days, selections
from keyline_ops.plan.constants import as_text
from keyline_ops.plan.findings import Finding, harmless, refused
from keyline_ops.plan.rules.change import Change
from keyline_ops.plan.side import place_name
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
    """Yield where AWS Backup no longer selects the table, or keeps it for less time."""
    before = sorted(selections(change.side_before, change.before))
    after = sorted(selections(change.side_after, change.after))
    if not after:
        for place in before:
            yield refused(
                "Backup",
                f"is no longer made: {place_name(place)} selected the table for AWS Backup.",
                "Keep the selection.",
            )
        return
    kept = {name: d for place in after for name, d in kept_days(change.side_after, place).items()}
    if not kept:
        return  # the plans are elsewhere
    for place in before:
        for name, days in sorted(kept_days(change.side_before, place).items()):
            becomes = kept.get(name, max(kept.values()))
            if becomes < days:
                yield refused(
                    f"Backup.{name}",
                    f"keeps backups for {becomes:g} days and no longer for {days:g}.",
                    "Keep the period, or release the change with its reason.",
                )
