"""Queues, topics, buckets, secrets and parameters of the templates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ops.local.cloudformation.properties import check_properties
from ops.local.cloudformation.templates import PARAMETER, SECRET, Resource, Templates
from ops.local.resources import Bucket, Parameter, Queue, Secret, Subscription, Topic

QUEUE = "AWS::SQS::Queue"
TOPIC = "AWS::SNS::Topic"
SUBSCRIPTION = "AWS::SNS::Subscription"
BUCKET = "AWS::S3::Bucket"

_QUEUE_ATTRIBUTES = (
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "VisibilityTimeout",
)
_TOPIC_ATTRIBUTES = ("DisplayName", "FifoTopic", "ContentBasedDeduplication")
_SUBSCRIPTION_ATTRIBUTES = (
    "FilterPolicy",
    "FilterPolicyScope",
    "RawMessageDelivery",
    "RedrivePolicy",
)


def queues(templates: Templates) -> list[Queue]:
    """Return the SQS queues."""
    found = []
    for resource in templates.resources(QUEUE):
        properties, identity = _checked(templates, resource), templates.identity(resource)
        found.append(
            Queue(
                logical_id=resource.logical_id,
                name=identity.attributes["QueueName"],
                arn=identity.attributes["Arn"],
                url=identity.ref,
                attributes=_attributes(properties, _QUEUE_ATTRIBUTES),
            )
        )
    return found


def topics(templates: Templates) -> list[Topic]:
    """Return the SNS topics with their subscriptions, inline ones and resources alike."""
    subscriptions: dict[str, list[Subscription]] = {}
    for resource in templates.resources(SUBSCRIPTION):
        properties = _checked(templates, resource)
        subscriptions.setdefault(properties["TopicArn"], []).append(_subscription(properties))
    found = []
    for resource in templates.resources(TOPIC):
        properties, identity = _checked(templates, resource), templates.identity(resource)
        inline = [_subscription(s) for s in properties.get("Subscription", [])]
        found.append(
            Topic(
                logical_id=resource.logical_id,
                name=identity.attributes["TopicName"],
                arn=identity.ref,
                attributes=_attributes(properties, _TOPIC_ATTRIBUTES),
                subscriptions=inline + subscriptions.get(identity.ref, []),
            )
        )
    return found


def buckets(templates: Templates) -> list[Bucket]:
    """Return the S3 buckets."""
    return [
        Bucket(
            logical_id=resource.logical_id,
            name=templates.identity(resource).ref,
            versioned=_checked(templates, resource).get("VersioningConfiguration", {}).get("Status")
            == "Enabled",
        )
        for resource in templates.resources(BUCKET)
    ]


def secrets(templates: Templates) -> list[Secret]:
    """Return the secrets with their values."""
    found = []
    for resource in templates.resources(SECRET):
        properties, identity = _checked(templates, resource), templates.identity(resource)
        arn = identity.ref
        found.append(
            Secret(
                logical_id=resource.logical_id,
                name=arn.split(":", 6)[6].rpartition("-")[0],
                arn=arn,
                value=templates.secrets.value(resource.path, properties),
            )
        )
    return found


def parameters(templates: Templates) -> list[Parameter]:
    """Return the SSM parameters."""
    return [
        Parameter(
            logical_id=resource.logical_id,
            name=templates.identity(resource).ref,
            type=_checked(templates, resource)["Type"],
            value=templates.identity(resource).attributes["Value"],
        )
        for resource in templates.resources(PARAMETER)
    ]


def _checked(templates: Templates, resource: Resource) -> dict[str, Any]:
    properties = templates.properties(resource)
    check_properties(resource.type, properties, resource.path)
    return properties


def _subscription(properties: Mapping[str, Any]) -> Subscription:
    return Subscription(
        protocol=properties["Protocol"],
        endpoint=properties["Endpoint"],
        attributes=_attributes(properties, _SUBSCRIPTION_ATTRIBUTES),
    )


def _attributes(properties: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, str]:
    """Return properties as the strings that the API takes."""
    return {key: _text(properties[key]) for key in keys if key in properties}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
