"""A table as a template declares it, in one form whatever the template's words and the type are.

Source of what is taken where a template says nothing: CloudFormation's reference of
`AWS::DynamoDB::Table` and `AWS::DynamoDB::GlobalTable`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from keyline_ops.plan.constants import Value, as_text, constant
from keyline_ops.plan.evaluate import Resource
from keyline_ops.plan.schemas import canonical

TABLE, GLOBAL_TABLE = "AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"
SIMPLE_TABLE = "AWS::Serverless::SimpleTable"
TABLE_TYPES = (TABLE, GLOBAL_TABLE, SIMPLE_TABLE)

OWN_REGION = ""
"""The one place of a table that is not global."""
LONGEST_RECOVERY = 35
"""Days of recovery where a template gives none. Source: API reference, UpdateContinuousBackups."""
_STACK_REGION = constant("AWS::Region")
_DEFAULT_KEY = "alias/aws/dynamodb"

Properties = Mapping[str, Value]


@dataclass(frozen=True)
class Index:
    """A secondary index.

    Attributes
    ----------
    key
        (attribute, HASH or RANGE), in order.
    projection
        The projection's type, then the attributes that it includes, sorted.
    rest
        What can change in place: throughput, insights.
    """

    name: str
    key: tuple[tuple[str, str], ...]
    projection: tuple[str, ...]
    rest: Properties


@dataclass(frozen=True)
class Place:
    """A table in one region.

    Attributes
    ----------
    recovery_days
        0 where point-in-time recovery is off; a constant's text where nobody knows it.
    key
        The KMS key of the customer; empty for a key of AWS.
    """

    recovery_days: Value = 0
    deletion_protection: bool = False
    disassociation_protection: bool = False
    key: str = ""
    kinesis: str = ""
    policy: Value = None
    stream_policy: Value = None
    rest: Properties = field(default_factory=dict)


@dataclass(frozen=True)
class TableState:
    """A table as it is declared.

    Attributes
    ----------
    name
        The physical name, or the constant that stands for the one that CloudFormation makes.
    properties
        All properties, in canonical form.
    """

    logical_id: str
    type: str
    name: str
    properties: Properties
    deletion_policy: str
    update_replace_policy: str
    attributes: Mapping[str, str]
    key: tuple[tuple[str, str], ...]
    indexes: Mapping[str, Index]
    local_indexes: Mapping[str, Index]
    vector_indexes: Mapping[str, Properties]
    billing: str
    stream: str
    ttl: str
    ttl_named: str
    encrypted: bool
    places: Mapping[str, Place]

    @property
    def is_global(self) -> bool:
        """Return whether it is made as a global table."""
        return self.type == GLOBAL_TABLE


def table_state(resource: Resource, name: str, same: Callable[[str, str], bool]) -> TableState:
    """Return a table as its resource declares it.

    Parameters
    ----------
    same
        Whether two texts are equal, constants or not.
    """
    if resource.type == SIMPLE_TABLE:
        resource = _transformed(resource, same)
    given = canonical(resource.type, resource.properties, same)
    ttl = _dict(given.get("TimeToLiveSpecification"))
    encryption = _dict(given.get("SSESpecification"))
    encrypted = encryption.get("SSEEnabled") is True
    return TableState(
        logical_id=resource.logical_id,
        type=resource.type,
        name=name,
        properties=given,
        deletion_policy=resource.deletion_policy,
        update_replace_policy=resource.update_replace_policy,
        attributes={
            as_text(each.get("AttributeName")): as_text(each.get("AttributeType"))
            for each in _dicts(given.get("AttributeDefinitions"))
        },
        key=_key(given.get("KeySchema")),
        indexes=_indexes(given.get("GlobalSecondaryIndexes")),
        local_indexes=_indexes(given.get("LocalSecondaryIndexes")),
        vector_indexes={
            as_text(each.get("IndexName")): each for each in _dicts(given.get("VectorIndexes"))
        },
        billing=as_text(given.get("BillingMode", "PROVISIONED")),
        stream=as_text(_dict(given.get("StreamSpecification")).get("StreamViewType")),
        ttl=as_text(ttl.get("AttributeName")) if ttl.get("Enabled") is True else "",
        ttl_named=as_text(ttl.get("AttributeName")),
        encrypted=encrypted,
        places=dict(_places(resource.type, given, encrypted)),
    )


def in_the_same_region(before: TableState, after: TableState) -> TableState:
    """Return a table whose replica in its stack's region is named as it was before.

    One template may say `AWS::Region` where the other names the region. A table always has a
    replica in the region of its stack.
    """
    gone = before.places.keys() - after.places.keys()
    come = after.places.keys() - before.places.keys()
    if len(gone) != 1 or len(come) != 1 or _STACK_REGION not in gone | come:
        return after
    (old,), (new,) = gone, come
    return replace(after, places={old if k == new else k: v for k, v in after.places.items()})


_SIMPLE_TYPES = ("String", "Number", "Binary")


def _transformed(resource: Resource, same: Callable[[str, str], bool]) -> Resource:
    """Return the table that SAM makes of a simple table (SAM specification, SimpleTable)."""
    given = dict(resource.properties)
    primary = _dict(given.pop("PrimaryKey", None))
    name = as_text(primary.get("Name", "id"))
    given_type = as_text(primary.get("Type", "String"))
    kind = next((each[0] for each in _SIMPLE_TYPES if same(given_type, each)), given_type)
    tags = _dict(given.pop("Tags", None))
    made: dict[str, Value] = {
        **given,
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind}],
        "KeySchema": [{"AttributeName": name, "KeyType": "HASH"}],
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }
    if "ProvisionedThroughput" not in given:
        made["BillingMode"] = "PAY_PER_REQUEST"
    return Resource(
        resource.logical_id,
        TABLE,
        made,
        resource.deletion_policy,
        resource.update_replace_policy,
    )


def _places(kind: str, given: Properties, encrypted: bool) -> Iterator[tuple[str, Place]]:
    if kind == TABLE:
        yield OWN_REGION, _place(given, _dict(given.get("SSESpecification")), encrypted)
        return
    for replica in _dicts(given.get("Replicas")):
        region = as_text(replica.get("Region"))
        yield region, _place(replica, _dict(replica.get("SSESpecification")), encrypted)


_OF_PLACE = (
    *("PointInTimeRecoverySpecification", "DeletionProtectionEnabled", "SSESpecification"),
    *("DisassociationProtectionEnabled", "KinesisStreamSpecification", "ResourcePolicy"),
    *("ReplicaStreamSpecification", "Region"),
)


def _place(given: Properties, encryption: Properties, encrypted: bool) -> Place:
    recovery = _dict(given.get("PointInTimeRecoverySpecification"))
    days = recovery.get("RecoveryPeriodInDays", LONGEST_RECOVERY)
    key = as_text(encryption.get("KMSMasterKeyId"))
    stream = _dict(given.get("ReplicaStreamSpecification") or given.get("StreamSpecification"))
    return Place(
        recovery_days=days if recovery.get("PointInTimeRecoveryEnabled") is True else 0,
        deletion_protection=given.get("DeletionProtectionEnabled") is True,
        disassociation_protection=given.get("DisassociationProtectionEnabled") is True,
        key=key if encrypted and not key.endswith(_DEFAULT_KEY) else "",
        kinesis=as_text(_dict(given.get("KinesisStreamSpecification")).get("StreamArn")),
        policy=_dict(given.get("ResourcePolicy")).get("PolicyDocument"),
        stream_policy=_dict(stream.get("ResourcePolicy")).get("PolicyDocument"),
        rest={name: value for name, value in given.items() if name not in _OF_PLACE},
    )


def _indexes(given: Value) -> dict[str, Index]:
    return {index.name: index for index in map(_index, _dicts(given))}


def _index(given: Properties) -> Index:
    projection = _dict(given.get("Projection"))
    included = projection.get("NonKeyAttributes")
    return Index(
        name=as_text(given.get("IndexName")),
        key=_key(given.get("KeySchema")),
        projection=(
            as_text(projection.get("ProjectionType")),
            *sorted(as_text(name) for name in (included if isinstance(included, list) else [])),
        ),
        rest={
            name: value
            for name, value in given.items()
            if name not in ("IndexName", "KeySchema", "Projection")
        },
    )


def _key(given: Value) -> tuple[tuple[str, str], ...]:
    return tuple(
        (as_text(part.get("AttributeName")), as_text(part.get("KeyType"))) for part in _dicts(given)
    )


def _dict(value: Value) -> Properties:
    return value if isinstance(value, dict) else {}


def _dicts(value: Value) -> list[Properties]:
    return [each for each in (value if isinstance(value, list) else []) if isinstance(each, dict)]
