"""Mappings of a stream to a function that are replaced while the stream stays.

CloudFormation makes the new mapping before it deletes the old one, and Lambda refuses a second
mapping of one stream to one function. So the old one goes first, and the stream keeps records for
a day. Source: Lambda API reference, CreateEventSourceMapping (ResourceConflictException).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from keyline_ops.plan.constants import Value, as_text
from keyline_ops.plan.findings import Finding, Moment, Step, refused, waves
from keyline_ops.plan.rules.change import Change
from keyline_ops.plan.schemas import create_only
from keyline_ops.plan.side import Place
from keyline_ops.plan.users import MAPPING

_FROM_THE_START = "TRIM_HORIZON"

Properties = Mapping[str, Value]


def consumers(change: Change) -> Iterator[Finding]:
    """Yield the mappings that cannot be replaced in one update."""
    if not change.before.stream or change.before.stream != change.after.stream:
        return  # the rules of the stream say what becomes of them
    before = change.users_before.mappings(change.place)
    after = change.users_after.mappings(change.place)
    for place, old in sorted(before.items()):
        for other, new in sorted(after.items()):
            if _function(old) == _function(new) and (place != other or _is_replaced(old, new)):
                yield _replaced(other, new)


def _replaced(place: Place, new: Properties) -> Finding:
    path = f"consumers.{place[1]}"
    if as_text(new.get("StartingPosition")) == _FROM_THE_START:
        return waves(
            path,
            "replaces the mapping of the stream to its function. Lambda takes one at a time.",
            "Remove the mapping in one deployment, and add it in the next.",
            Step(Moment.BEFORE, "remove the mapping of the stream to its function"),
        )
    return refused(
        path,
        "replaces the mapping of the stream to its function. Lambda takes one at a time, and the"
        " new one does not begin where the old one ended.",
        f"Keep the mapping, or begin with StartingPosition: {_FROM_THE_START}.",
    )


def _function(mapping: Properties) -> str:
    """Return the function, by its name whether its ARN is given or the name."""
    return as_text(mapping.get("FunctionName")).replace(".Arn", "")


def _is_replaced(old: Properties, new: Properties) -> bool:
    return any(old.get(name) != new.get(name) for name in create_only(MAPPING))
