"""Queues, topics, buckets, secrets and parameters of the templates."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from keyline_local.cloudformation.bucket_notifications import BUCKET
from keyline_local.cloudformation.http_apis import function_of
from keyline_local.cloudformation.named import Named
from keyline_local.cloudformation.own_queues import own_queue
from keyline_local.cloudformation.properties import check_properties
from keyline_local.cloudformation.scalars import as_text
from keyline_local.cloudformation.templates import PARAMETER, SECRET, Resource, Templates
from keyline_local.resources import (
    Bucket,
    Function,
    Holds,
    Parameter,
    Queue,
    QueueMapping,
    Secret,
    Subscription,
    Topic,
)

QUEUE = "AWS::SQS::Queue"
TOPIC = "AWS::SNS::Topic"
SUBSCRIPTION = "AWS::SNS::Subscription"

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
    return templates.read(lambda resource: _queue(templates, resource), QUEUE)


def _queue(templates: Templates, resource: Resource) -> Queue:
    properties, identity = _checked(templates, resource), templates.identity(resource)
    return Queue(
        logical_id=resource.logical_id,
        name=identity.attributes["QueueName"],
        arn=identity.attributes["Arn"],
        url=identity.ref,
        attributes=_attributes(properties, _QUEUE_ATTRIBUTES),
    )


def topics(templates: Templates) -> list[Topic]:
    """Return the SNS topics with their subscriptions, inline ones and resources alike."""
    subscriptions: dict[str, list[Subscription]] = {}
    for topic, subscription in templates.read(lambda r: _subscribed(templates, r), SUBSCRIPTION):
        subscriptions.setdefault(topic, []).append(subscription)
    return templates.read(lambda resource: _topic(templates, resource, subscriptions), TOPIC)


def _subscribed(templates: Templates, resource: Resource) -> tuple[str, Subscription]:
    properties = _checked(templates, resource)
    return as_text(properties["TopicArn"]), _subscription(
        properties, resource.path, templates.endpoints.aws
    )


def _topic(
    templates: Templates, resource: Resource, subscriptions: Mapping[str, Sequence[Subscription]]
) -> Topic:
    properties, identity = _checked(templates, resource), templates.identity(resource)
    inline = [
        _subscription(s, resource.path, templates.endpoints.aws)
        for s in properties.get("Subscription", [])
    ]
    return Topic(
        logical_id=resource.logical_id,
        name=identity.attributes["TopicName"],
        arn=identity.ref,
        attributes=_attributes(properties, _TOPIC_ATTRIBUTES),
        subscriptions=[*inline, *subscriptions.get(identity.ref, [])],
    )


def topic_mappings(templates: Templates, functions: Named[Function]) -> list[QueueMapping]:
    """Return how topics deliver to functions: each through a queue of the platform's own."""
    of_topics = templates.read(
        lambda topic: [
            _delivery(topic, subscription, functions, templates.endpoints.aws)
            for subscription in _checked(templates, topic).get("Subscription", [])
        ],
        TOPIC,
    )
    single = templates.read(
        lambda r: _delivery(r, _checked(templates, r), functions, templates.endpoints.aws),
        SUBSCRIPTION,
    )
    inline = [each for several in of_topics for each in several]
    return [each for each in (*inline, *single) if each is not None]


def _delivery(
    resource: Resource, subscription: Mapping[str, Any], functions: Named[Function], aws: str
) -> QueueMapping | None:
    if subscription["Protocol"] != "lambda":
        return None
    path = f"{resource.path}/Properties/Endpoint"
    return QueueMapping(
        logical_id=resource.logical_id,
        queue=_between(subscription, resource.path, aws),
        function=function_of(subscription["Endpoint"], functions, path).name,
        batch_size=1,
        holds=Holds.NOTIFICATIONS,
    )


def _between(subscription: Mapping[str, Any], path: str, aws: str) -> Queue:
    """Return the queue between a topic and a function."""
    _, _, _, region, account, *_ = subscription["Endpoint"].split(":")
    what = f"{path} {subscription['Endpoint']}"
    return own_queue("topic", what, region=region, account=account, aws=aws)


def buckets(templates: Templates, notifications: Mapping[str, Mapping[str, Any]]) -> list[Bucket]:
    """Return the S3 buckets.

    Parameters
    ----------
    notifications
        The NotificationConfiguration of each bucket that has one.
    """
    return templates.read(lambda resource: _bucket(templates, resource, notifications), BUCKET)


def _bucket(
    templates: Templates, resource: Resource, notifications: Mapping[str, Mapping[str, Any]]
) -> Bucket:
    versioning = _checked(templates, resource).get("VersioningConfiguration", {})
    name = templates.identity(resource).ref
    return Bucket(
        logical_id=resource.logical_id,
        name=name,
        versioned=versioning.get("Status") == "Enabled",
        notifications=notifications.get(name, {}),
    )


def secrets(templates: Templates) -> list[Secret]:
    """Return the secrets with their values."""
    return templates.read(lambda resource: _secret(templates, resource), SECRET)


def _secret(templates: Templates, resource: Resource) -> Secret:
    properties, arn = _checked(templates, resource), templates.identity(resource).ref
    return Secret(
        logical_id=resource.logical_id,
        name=arn.split(":", 6)[6].rpartition("-")[0],
        arn=arn,
        value=templates.secrets.value(resource.path, properties),
    )


def parameters(templates: Templates) -> list[Parameter]:
    """Return the SSM parameters."""
    return templates.read(lambda resource: _parameter(templates, resource), PARAMETER)


def _parameter(templates: Templates, resource: Resource) -> Parameter:
    properties, identity = _checked(templates, resource), templates.identity(resource)
    return Parameter(
        logical_id=resource.logical_id,
        name=identity.ref,
        type=properties["Type"],
        value=identity.attributes["Value"],
    )


def _checked(templates: Templates, resource: Resource) -> dict[str, Any]:
    properties = templates.properties(resource)
    check_properties(resource.type, properties, resource.path)
    return properties


def _subscription(properties: Mapping[str, Any], path: str, aws: str) -> Subscription:
    to_function = properties["Protocol"] == "lambda"
    return Subscription(
        protocol="sqs" if to_function else properties["Protocol"],
        endpoint=_between(properties, path, aws).arn if to_function else properties["Endpoint"],
        attributes=_attributes(properties, _SUBSCRIPTION_ATTRIBUTES),
    )


def _attributes(properties: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, str]:
    """Return properties as the strings that the API takes."""
    return {key: _text(properties[key]) for key in keys if key in properties}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
