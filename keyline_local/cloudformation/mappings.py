"""Event source mappings of the templates."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Mapping
from typing import Any

from keyline_local.cloudformation.http_apis import function_of
from keyline_local.cloudformation.named import Named
from keyline_local.cloudformation.properties import check_properties
from keyline_local.cloudformation.scalars import as_flag, bound
from keyline_local.cloudformation.templates import Resource, Templates
from keyline_local.host.errors import LocalPlatformError
from keyline_local.resources import Function, Queue, QueueMapping, StreamMapping

MAPPING = "AWS::Lambda::EventSourceMapping"

_VISIBILITY = 30  # seconds, AWS::SQS::Queue
_STREAM_BATCH, _QUEUE_BATCH = 100, 10  # AWS::Lambda::EventSourceMapping, BatchSize
_NAMESPACE = uuid.UUID("5c9a4e0e-7a53-4d5f-9d0a-3b7a8f9d2c11")


def stream_mappings(
    templates: Templates, functions: Named[Function], queues: Named[Queue]
) -> list[StreamMapping]:
    """Return the mappings of the streams of tables."""
    return templates.read(
        lambda r: _of_stream(templates, r, functions, queues),
        MAPPING,
        other_than=lambda r: _is_of_queue(templates, r),
    )


def queue_mappings(
    templates: Templates, functions: Named[Function], queues: Named[Queue]
) -> list[QueueMapping]:
    """Return the mappings of queues."""
    return templates.read(
        lambda r: _of_queue(templates, r, functions, queues),
        MAPPING,
        other_than=lambda r: not _is_of_queue(templates, r),
    )


def _is_of_queue(templates: Templates, resource: Resource) -> bool:
    with contextlib.suppress(LocalPlatformError):  # which is told when the mapping is read
        return ":sqs:" in str(templates.properties(resource).get("EventSourceArn"))
    return False


def _of_stream(
    templates: Templates, resource: Resource, functions: Named[Function], queues: Named[Queue]
) -> StreamMapping:
    p = templates.properties(resource)
    check_properties(resource.type, p, resource.path)
    failure = p.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    path = f"{resource.path}/Properties"
    return StreamMapping(
        logical_id=resource.logical_id,
        uuid=_id(resource),
        table=_stream_table(p["EventSourceArn"], f"{path}/EventSourceArn"),
        function=function_of(p["FunctionName"], functions, f"{path}/FunctionName").name,
        starting_position=p["StartingPosition"],
        batch_size=int(p.get("BatchSize", _STREAM_BATCH)),
        window=float(p.get("MaximumBatchingWindowInSeconds", 0)),
        filters=_filters(p, path),
        max_attempts=bound(p.get("MaximumRetryAttempts")),
        max_age=bound(p.get("MaximumRecordAgeInSeconds")),
        bisect=as_flag(
            p.get("BisectBatchOnFunctionError", False), f"{path}/BisectBatchOnFunctionError"
        ),
        partial_batch=_is_partial(p),
        on_failure=queues.find(failure, f"{path}/DestinationConfig").url if failure else None,
        parallelization=int(p.get("ParallelizationFactor", 1)),
        enabled=as_flag(p.get("Enabled", True), f"{path}/Enabled"),
    )


def _of_queue(
    templates: Templates, resource: Resource, functions: Named[Function], queues: Named[Queue]
) -> QueueMapping:
    p = templates.properties(resource)
    check_properties(resource.type, p, resource.path)
    path = f"{resource.path}/Properties"
    if _filters(p, path):
        raise LocalPlatformError(
            f"{path}/FilterCriteria",
            "filters of a queue's messages are not supported",
            "have the function leave out the messages that it does not want",
        )
    queue = queues.find(p["EventSourceArn"], f"{path}/EventSourceArn")
    function = function_of(p["FunctionName"], functions, f"{path}/FunctionName")
    visibility = float(queue.attributes.get("VisibilityTimeout", _VISIBILITY))
    if visibility < function.timeout:
        raise LocalPlatformError(
            f"{path}/EventSourceArn",
            f"the visibility timeout of the queue, {visibility:g} s, is less than the timeout of"
            f" the function, {function.timeout:g} s, and AWS refuses the mapping",
            "make the visibility timeout six times that of the function",
        )
    return QueueMapping(
        logical_id=resource.logical_id,
        queue=queue,
        function=function.name,
        batch_size=int(p.get("BatchSize", _QUEUE_BATCH)),
        window=float(p.get("MaximumBatchingWindowInSeconds", 0)),
        partial_batch=_is_partial(p),
        enabled=as_flag(p.get("Enabled", True), f"{path}/Enabled"),
    )


def _id(resource: Resource) -> str:
    return str(uuid.uuid5(_NAMESPACE, resource.path))


def _is_partial(properties: Mapping[str, Any]) -> bool:
    return "ReportBatchItemFailures" in properties.get("FunctionResponseTypes", [])


def _stream_table(arn: str, path: str) -> str:
    if ":dynamodb:" not in arn or "/stream/" not in arn:
        raise LocalPlatformError(
            path,
            f"event source {arn} is neither a DynamoDB stream nor a queue",
            "only the app's queues and the streams of its tables are supported as event sources",
        )
    return arn.split("/")[1]


def _filters(properties: Mapping[str, Any], path: str) -> list[Mapping[str, Any]]:
    filters = properties.get("FilterCriteria", {}).get("Filters", [])
    return [_pattern(each["Pattern"], f"{path}/FilterCriteria") for each in filters]


def _pattern(text: str, path: str) -> Mapping[str, Any]:
    try:
        pattern: Mapping[str, Any] = json.loads(text)
    except json.JSONDecodeError as error:
        raise LocalPlatformError(
            path, f"the pattern {text!r} is not JSON: {error}", "use lambda.FilterCriteria.filter"
        ) from error
    return pattern
