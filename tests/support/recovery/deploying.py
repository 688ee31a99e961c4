"""The deployment of a data stack's template, on an emulator: tables, and alarms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from keyline_deploy.synthesized import Template

Clients = Callable[[str], Any]
TABLE = "AWS::DynamoDB::GlobalTable"
_ALARM, _COMPOSITE = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"


def deploy(
    clients: Clients, stack: str, template: Template, before: Template | None = None
) -> None:
    """Make what a template has and an earlier one does not; put all of its alarms.

    Parameters
    ----------
    stack
        The name of the stack, from which the names of alarms follow.
    """
    there = (before or {"Resources": {}})["Resources"]
    for id, resource in template["Resources"].items():
        if resource["Type"] == TABLE and id not in there:
            create_table(clients("dynamodb"), resource["Properties"])
    alarms = clients("cloudwatch")
    for id, resource in template["Resources"].items():
        given = {k: _plain(v) for k, v in resource.get("Properties", {}).items()}
        if resource["Type"] == _ALARM:
            alarms.put_metric_alarm(**{"AlarmName": f"{stack}-{id}-0123456789AB", **given})
        elif resource["Type"] == _COMPOSITE:
            alarms.put_metric_alarm(**_standing_for(given))


def _standing_for(composite: Mapping[str, Any]) -> dict[str, Any]:
    """Return a metric alarm in place of a composite one, which moto does not have."""
    metric = {"Namespace": "Composite", "MetricName": "None", "Period": 60, "Statistic": "Sum"}
    left_out = ("AlarmRule", "ActionsSuppressor")
    own = {k: v for k, v in composite.items() if not k.startswith(left_out)}
    rule = {"Threshold": 0, "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1}
    return {**own, **metric, **rule}


def create_table(client: Any, properties: Mapping[str, Any]) -> None:
    """Make a table with all that its properties say."""
    name, (replica,) = properties["TableName"], properties["Replicas"]
    optional = {key: properties[key] for key in ("BillingMode",) if key in properties}
    if properties.get("GlobalSecondaryIndexes"):
        optional["GlobalSecondaryIndexes"] = properties["GlobalSecondaryIndexes"]
    if stream := properties.get("StreamSpecification"):
        optional["StreamSpecification"] = {"StreamEnabled": True, **stream}
    if properties.get("SSESpecification", {}).get("SSEEnabled"):
        key = replica.get("SSESpecification", {})
        optional["SSESpecification"] = {"Enabled": True, "SSEType": "KMS", **key}
    client.create_table(
        TableName=name,
        KeySchema=properties["KeySchema"],
        AttributeDefinitions=properties["AttributeDefinitions"],
        Tags=replica.get("Tags", []),
        DeletionProtectionEnabled=replica.get("DeletionProtectionEnabled", False),
        **optional,
    )
    if ttl := properties.get("TimeToLiveSpecification"):
        client.update_time_to_live(TableName=name, TimeToLiveSpecification=ttl)
    client.update_continuous_backups(
        TableName=name,
        PointInTimeRecoverySpecification=replica["PointInTimeRecoverySpecification"],
    )
    parts: list[tuple[dict[str, str], Any]] = [({}, replica)]
    parts += [({"IndexName": i["IndexName"]}, i) for i in replica.get("GlobalSecondaryIndexes", ())]
    for index, part in parts:
        if (told := part.get("ContributorInsightsSpecification", {})).get("Enabled"):
            client.update_contributor_insights(
                TableName=name,
                **index,
                ContributorInsightsAction="ENABLE",
                ContributorInsightsMode=told["Mode"],
            )


def _plain(value: Any) -> Any:
    """Return a value as a deployment would fill it in."""
    if isinstance(value, Mapping):
        if len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::")):
            return "arn:aws:sns:us-east-1:111111111111:filled-in"
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list) else value
