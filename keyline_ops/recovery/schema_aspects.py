"""The make of a table: keys, indexes, encryption, billing and scaling."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from keyline_ops.recovery.aspect import Aspect, Drift, Repair, Values
from keyline_ops.recovery.expected import Expected
from keyline_ops.recovery.sight import Sight

Drifts = Mapping[str, Drift]


def _key(schema: Any) -> str:
    kinds = {
        kind: [part["AttributeName"] for part in schema if part["KeyType"] == kind]
        for kind in ("HASH", "RANGE")
    }
    return " / ".join(", ".join(names) for names in kinds.values() if names)


def _keyed(given: Mapping[str, Any]) -> Values:
    types = {each["AttributeName"]: each["AttributeType"] for each in given["AttributeDefinitions"]}
    return {
        "key": _key(given["KeySchema"]),
        **{
            f"types.{part['AttributeName']}": types.get(part["AttributeName"])
            for part in given["KeySchema"]
        },
    }


# ----------------------------------------------------------------------------------- indexes


def _indexed(given: Mapping[str, Any], kind: str, prefix: str) -> Values:
    types = {each["AttributeName"]: each["AttributeType"] for each in given["AttributeDefinitions"]}
    found: dict[str, Any] = {}
    for index in given.get(kind, ()):
        path, projection = f"{prefix}.{index['IndexName']}", index["Projection"]
        carried = sorted(projection.get("NonKeyAttributes", ()))
        found[f"{path}.key"] = _key(index["KeySchema"])
        found[f"{path}.projection"] = " ".join([projection["ProjectionType"], *carried])
        for part in index["KeySchema"]:
            name = part["AttributeName"]
            found[f"{path}.types.{name}"] = types.get(name)
    return found


_GLOBAL, _LOCAL = "GlobalSecondaryIndexes", "LocalSecondaryIndexes"


def _index_states(expected: Expected, sight: Sight) -> Values:
    """Return what is deployed, with the state of an index that cannot be read yet."""
    found = dict(_indexed(sight.table, _GLOBAL, "indexes"))
    for index in sight.table.get(_GLOBAL, ()):
        if index.get("IndexStatus", "ACTIVE") != "ACTIVE":
            found[f"indexes.{index['IndexName']}.status"] = index["IndexStatus"]
    return found


def _index(expected: Expected, sight: Sight, drifts: Drifts) -> Iterator[Repair]:
    """Create what is missing, one after the other. An index that is otherwise is left alone."""
    there = {index["IndexName"] for index in sight.table.get(_GLOBAL, ())}
    types = expected.properties["AttributeDefinitions"]
    for name, given, _ in expected.indexes():
        if name in there:
            continue
        create = {k: given[k] for k in ("IndexName", "KeySchema", "Projection")}
        yield Repair(
            f"index {name}",
            "dynamodb",
            "update_table",
            {
                "TableName": expected.name,
                "AttributeDefinitions": types,
                "GlobalSecondaryIndexUpdates": [{"Create": create}],
            },
        )


# -------------------------------------------------------------------------------- encryption


def _encryption(expected: Expected) -> Values:
    given = expected.properties.get("SSESpecification", {})
    if not given.get("SSEEnabled"):
        return {"encryption": "aws-owned"}
    key = expected.replica.get("SSESpecification", {}).get("KMSMasterKeyId")
    return {"encryption": key or "aws-managed"}


def _encrypted(expected: Expected, sight: Sight) -> Values:
    told = sight.table.get("SSEDescription", {})
    if told.get("Status") not in ("ENABLED", "UPDATING"):
        return {"encryption": "aws-owned"}
    arn = told.get("KMSMasterKeyArn")
    managed = _encryption(expected)["encryption"] == "aws-managed"  # whose ARN no template knows
    return {"encryption": "aws-managed" if managed or not arn else arn}


def _encrypt(expected: Expected, sight: Sight, drifts: Drifts) -> Iterator[Repair]:
    for drift in drifts.values():
        spec: dict[str, Any] = {"Enabled": drift.declared != "aws-owned"}
        if spec["Enabled"]:
            spec["SSEType"] = "KMS"
        if str(drift.declared).startswith("arn:"):
            spec["KMSMasterKeyId"] = drift.declared
        arguments = {"TableName": expected.name, "SSESpecification": spec}
        yield Repair(f"encryption: {drift.declared}", "dynamodb", "update_table", arguments)


# ---------------------------------------------------------------------------- billing, class


def _billing(expected: Expected) -> Values:
    given = expected.properties
    mode = given.get("BillingMode", "PROVISIONED")
    write = given.get("WriteOnDemandThroughputSettings", {}).get("MaxWriteRequestUnits")
    read = expected.replica.get(
        "ReadOnDemandThroughputSettings", given.get("ReadOnDemandThroughputSettings", {})
    ).get("MaxReadRequestUnits")
    return {
        "billing": mode,
        "class": expected.replica.get("TableClass", "STANDARD"),
        "onDemand.maxReads": read,
        "onDemand.maxWrites": write,
    }


def _billed(expected: Expected, sight: Sight) -> Values:
    table = sight.table
    limits = table.get("OnDemandThroughput", {})
    return {
        "billing": table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
        "class": table.get("TableClassSummary", {}).get("TableClass", "STANDARD"),
        "onDemand.maxReads": _limit(limits.get("MaxReadRequestUnits")),
        "onDemand.maxWrites": _limit(limits.get("MaxWriteRequestUnits")),
    }


def _limit(units: int | None) -> int | None:
    return None if units in (None, -1) else units


def _bill(expected: Expected, sight: Sight, drifts: Drifts) -> Iterator[Repair]:
    here = {"TableName": expected.name}
    mode = drifts.get("billing")
    if mode and mode.declared == "PAY_PER_REQUEST":
        arguments = {**here, "BillingMode": mode.declared}
        yield Repair(f"billing: {mode.declared}", "dynamodb", "update_table", arguments)
    if kind := drifts.get("class"):
        arguments = {**here, "TableClass": kind.declared}
        yield Repair(f"table class: {kind.declared}", "dynamodb", "update_table", arguments)
    if drifts.keys() & {"onDemand.maxReads", "onDemand.maxWrites"}:
        wanted = _billing(expected)
        reads, writes = wanted["onDemand.maxReads"], wanted["onDemand.maxWrites"]
        limits = {
            "MaxReadRequestUnits": -1 if reads is None else reads,
            "MaxWriteRequestUnits": -1 if writes is None else writes,
        }
        arguments = {**here, "OnDemandThroughput": limits}
        yield Repair("maximum of on-demand requests", "dynamodb", "update_table", arguments)


# ------------------------------------------------------------------------------- auto scaling


def _scaled(expected: Expected) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    """Yield (path, resource, dimension, settings) of each capacity that is scaled."""
    given, replica = expected.properties, expected.replica
    table = f"table/{expected.name}"
    places = [("", table, "table", given, replica)]
    places += [
        (f"indexes.{name}.", f"{table}/index/{name}", "index", own, of_replica)
        for name, own, of_replica in expected.indexes()
    ]
    for path, resource, kind, own, of_replica in places:
        for what, holder in (("Read", of_replica), ("Write", own)):
            throughput = holder.get(f"{what}ProvisionedThroughputSettings", {})
            scaling = throughput.get(f"{what}CapacityAutoScalingSettings")
            if scaling:
                dimension = f"dynamodb:{kind}:{what}CapacityUnits"
                yield f"{path}scaling.{what.lower()}", resource, dimension, scaling


def _scaling(expected: Expected) -> Values:
    return {path: _said(_wanted(given)) for path, _, _, given in _scaled(expected)}


def _wanted(given: Mapping[str, Any]) -> tuple[int, int, float | None]:
    tracking = given.get("TargetTrackingScalingPolicyConfiguration", {})
    target = tracking.get("TargetValue")
    return (
        int(given["MinCapacity"]),
        int(given["MaxCapacity"]),
        None if target is None else float(target),
    )


def _said(scaling: tuple[int, int, float | None] | None) -> str | None:
    if scaling is None:
        return None
    least, most, target = scaling
    return f"{least} to {most} units" + ("" if target is None else f", at {target:g} %")


def _scales(expected: Expected, sight: Sight) -> Values:
    return {
        path: _said(sight.scaling(resource).get(dimension))
        for path, resource, dimension, _ in _scaled(expected)
    }


def _scale(expected: Expected, sight: Sight, drifts: Drifts) -> Iterator[Repair]:
    service, where = "application-autoscaling", {"ServiceNamespace": "dynamodb"}
    for path, resource, dimension, given in _scaled(expected):
        if path not in drifts:
            continue
        least, most, target = _wanted(given)
        here = {**where, "ResourceId": resource, "ScalableDimension": dimension}
        yield Repair(
            f"{path}: {least} to {most} units",
            service,
            "register_scalable_target",
            {**here, "MinCapacity": least, "MaxCapacity": most},
        )
        if target is None:
            continue
        kind = "Read" if "Read" in dimension else "Write"
        metric = f"DynamoDB{kind}CapacityUtilization"
        tracking = {
            **given["TargetTrackingScalingPolicyConfiguration"],
            "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
        }
        yield Repair(
            f"{path}: at {target:g} %",
            service,
            "put_scaling_policy",
            {
                **here,
                "PolicyName": f"{metric}:{resource}",
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingScalingPolicyConfiguration": tracking,
            },
        )


_FIXED = "A key cannot be changed: `keyline plan` says how such a change is deployed."
_DEPLOY = "Deploy the data stack, after `cdk diff` has shown what else that changes."
_OF_INDEX = ("IndexName", "KeySchema", "Projection")

SCHEMA = (
    Aspect(
        "key",
        ("TableName", "KeySchema", "AttributeDefinitions", "Replicas.Region"),
        lambda expected: _keyed(expected.properties),
        lambda _, sight: _keyed(sight.table),
        _FIXED,
    ),
    Aspect(
        "indexes",
        tuple(f"{_GLOBAL}.{name}" for name in _OF_INDEX),
        lambda expected: _indexed(expected.properties, _GLOBAL, "indexes"),
        _index_states,
        "Deploy the data stack. An index that is not declared was made by hand: delete it, or"
        " declare it.",
        _index,
    ),
    Aspect(
        "local indexes",
        (_LOCAL,),
        lambda expected: _indexed(expected.properties, _LOCAL, "localIndexes"),
        lambda _, sight: _indexed(sight.table, _LOCAL, "localIndexes"),
        _FIXED,
    ),
    Aspect(
        "encryption",
        ("SSESpecification", "Replicas.SSESpecification"),
        _encryption,
        _encrypted,
        _DEPLOY,
        _encrypt,
    ),
    Aspect(
        "billing",
        (
            "BillingMode",
            "Replicas.TableClass",
            "ReadOnDemandThroughputSettings",
            "WriteOnDemandThroughputSettings",
            "Replicas.ReadOnDemandThroughputSettings",
        ),
        _billing,
        _billed,
        _DEPLOY,
        _bill,
    ),
    Aspect(
        "auto scaling",
        (
            "WriteProvisionedThroughputSettings",
            "Replicas.ReadProvisionedThroughputSettings",
            f"{_GLOBAL}.WriteProvisionedThroughputSettings",
            f"Replicas.{_GLOBAL}.ReadProvisionedThroughputSettings",
        ),
        _scaling,
        _scales,
        _DEPLOY,
        _scale,
    ),
)
