"""The stream of a table, its destination in Kinesis, and who consumes them.

A stream cannot change its view: CloudFormation disables it and makes a new one with another ARN.
What its consumers have not read stays in the old one. Source: CloudFormation's reference,
`StreamSpecification`; developer guide, "Change data capture for DynamoDB Streams".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from keyline_ops.plan.findings import (
    Finding,
    Moment,
    Part,
    Step,
    harmless,
    refused,
    rejected,
    waves,
)
from keyline_ops.plan.rules.change import Change
from keyline_ops.plan.table_state import TableState
from keyline_ops.plan.users import Kind, User, names_of

_EVERYTHING = "NEW_AND_OLD_IMAGES"
_PATH = "StreamSpecification"


def stream(change: Change) -> Iterator[Finding]:
    """Yield what becomes of the stream of a table and of what it feeds."""
    before, after = change.before, change.after
    if _needs_everything(after) and after.stream != _EVERYTHING and _is_new_fault(change):
        yield rejected(
            _PATH,
            f"is not {_EVERYTHING}, which a table with replicas needs.",
            f"Write StreamViewType: {_EVERYTHING}.",
        )
    elif before.stream and not after.stream:
        yield from _disabled(change)
    elif before.stream and before.stream != after.stream:
        yield from _replaced(change)
    elif after.stream and not before.stream:
        yield harmless(_PATH, "is enabled.")
    yield from _kinesis(change)


def _needs_everything(table: TableState) -> bool:
    """Return whether replicas are kept equal by a stream; strong consistency needs none."""
    return len(table.places) > 1 and table.properties.get("MultiRegionConsistency") != "STRONG"


def _is_new_fault(change: Change) -> bool:
    before, after = change.before, change.after
    same_places = before.places.keys() == after.places.keys()
    return not (same_places and before.stream == after.stream)


def _disabled(change: Change) -> Iterator[Finding]:
    left = change.users_after.of_stream(change.place)
    gone = _consumers(change.users_before.of_stream(change.place))
    if left:
        yield refused(
            _PATH,
            f"is removed, and {names_of(left)} still uses the stream.",
            "Remove the consumers first, or keep the stream.",
        )
    elif exports := [user for user in gone if user.kind is Kind.EXPORT]:
        yield refused(
            _PATH,
            f"is removed, and {names_of(exports)} gave the stream to other stacks.",
            "Remove the consumers in other stacks first, then the export and the stream.",
        )
    elif gone:
        yield waves(
            _PATH,
            f"is removed together with {names_of(gone)}, which reads it. Records that are not read"
            " yet are lost.",
            "Remove the consumer first, once it has read everything.",
            Step(Moment.AFTER, "disable the stream", Part(_PATH)),
        )
    else:
        yield harmless(_PATH, "is disabled. Nothing in these templates reads the stream.")


def _replaced(change: Change) -> Iterator[Finding]:
    view = f"{_PATH}.StreamViewType"
    kept = _consumers(change.users_after.of_stream(change.place))
    gone = _consumers(change.users_before.of_stream(change.place))
    what = (
        f"changes from {change.before.stream} to {change.after.stream}, which makes a new stream."
    )
    if gone & kept or any(user.kind is Kind.EXPORT for user in gone):
        yield refused(
            view,
            f"{what} {names_of(gone)} reads the old one, and loses what it has not read.",
            "Keep the view, or let the consumers read everything, and release the change.",
        )
    elif gone:
        yield waves(
            view,
            f"{what} {names_of(gone)} reads the old one until it is removed.",
            "Remove the consumer first, once it has read everything.",
            Step(Moment.AFTER, "change the view of the stream", Part(_PATH)),
        )
    else:
        yield harmless(view, f"{what} Nothing in these templates reads the old one.")


def _consumers(users: Iterable[User]) -> set[User]:
    """Return who reads a stream or may read it; what a stack only prints reads nothing."""
    return {user for user in users if user.kind is not Kind.OUTPUT}


def _kinesis(change: Change) -> Iterator[Finding]:
    for region in sorted(change.before.places.keys() & change.after.places.keys()):
        old, new = change.before.places[region].kinesis, change.after.places[region].kinesis
        path = "KinesisStreamSpecification"
        if old and old != new:
            yield refused(
                path,
                "no longer sends changes to the Kinesis stream whose consumers read them.",
                "Keep the destination until nobody reads it, and release the change.",
            )
        elif new and not old:
            yield harmless(path, "begins to send changes to a Kinesis stream.")
