"""Mappings of a stream to a function that are replaced, removed or stopped while it stays.

CloudFormation makes the new mapping before it deletes the old one, and Lambda refuses a second
mapping of one stream to one function. So the old one goes first, and the stream keeps records for
a day. Source: Lambda API reference, CreateEventSourceMapping (ResourceConflictException).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from keyline_ops.plan.constants import Value, as_text, constant_name, shown
from keyline_ops.plan.findings import Finding, Moment, Step, refused, waves
from keyline_ops.plan.rules.change import Change
from keyline_ops.plan.schemas import create_only
from keyline_ops.plan.side import Place
from keyline_ops.plan.table_state import TABLE_TYPES
from keyline_ops.plan.users import MAPPING, ROLE, Kind, User, Users

_FROM_THE_START = "TRIM_HORIZON"

Properties = Mapping[str, Value]
Mappings = Mapping[Place, Properties]


def consumers(change: Change) -> Iterator[Finding]:
    """Yield the mappings that cannot be replaced in one update, and those that are lost."""
    if not change.before.stream or change.before.stream != change.after.stream:
        return  # the rules of the stream say what becomes of them
    before = change.users_before.mappings(change.place)
    after = change.users_after.mappings(change.place)
    yield from _lost(change, before, after)
    for place, old in sorted(before.items()):
        for other, new in sorted(after.items()):
            if _function(old) == _function(new) and (place != other or _is_replaced(old, new)):
                yield _replaced(other, new)


def _lost(change: Change, before: Mappings, after: Mappings) -> Iterator[Finding]:
    """Yield the mappings that go or stop while their function stays and nothing takes their place.

    A function that goes with its mapping is replaced or given up on purpose.
    """
    if _readers(change.users_after, change) - _readers(change.users_before, change):
        return
    yield from _lost_pipes(change)
    for place, old in sorted(before.items()):
        new = [each for each in after.values() if _function(each) == _function(old)]
        path = f"consumers.{place[1]}"
        if place in after or new:
            if _runs(old) and not any(map(_runs, [*new, after.get(place, {})])):
                yield refused(
                    path,
                    "is disabled: the function gets no records, which the stream keeps for a day.",
                    "Keep the mapping enabled, or release the change.",
                )
        elif not _goes(change, old):
            yield refused(
                path,
                "is removed, and the stream and the function stay: the function gets no records.",
                "Keep the mapping, or release the change.",
            )


def _lost_pipes(change: Change) -> Iterator[Finding]:
    after = change.users_after.pipes(change.place)
    for place, old in sorted(change.users_before.pipes(change.place).items()):
        becomes = after.get(place, {})
        if not _flows(old) or _flows(becomes) or _target_goes(change, place):
            continue
        yield refused(
            f"consumers.{place[1]}",
            f"{'is stopped' if becomes else 'is removed'}, and the stream and the target of the"
            " pipe stay: the target gets no records.",
            "Keep the pipe, or release the change.",
        )


def _flows(pipe: Properties) -> bool:
    return bool(pipe) and as_text(pipe.get("DesiredState", "RUNNING")) == "RUNNING"


def _target_goes(change: Change, pipe: Place) -> bool:
    """Return whether something that a pipe refers to is removed, other than the table and roles."""
    stack, logical_id = pipe
    for name in change.side_before.evaluators[stack].links(logical_id):
        place = (stack, name)
        kind = change.side_before.declared[place]
        if kind not in (*TABLE_TYPES, ROLE) and not change.side_after.type_of(place):
            return True
    return False


def _readers(users: Users, change: Change) -> set[User]:
    return {user for user in users.of_stream(change.place) if user.kind is Kind.READER}


def _runs(mapping: Properties) -> bool:
    return bool(mapping) and as_text(mapping.get("Enabled", True)) != "false"


def _goes(change: Change, mapping: Properties) -> bool:
    """Return whether the function of a mapping is removed too."""
    named = shown(_function(mapping))
    return any(
        named.startswith(f"${{{constant_name(*place)}}}") and not change.side_after.type_of(place)
        for place in change.side_before.declared
    )


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
