"""The targets of rules and schedules in the templates: functions, queues, topics, buses, logs."""

from __future__ import annotations

from collections.abc import Mapping
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
_KNOWN = {
    *_MEANINGLESS,
    *("Arn", "Input", "InputPath", "InputTransformer", "SqsParameters", "EventBridgeParameters"),
}


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
    given = _input(target, path)
    group = target.get("SqsParameters", {}).get("MessageGroupId")
    entry = target.get("EventBridgeParameters", {})
    if unknown := sorted(set(target) - _KNOWN):
        raise LocalPlatformError(
            path,
            f"the local platform does not support {', '.join(unknown)} of a target",
            "have a function do this work, or run the app on an emulator of AWS",
        )
    kind, address = _address(target["Arn"], receivers, path)
    return Target(kind=kind, address=address, input=given, group=group, entry=entry)


def _address(arn: str, receivers: Receivers, path: str) -> tuple[TargetKind, str]:
    service = arn.split(":")[2] if arn.startswith("arn:") else ""
    if service == "lambda" and ":function:" in arn:
        return TargetKind.FUNCTION, function_of(arn, receivers.functions, path).name
    if service == "sqs":
        return TargetKind.QUEUE, receivers.queues.find(arn, path).url
    if service == "sns":
        return TargetKind.TOPIC, receivers.topics.find(arn, path).arn
    if service == "events" and ":event-bus/" in arn:
        return TargetKind.BUS, receivers.buses.find(arn, path)
    if service == "logs" and ":log-group:" in arn:
        return TargetKind.LOG, arn.split(":")[6]
    raise LocalPlatformError(
        path,
        f"events go to functions, queues, topics, buses and log groups here, not to {arn}",
        "have the target be a function, which does the rest",
    )


def _input(target: Mapping[str, Any], path: str) -> Input:
    transformer = target.get("InputTransformer", {})
    given = Input(
        constant=target.get("Input"),
        path=target.get("InputPath"),
        paths=transformer.get("InputPathsMap", {}),
        template=transformer.get("InputTemplate"),
    )
    for fault in event_input.faults(given):
        raise LocalPlatformError(path, fault, "name a part of the event by a JSONPath")
    return given
