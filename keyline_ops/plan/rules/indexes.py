"""Indexes that are created and deleted, and who reads them meanwhile.

DynamoDB creates or deletes one index of a table at a time, and CloudFormation in one update, for
both types of tables. CloudFormation does not wait until a new index is filled. DynamoDB changes the
throughput of other indexes in the same call. DynamoDB neither changes the throughput of the table
nor ends a stream in that call. Source: CloudFormation's reference, `GlobalSecondaryIndexes`; API
reference, UpdateTable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from keyline.model import MAX_INDEXES
from keyline_ops.plan.findings import (
    Finding,
    Moment,
    Part,
    Step,
    Verdict,
    harmless,
    refused,
    rejected,
    waves,
)
from keyline_ops.plan.rules.change import Change
from keyline_ops.plan.side import Place
from keyline_ops.plan.users import Kind, User, names_of

_GROUPS = ("GlobalSecondaryIndexes", "VectorIndexes")


def indexes(change: Change) -> Iterator[Finding]:
    """Yield what becomes of the indexes of a table."""
    before, after = change.before, change.after
    created = [
        finding
        for group, old, new in _groups(change)
        for name in sorted(new - old)
        for finding in _created(change, f"{group}.{name}", name)
    ]
    deleted = [
        finding
        for group, old, new in _groups(change)
        for name in sorted(old - new)
        for finding in _deleted(change, f"{group}.{name}", name)
    ]
    found = [*_changed(change), *created, *deleted]
    if created and deleted and len(before.indexes) + len(created) > MAX_INDEXES:
        found = [*_changed(change), *map(_first, deleted), *created]
    yield from found
    steps = [step for each in found for step in each.steps]
    if len(steps) > 1:
        yield waves(
            "GlobalSecondaryIndexes",
            f"has {len(steps)} indexes to create or delete. One update takes one.",
            "Deploy in waves: create the new indexes one by one, wait until each is filled, let"
            " readers change, and delete the old indexes one by one.",
        )
    beside = [
        name
        for name in ("ProvisionedThroughput", "BillingMode", "StreamSpecification", "Replicas")
        if _differs_beside(change, name)
    ]
    if steps and beside:
        yield waves(
            beside[0],
            "changes together with an index. DynamoDB does one of the two at a time.",
            "Deploy the index alone.",
        )
    if before.vector_indexes != after.vector_indexes:
        yield from _changed_vectors(change)


def _first(deleted: Finding) -> Finding:
    """Return what is deleted before anything is created: the table has no room for both.

    An index that somebody reads cannot go before the one that takes its place is there.
    """
    if deleted.verdict is Verdict.WAVES:
        return rejected(
            deleted.path,
            f"has to go before another index is created: a table has {MAX_INDEXES} at most.",
            "Let its readers use another index first, or ask AWS for a higher quota.",
        )
    return replace(
        deleted, steps=tuple(replace(step, moment=Moment.BEFORE) for step in deleted.steps)
    )


def _groups(change: Change) -> Iterator[tuple[str, set[str], set[str]]]:
    before, after = change.before, change.after
    yield _GROUPS[0], set(before.indexes), set(after.indexes)
    yield _GROUPS[1], set(before.vector_indexes), set(after.vector_indexes)


def _differs_beside(change: Change, name: str) -> bool:
    if name == "Replicas":
        return change.before.places.keys() != change.after.places.keys()
    if name == "StreamSpecification":
        return bool(change.before.stream) and change.before.stream != change.after.stream
    return change.before.properties.get(name) != change.after.properties.get(name)


def _changed(change: Change) -> Iterator[Finding]:
    for name in sorted(change.before.indexes.keys() & change.after.indexes.keys()):
        old, new = change.before.indexes[name], change.after.indexes[name]
        path = f"GlobalSecondaryIndexes.{name}"
        for what, was, is_now in (
            ("KeySchema", old.key, new.key),
            ("Projection", old.projection, new.projection),
        ):
            if was != is_now:
                yield refused(
                    f"{path}.{what}",
                    "changes under the name of the index. DynamoDB changes neither the key nor"
                    " the projection of an index.",
                    "Create an index with another name, let readers change, then delete this one.",
                )
        if old.rest != new.rest:
            yield harmless(path, "is updated in place.")


def _changed_vectors(change: Change) -> Iterator[Finding]:
    before, after = change.before.vector_indexes, change.after.vector_indexes
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name]:
            yield refused(
                f"VectorIndexes.{name}",
                "changes. DynamoDB does not change a vector index.",
                "Create an index with another name, let readers change, then delete this one.",
            )


def _created(change: Change, path: str, name: str) -> Iterator[Finding]:
    told = f"create the index {name}, and wait until it is filled"
    step = Step(Moment.BEFORE, told, _part(path, name))
    new = change.users_after.of_index(change.place, name) - change.users_before.of_index(
        change.place, name
    )
    readers = list(_switching(change, new))
    if readers:
        yield waves(
            path,
            f"is created while {names_of(readers)} begins to read it. A query fails until the index"
            " is filled.",
            "Deploy the index first, and what reads it when it is ACTIVE.",
            step,
        )
    else:
        yield harmless(path, "is created and filled.", step)


def _part(path: str, name: str) -> Part:
    return Part(path.partition(".")[0], name)


def _switching(change: Change, users: Iterable[User]) -> Iterator[User]:
    """Yield who begins to read: itself, or a function of this deployment that is now allowed to."""
    for user in users:
        if user.kind is not Kind.GRANT:
            yield user
            continue
        for function in change.users_after.functions_of(user.place):
            if _is_new_code(change, function):
                yield User(function, Kind.READER)


def _is_new_code(change: Change, function: Place) -> bool:
    if not change.side_before.makes(function):
        return True
    return change.users_before.code_of(function) != change.users_after.code_of(function)


def _deleted(change: Change, path: str, name: str) -> Iterator[Finding]:
    step = Step(Moment.AFTER, f"delete the index {name}", _part(path, name))
    left = change.users_after.of_index(change.place, name)
    gone = change.users_before.of_index(change.place, name)
    if left:
        yield refused(
            path,
            f"is deleted, and {names_of(left)} still uses it.",
            "Let it use another index first, or keep this one.",
        )
    elif gone:
        yield waves(
            path,
            f"is deleted in the same deployment in which {names_of(gone)} stops using it. A query"
            " of an old function fails once the index is gone.",
            "Deploy what reads first, and delete the index afterwards.",
            step,
        )
    else:
        yield harmless(path, "is deleted. Nothing in these templates uses it by name.", step)
