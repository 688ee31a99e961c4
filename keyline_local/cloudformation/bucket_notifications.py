"""Notifications of buckets: to queues, topics, functions and the event bus.

A configuration stands at the bucket (`NotificationConfiguration`), or in the custom resource of the
CDK (`Custom::S3BucketNotifications`), which has the form of S3's API. A function and the event bus
are told through a queue of the platform's own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keyline_local.cloudformation.http_apis import function_of
from keyline_local.cloudformation.named import Named
from keyline_local.cloudformation.own_queues import own_queue
from keyline_local.cloudformation.scalars import as_flag
from keyline_local.cloudformation.targets import Receivers, plain_topic
from keyline_local.cloudformation.templates import Resource, Templates
from keyline_local.host.errors import LocalPlatformError
from keyline_local.resources import Function, Holds, Queue, QueueMapping

BUCKET = "AWS::S3::Bucket"
NOTIFICATIONS = "Custom::S3BucketNotifications"

_KINDS = {
    "LambdaConfigurations": ("LambdaFunctionConfigurations", "Function", "LambdaFunctionArn"),
    "QueueConfigurations": ("QueueConfigurations", "Queue", "QueueArn"),
    "TopicConfigurations": ("TopicConfigurations", "Topic", "TopicArn"),
}
"""CloudFormation's names of the lists: that of the API, and the receiver's here and there."""
_BRIDGED = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectAcl:Put")
"""The events of objects that the platform brings to the event bus."""


@dataclass
class Notifications:
    """The notifications of all buckets.

    Attributes
    ----------
    configurations
        NotificationConfiguration of S3's API by bucket.
    mappings
        What goes to functions and to the event bus, through queues of the platform's own.
    """

    configurations: dict[str, dict[str, list[dict[str, Any]]]] = field(default_factory=dict)
    mappings: list[QueueMapping] = field(default_factory=list)


def notifications(templates: Templates, receivers: Receivers) -> Notifications:
    """Return the notifications of all buckets."""
    found = Notifications(defaultdict(lambda: defaultdict(list)))
    reader = _Reader(templates, receivers, found)
    templates.read(reader.of_bucket, BUCKET)
    templates.read(reader.of_custom_resource, NOTIFICATIONS)
    return found


class _Reader:
    def __init__(self, templates: Templates, receivers: Receivers, found: Notifications) -> None:
        self._templates = templates
        self._receivers = receivers
        self._found = found
        names = templates.read(lambda bucket: templates.identity(bucket).ref, BUCKET)
        self._buckets = Named("bucket", {name: name for name in names}, templates.refusals.names)

    def of_bucket(self, bucket: Resource) -> None:
        """Take note of a bucket's own configuration."""
        given = self._templates.properties(bucket).get("NotificationConfiguration", {})
        name = self._templates.identity(bucket).ref
        for kind, (listed, here, there) in _KINDS.items():
            for each in given.get(kind, []):
                rules = each.get("Filter", {}).get("S3Key", {}).get("Rules", [])
                self._add(bucket, name, listed, {there: each[here]}, [each["Event"]], rules)
        bridge = given.get("EventBridgeConfiguration")
        if bridge is not None and as_flag(bridge.get("EventBridgeEnabled", True), bucket.path):
            self._to_bus(bucket, name)

    def of_custom_resource(self, resource: Resource) -> None:
        """Take note of the configuration in the CDK's custom resource."""
        properties = self._templates.properties(resource)
        given = properties["NotificationConfiguration"]
        name = self._buckets.find(properties["BucketName"], f"{resource.path}/Properties")
        for listed, _, there in _KINDS.values():
            for each in given.get(listed, []):
                rules = each.get("Filter", {}).get("Key", {}).get("FilterRules", [])
                self._add(resource, name, listed, {there: each[there]}, each["Events"], rules)
        if "EventBridgeConfiguration" in given:
            self._to_bus(resource, name)

    def _add(
        self,
        resource: Resource,
        bucket: str,
        listed: str,
        receiver: Mapping[str, str],
        events: Sequence[str],
        rules: Sequence[Mapping[str, str]],
    ) -> None:
        path = f"{resource.path}/Properties/NotificationConfiguration"
        ((_, arn),) = receiver.items()
        if listed == "LambdaFunctionConfigurations":
            function = function_of(arn, self._receivers.functions, path)
            mapping = self._mapping(resource, function, bucket, f"{arn} {events} {rules}")
            listed, receiver = "QueueConfigurations", {"QueueArn": mapping.queue.arn}
        elif listed == "QueueConfigurations":
            _check_order(self._receivers.queues.find(arn, path), path)
        else:
            plain_topic(arn, self._receivers.topics, path)
        names = [{"Name": _kind(rule, path), "Value": rule["Value"]} for rule in rules]
        filters = {"Filter": {"Key": {"FilterRules": names}}} if names else {}
        added = {**receiver, "Events": list(events), **filters}
        self._found.configurations[bucket][listed].append(added)

    def _to_bus(self, resource: Resource, bucket: str) -> None:
        mapping = self._mapping(resource, None, bucket, "the event bus")
        added = {"QueueArn": mapping.queue.arn, "Events": list(_BRIDGED)}
        self._found.configurations[bucket]["QueueConfigurations"].append(added)

    def _mapping(
        self, resource: Resource, function: Function | None, bucket: str, what: str
    ) -> QueueMapping:
        queue = own_queue(
            "bucket",
            f"{resource.path} {bucket} {what}",
            region=resource.stack.region,
            account=resource.stack.account,
            aws=self._templates.endpoints.aws,
        )
        mapping = QueueMapping(
            logical_id=resource.logical_id,
            queue=queue,
            function=function.name if function else "",
            batch_size=1,
            holds=Holds.OBJECT_EVENTS if function else Holds.EVENTS_FOR_THE_BUS,
        )
        self._found.mappings.append(mapping)
        return mapping


def _check_order(queue: Queue, path: str) -> None:
    if queue.is_fifo:
        raise LocalPlatformError(
            path,
            f"a bucket does not tell a FIFO queue, such as {queue.name}",
            "use a standard queue, or EventBridge",
        )


def _kind(rule: Mapping[str, str], path: str) -> str:
    kind = rule["Name"].lower()
    if kind not in ("prefix", "suffix"):
        raise LocalPlatformError(path, f"{rule['Name']!r} is not a filter", "use prefix or suffix")
    return kind
