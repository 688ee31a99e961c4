"""Tables of the templates as CreateTable parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keyline_local.cloudformation.properties import check_properties
from keyline_local.cloudformation.scalars import as_flag
from keyline_local.cloudformation.templates import Resource, Templates
from keyline_local.host.errors import LocalPlatformError
from keyline_local.resources import Table

GLOBAL_TABLE = "AWS::DynamoDB::GlobalTable"
TABLE = "AWS::DynamoDB::Table"

_ON_DEMAND = "PAY_PER_REQUEST"
_INDEX = ("IndexName", "KeySchema", "Projection")


def tables(templates: Templates) -> list[Table]:
    """Return the tables.

    Raises
    ------
    LocalPlatformError
        A table has replicas in other regions or a property the platform cannot honour.
    """
    return templates.read(lambda table: _table(templates, table), GLOBAL_TABLE, TABLE)


def _table(templates: Templates, resource: Resource) -> Table:
    properties = templates.properties(resource)
    check_properties(resource.type, properties, resource.path)
    identity = templates.identity(resource)
    create: dict[str, Any] = {
        "TableName": identity.ref,
        "AttributeDefinitions": properties["AttributeDefinitions"],
        "KeySchema": properties["KeySchema"],
        "BillingMode": properties.get("BillingMode", "PROVISIONED"),
        **_throughput(resource, properties),
        **_class_and_protection(resource, properties),
    }
    for key in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        if properties.get(key):
            create[key] = [_index(index) for index in properties[key]]
    if stream := properties.get("StreamSpecification"):
        create["StreamSpecification"] = {
            "StreamEnabled": True,
            "StreamViewType": stream["StreamViewType"],
        }
    ttl = properties.get("TimeToLiveSpecification", {})
    return Table(
        logical_id=resource.logical_id,
        name=identity.ref,
        arn=identity.attributes["Arn"],
        create=create,
        ttl_attribute=ttl.get("AttributeName")
        if as_flag(ttl.get("Enabled", False), f"{resource.path}/Properties/TimeToLiveSpecification")
        else None,
        system=_system(properties),
    )


def _system(properties: Mapping[str, Any]) -> str:
    """Return the system that the tags of a table name: a GlobalTable has them in its replica."""
    holders = [properties, *properties.get("Replicas", [])]
    tags = {tag["Key"]: tag["Value"] for holder in holders for tag in holder.get("Tags", [])}
    return str(tags.get("system", ""))


def _index(index: Mapping[str, Any]) -> dict[str, Any]:
    taken = {key: index[key] for key in _INDEX}
    if "ProvisionedThroughput" in index:
        taken["ProvisionedThroughput"] = index["ProvisionedThroughput"]
    return taken


def _throughput(resource: Resource, properties: Mapping[str, Any]) -> dict[str, Any]:
    if properties.get("BillingMode") == _ON_DEMAND:
        return {}
    if resource.type == GLOBAL_TABLE:
        raise LocalPlatformError(
            f"{resource.path}/Properties/BillingMode",
            "provisioned capacity of a global table is not supported",
            f"use {_ON_DEMAND} where the environment is local",
        )
    return {"ProvisionedThroughput": properties["ProvisionedThroughput"]}


def _class_and_protection(resource: Resource, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a GlobalTable keeps in its replica, a Table at its top."""
    holder = properties if resource.type == TABLE else _replica(resource, properties)
    settings: dict[str, Any] = {
        "DeletionProtectionEnabled": as_flag(
            holder.get("DeletionProtectionEnabled", False), f"{resource.path}/Properties"
        )
    }
    if "TableClass" in holder:
        settings["TableClass"] = holder["TableClass"]
    return settings


def _replica(resource: Resource, properties: Mapping[str, Any]) -> Mapping[str, Any]:
    replicas = properties["Replicas"]
    if [replica["Region"] for replica in replicas] != [resource.stack.region]:
        raise LocalPlatformError(
            f"{resource.path}/Properties/Replicas",
            "replicas in other regions do not exist on one machine",
            f"keep only {resource.stack.region} where the environment is local",
        )
    replica: Mapping[str, Any] = replicas[0]
    return replica
