"""The targets of rules and schedules in the templates: functions, queues, topics, buses, logs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keyline_local.cloudformation.http_apis import function_of
from keyline_local.cloudformation.named import Named
from keyline_local.events import event_input
from keyline_local.host.errors import LocalPlatformError
from keyline_local.resources import Function, Input, Queue, Target, TargetKind, Topic

# A dead-letter queue and a retry policy act when a call is refused, which the platform's own call
# is not. A role is one of the service, which is not judged.
_MEANINGLESS = ("Id", "RoleArn", "RetryPolicy", "DeadLetterConfig")
_INPUTS = ("Input", "InputPath", "InputTransformer")
_KNOWN = {*_MEANINGLESS, *_INPUTS, "Arn", "SqsParameters", "EventBridgeParameters"}
_PARTS = {
    "InputTransformer": {"InputPathsMap", "InputTemplate"},
    "SqsParameters": {"MessageGroupId"},
    "EventBridgeParameters": {"Source", "DetailType"},
}
"""The settings that are objects, with what may be in them."""


@dataclass(frozen=True)
class Receivers:
    """The resources that events may be sent to, the last three by their ARNs."""

    functions: Named[Function]
    queues: Named[Queue]
    topics: Named[Topic]
    buses: Named[str]


def target_of(target: Mapping[str, Any], receivers: Receivers, path: str) -> Target:
    """Return a target of a rule or a schedule.

    Raises
    ------
    LocalPlatformError
        The platform cannot reach the target, or a setting of the target is not supported.
    """
    _check_settings(target, path)
    given = _input(target, path)
    group = target.get("SqsParameters", {}).get("MessageGroupId")
    entry = target.get("EventBridgeParameters", {})
    kind, address = _address(target["Arn"], receivers, path)
    if kind is TargetKind.QUEUE:
        _check_order(receivers.queues.find(target["Arn"], path), group, path)
    return Target(kind=kind, address=address, input=given, group=group, entry=entry)


@contextlib.contextmanager
def check_schedule(expression: str, path: str, suggestion: str) -> Iterator[None]:
    """Tell of a schedule expression that is refused within the block.

    Parameters
    ----------
    path
        The path of the rule or the schedule.
    suggestion
        The forms that an expression may have.
    """
    try:
        yield
    except ValueError as error:
        raise LocalPlatformError(
            f"{path}/Properties/ScheduleExpression", f"{expression}: {error}", suggestion
        ) from error


def _check_settings(target: Mapping[str, Any], path: str) -> None:
    unknown = [f"{name} of a target" for name in sorted(set(target) - _KNOWN)]
    for name, known in _PARTS.items():
        unknown += [f"{each} of {name}" for each in sorted(set(target.get(name, {})) - known)]
    if unknown:
        raise LocalPlatformError(
            path,
            f"the local platform does not support {', '.join(unknown)}",
            "have a function do this work, or run the app on an emulator of AWS",
        )
    if len(several := [name for name in _INPUTS if name in target]) > 1:
        raise LocalPlatformError(
            path, f"a target has one of {', '.join(several)}", "leave out what is not needed"
        )


def _check_order(queue: Queue, group: str | None, path: str) -> None:
    if not queue.is_fifo:
        return
    if group is None:
        raise LocalPlatformError(
            path, "a FIFO queue needs a MessageGroupId", "give the target SqsParameters"
        )
    if queue.attributes.get("ContentBasedDeduplication") != "true":
        raise LocalPlatformError(
            path,
            f"events go to a FIFO queue that has ContentBasedDeduplication, which {queue.name} "
            "has not",
            "set ContentBasedDeduplication of the queue to true",
        )


def _address(arn: str, receivers: Receivers, path: str) -> tuple[TargetKind, str]:
    service = arn.split(":")[2] if arn.startswith("arn:") else ""
    if service == "lambda" and ":function:" in arn:
        return TargetKind.FUNCTION, function_of(arn, receivers.functions, path).name
    if service == "sqs":
        return TargetKind.QUEUE, receivers.queues.find(arn, path).url
    if service == "sns":
        return TargetKind.TOPIC, plain_topic(arn, receivers.topics, path).arn
    if service == "events" and ":event-bus/" in arn:
        return TargetKind.BUS, receivers.buses.find(arn, path)
    if service == "logs" and ":log-group:" in arn:
        return TargetKind.LOG, arn.split(":")[6]
    raise LocalPlatformError(
        path,
        f"events go to functions, queues, topics, buses and log groups here, not to {arn}",
        "have the target be a function, which does the rest",
    )


def plain_topic(arn: str, topics: Named[Topic], path: str) -> Topic:
    """Return the topic of an ARN.

    Raises
    ------
    LocalPlatformError
        No stack has the topic, or it is a FIFO topic, to which AWS sends no events.
    """
    topic = topics.find(arn, path)
    if topic.name.endswith(".fifo"):
        raise LocalPlatformError(
            path, f"AWS sends no events to a FIFO topic, such as {topic.name}", "use another topic"
        )
    return topic


def _input(target: Mapping[str, Any], path: str) -> Input:
    transformer = target.get("InputTransformer", {})
    if "InputTransformer" in target and "InputTemplate" not in transformer:
        raise LocalPlatformError(path, "InputTransformer has no InputTemplate", "write one")
    given = Input(
        constant=target.get("Input"),
        path=target.get("InputPath"),
        paths=transformer.get("InputPathsMap", {}),
        template=transformer.get("InputTemplate"),
    )
    for fault in event_input.faults(given):
        raise LocalPlatformError(path, fault, "name a part of the event by a JSONPath")
    return given
