"""The attribute by which items expire.

DynamoDB takes no other attribute while it expires items by one, and one change an hour. Source:
API reference, UpdateTimeToLive; CloudFormation's reference, `TimeToLiveSpecification`.
"""

from __future__ import annotations

from collections.abc import Iterator

from keyline_ops.plan.findings import Finding, Moment, Step, harmless, refused, waves
from keyline_ops.plan.rules.change import Change

_PATH = "TimeToLiveSpecification"


def expiry(change: Change) -> Iterator[Finding]:
    """Yield what becomes of the expiry of a table."""
    before, after = change.before, change.after
    if before.ttl and after.ttl_named and before.ttl != after.ttl_named:
        steps = [Step(Moment.BEFORE, f"disable expiry by {before.ttl}, and wait for an hour")]
        if after.ttl:
            steps.append(Step(Moment.AFTER, f"enable expiry by {after.ttl}"))
        yield waves(
            f"{_PATH}.AttributeName",
            f"changes from {before.ttl} to {after.ttl_named}. DynamoDB refuses that while expiry"
            f" is enabled, and items that have only {before.ttl} would not expire any more.",
            "Disable expiry in one deployment, and enable it in another at least an hour later.",
            *steps,
        )
    elif before.ttl and not after.ttl:
        yield harmless(_PATH, "is disabled: items do not expire any more.")
    if after.ttl and after.ttl != before.ttl:
        if before.attributes.get(after.ttl) == "N":  # what is defined is the key of something
            yield refused(
                f"{_PATH}.AttributeName",
                f"is {after.ttl}, which stored items have as a key. Items whose number is a time in"
                " the past are deleted.",
                "Expire items by an attribute of its own.",
            )
        elif not before.ttl:
            yield harmless(_PATH, f"is enabled: items whose {after.ttl} is past are deleted.")
