"""Features of a table that a restore loses: expiry, stream, recovery, tags.

Source of what a restore leaves out: DynamoDB developer guide, "Point-in-time recovery: restoring
a table": auto scaling, IAM policies, CloudWatch alarms, tags, stream, TTL, deletion protection,
and point-in-time recovery of the new table. What is put back does not depend on this list.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from keyline_ops.recovery.aspect import Aspect, Drift, Repair, Values
from keyline_ops.recovery.expected import Expected, is_reference
from keyline_ops.recovery.sight import Sight

_DEFAULT_DAYS = 35
"""Days of recovery where a template gives none. Source: API reference, UpdateContinuousBackups."""
_DEFAULT_MODE = "ACCESSED_AND_THROTTLED_KEYS"

Drifts = Mapping[str, Drift]


def _update(expected: Expected, what: str, **arguments: Any) -> Repair:
    named = {"TableName": expected.name, **arguments}
    return Repair(what, "dynamodb", "update_table", named)


# ------------------------------------------------------------------------ deletion protection


def _protection(expected: Expected) -> Values:
    return {"deletionProtection": expected.replica.get("DeletionProtectionEnabled", False)}


def _protected(expected: Expected, sight: Sight) -> Values:
    return {"deletionProtection": sight.table.get("DeletionProtectionEnabled", False)}


def _protect(expected: Expected, sight: Sight, drifts: Drifts) -> Iterator[Repair]:
    for drift in drifts.values():
        what = f"deletion protection: {'on' if drift.declared else 'off'}"
        yield _update(expected, what, DeletionProtectionEnabled=drift.declared)


# -------------------------------------------------------------------------------------- tags


def _tags(expected: Expected) -> Values:
    return {f"tags.{tag['Key']}": tag["Value"] for tag in expected.replica.get("Tags", ())}


def _tagged(expected: Expected, sight: Sight) -> Values:
    """Return the declared tags alone: a stack, an account and people add others."""
    wanted = _tags(expected)
    return {path: sight.tags.get(path.removeprefix("tags.")) for path in wanted}


def _tag(expected: Expected, sight: Sight, drifts: Drifts) -> Iterator[Repair]:
    names = {path.removeprefix("tags."): drift.declared for path, drift in sorted(drifts.items())}
    listed = [{"Key": key, "Value": value} for key, value in names.items()]
    arguments = {"ResourceArn": sight.arn, "Tags": listed}
    yield Repair(f"tags: {', '.join(names)}", "dynamodb", "tag_resource", arguments)


# ---------------------------------------------------------------------------------- recovery


def _recovery(expected: Expected) -> Values:
    given = expected.replica.get("PointInTimeRecoverySpecification", {})
    on = given.get("PointInTimeRecoveryEnabled") is True
    return {"recovery.days": given.get("RecoveryPeriodInDays", _DEFAULT_DAYS) if on else None}


def _recoverable(expected: Expected, sight: Sight) -> Values:
    told = sight.recovery
    return {"recovery.days": told.get("RecoveryPeriodInDays", _DEFAULT_DAYS) if told else None}


def _recover(expected: Expected, sight: Sight, drifts: Drifts) -> Iterator[Repair]:
    for drift in drifts.values():
        days = {"RecoveryPeriodInDays": drift.declared} if drift.declared else {}
        yield Repair(
            f"point-in-time recovery: {drift.declared or 'no'} days",
            "dynamodb",
            "update_continuous_backups",
            {
                "TableName": expected.name,
                "PointInTimeRecoverySpecification": {
                    "PointInTimeRecoveryEnabled": bool(drift.declared),
                    **days,
                },
            },
        )


# --------------------------------------------------------------------------------------- TTL


def _ttl(expected: Expected) -> Values:
    given = expected.properties.get("TimeToLiveSpecification", {})
    return {"ttl": given.get("AttributeName") if given.get("Enabled") else None}


def _expires(expected: Expected, sight: Sight) -> Values:
    return {"ttl": sight.ttl}


def _expire(expected: Expected, sight: Sight, drifts: Drifts) -> Iterator[Repair]:
    """Turn another attribute off first: DynamoDB takes one change of TTL at a time."""
    for drift in drifts.values():
        changes = [(drift.deployed, False), (drift.declared, True)]
        for attribute, on in changes:
            if attribute:
                spec = {"Enabled": on, "AttributeName": attribute}
                yield Repair(
                    f"TTL: {attribute} {'on' if on else 'off'}",
                    "dynamodb",
                    "update_time_to_live",
                    {"TableName": expected.name, "TimeToLiveSpecification": spec},
                )


# ------------------------------------------------------------------------------------ stream


def _stream(expected: Expected) -> Values:
    return {"stream": expected.properties.get("StreamSpecification", {}).get("StreamViewType")}


def _streams(expected: Expected, sight: Sight) -> Values:
    found = sight.table.get("StreamSpecification", {})
    return {"stream": found.get("StreamViewType") if found.get("StreamEnabled") else None}


def _flow(expected: Expected, sight: Sight, drifts: Drifts) -> Iterator[Repair]:
    """Turn a stream of another view off first: DynamoDB does not change the view of one."""
    for drift in drifts.values():
        if drift.deployed:
            yield _update(expected, "stream: off", StreamSpecification={"StreamEnabled": False})
        if drift.declared:
            spec = {"StreamEnabled": True, "StreamViewType": drift.declared}
            yield _update(expected, f"stream: {drift.declared}", StreamSpecification=spec)


# ------------------------------------------------------------------------ contributor insights


def _mode(given: Mapping[str, Any]) -> str | None:
    told = given.get("ContributorInsightsSpecification", {})
    return str(told.get("Mode", _DEFAULT_MODE)) if told.get("Enabled") else None


def _insights(expected: Expected) -> Values:
    found = {"insights": _mode(expected.replica)}
    return found | {
        f"indexes.{name}.insights": _mode(replica) for name, _, replica in expected.indexes()
    }


def _watched(expected: Expected, sight: Sight) -> Values:
    names = {index["IndexName"] for index in sight.table.get("GlobalSecondaryIndexes", ())}
    found = {"insights": sight.insights(None)}
    return found | {
        f"indexes.{name}.insights": sight.insights(name) if name in names else None
        for name, _, _ in expected.indexes()
    }


def _watch(expected: Expected, sight: Sight, drifts: Drifts) -> Iterator[Repair]:
    for path, drift in drifts.items():
        index = path.split(".")[1] if path.startswith("indexes.") else ""
        of_index = {"IndexName": index} if index else {}
        action = (
            {"ContributorInsightsAction": "ENABLE", "ContributorInsightsMode": drift.declared}
            if drift.declared
            else {"ContributorInsightsAction": "DISABLE"}
        )
        where = f" of {index}" if index else ""
        yield Repair(
            f"contributor insights{where}: {drift.declared or 'off'}",
            "dynamodb",
            "update_contributor_insights",
            {"TableName": expected.name, **of_index, **action},
        )


# ------------------------------------------------------------------------------------ policy


def _policy(expected: Expected) -> Values:
    document = expected.replica.get("ResourcePolicy", {}).get("PolicyDocument")
    if document is None or is_reference(document):
        return {"policy": document}
    own, new = (f":table/{name}" for name in (expected.properties["TableName"], expected.name))
    return {"policy": _canonical(document).replace(own, new)}


def _guarded(expected: Expected, sight: Sight) -> Values:
    return {"policy": None if sight.policy is None else _canonical(json.loads(sight.policy))}


def _guard(expected: Expected, sight: Sight, drifts: Drifts) -> Iterator[Repair]:
    for drift in drifts.values():
        if drift.declared:
            arguments = {"ResourceArn": sight.arn, "Policy": drift.declared}
            yield Repair("resource policy", "dynamodb", "put_resource_policy", arguments)


def _canonical(document: Any) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


# ----------------------------------------------------------------------------------- Kinesis


def _kinesis(expected: Expected) -> Values:
    return {"kinesis": expected.replica.get("KinesisStreamSpecification", {}).get("StreamArn")}


def _sent(expected: Expected, sight: Sight) -> Values:
    if not _kinesis(expected)["kinesis"]:
        return {"kinesis": None}
    return {"kinesis": next(iter(sight.kinesis), None)}


def _send(expected: Expected, sight: Sight, drifts: Drifts) -> Iterator[Repair]:
    for drift in drifts.values():
        arguments = {"TableName": expected.name, "StreamArn": drift.declared}
        yield Repair(
            f"changes to {drift.declared}",
            "dynamodb",
            "enable_kinesis_streaming_destination",
            arguments,
        )


_DEPLOY = "Deploy the data stack, after `cdk diff` has shown what else that changes."

PROTECTION = Aspect(
    "deletion protection",
    ("Replicas.DeletionProtectionEnabled",),
    _protection,
    _protected,
    _DEPLOY,
    _protect,
)
FEATURES = (
    Aspect("tags", ("Replicas.Tags",), _tags, _tagged, _DEPLOY, _tag),
    Aspect(
        "point-in-time recovery",
        ("Replicas.PointInTimeRecoverySpecification",),
        _recovery,
        _recoverable,
        f"{_DEPLOY} Without recovery, an accident of today cannot be taken back.",
        _recover,
    ),
    Aspect("TTL", ("TimeToLiveSpecification",), _ttl, _expires, _DEPLOY, _expire),
    Aspect("stream", ("StreamSpecification",), _stream, _streams, _DEPLOY, _flow),
    Aspect(
        "contributor insights",
        (
            "Replicas.ContributorInsightsSpecification",
            "Replicas.GlobalSecondaryIndexes.ContributorInsightsSpecification",
            "Replicas.GlobalSecondaryIndexes.IndexName",
        ),
        _insights,
        _watched,
        _DEPLOY,
        _watch,
    ),
    Aspect("resource policy", ("Replicas.ResourcePolicy",), _policy, _guarded, _DEPLOY, _guard),
    Aspect(
        "Kinesis data stream",
        ("Replicas.KinesisStreamSpecification",),
        _kinesis,
        _sent,
        _DEPLOY,
        _send,
    ),
)
