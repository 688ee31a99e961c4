"""Names of a resource: the values of its `Ref` and `Fn::GetAtt`.

Physical names, where a template leaves them to CloudFormation, are derived from stack
and logical id, so that they are the same at every start. Return values as in the
CloudFormation template reference of each type.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from keyline_local.cloudformation.scalars import as_text
from keyline_local.cloudformation.skipped_types import SKIPPED
from keyline_local.events.bus_names import DEFAULT, bus_name

STREAM_LABEL = "1970-01-01T00:00:00.000"
"""Label in a table's stream ARN; the engine has a label of its own, not known before."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A resource as far as its name depends on it.

    Attributes
    ----------
    prop
        Returns a resolved property, or None.
    aws_endpoint
        URL of the AWS APIs, part of a queue's URL.
    api_endpoint
        URL of an HTTP API or a function URL, if the resource is one.
    """

    type: str
    stack: str
    logical_id: str
    region: str
    account: str
    prop: Callable[[str], Any]
    aws_endpoint: str
    api_endpoint: str = ""

    def name(self, key: str, limit: int = 128) -> str:
        """Return the name given in property `key`, or one derived from stack and logical id."""
        given = self.prop(key)
        if given is not None:
            return str(given)
        name = f"{self.stack}-{self.logical_id}"
        return name if len(name) <= limit else f"{name[: limit - 9]}-{self.digest(8)}"

    def digest(self, length: int) -> str:
        """Return a stable id of lower-case letters and the digits 2-7."""
        text = f"{self.account}/{self.region}/{self.stack}/{self.logical_id}"
        return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode().lower()[:length]

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of this region and account."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


@dataclass(frozen=True)
class Identity:
    """Value of `Ref`, and of `Fn::GetAtt` by attribute."""

    ref: str
    attributes: Mapping[str, str] = field(default_factory=dict)


def _table(s: Subject) -> Identity:
    name = s.name("TableName", 255)
    arn = s.arn("dynamodb", f"table/{name}")
    attributes = {"Arn": arn, "TableId": s.digest(36)}
    if s.prop("StreamSpecification"):
        attributes["StreamArn"] = f"{arn}/stream/{STREAM_LABEL}"
    return Identity(name, attributes)


def _function(s: Subject) -> Identity:
    name = s.name("FunctionName", 64)
    return Identity(name, {"Arn": s.arn("lambda", f"function:{name}")})


def _function_arn(s: Subject) -> str:
    return _target(str(s.prop("FunctionName")), s)


def _target(given: str, s: Subject) -> str:
    return given if given.startswith("arn:") else s.arn("lambda", f"function:{given}")


def _version(s: Subject) -> Identity:
    arn = f"{_function_arn(s)}:1"
    return Identity(arn, {"Version": "1", "FunctionArn": arn})


def _alias(s: Subject) -> Identity:
    arn = f"{_function_arn(s)}:{s.prop('Name')}"
    return Identity(arn, {"AliasArn": arn})


def _layer(s: Subject) -> Identity:
    arn = s.arn("lambda", f"layer:{s.name('LayerName', 64)}:1")
    return Identity(arn, {"LayerVersionArn": arn})


def _iam(key: str, kind: str) -> Callable[[Subject], Identity]:
    def identify(s: Subject) -> Identity:
        name = s.name(key, 64)
        arn = f"arn:aws:iam::{s.account}:{kind}/{name}"
        ref = arn if s.type == "AWS::IAM::ManagedPolicy" else name
        return Identity(ref, {"Arn": arn, "PolicyArn": arn, "RoleId": s.digest(21).upper()})

    return identify


def _api(s: Subject) -> Identity:
    api_id = s.digest(10)
    return Identity(api_id, {"ApiId": api_id, "ApiEndpoint": s.api_endpoint})


def _function_url(s: Subject) -> Identity:
    arn = _target(str(s.prop("TargetFunctionArn")), s)
    attributes = {"FunctionArn": arn, "FunctionUrl": f"{s.api_endpoint}/", "UrlId": s.digest(32)}
    return Identity(arn, attributes)


def _part(attribute: str) -> Callable[[Subject], Identity]:
    return lambda s: Identity(s.digest(7), {attribute: s.digest(7)})


def _queue(s: Subject) -> Identity:
    name = s.name("QueueName", 75)
    if s.prop("FifoQueue") and not name.endswith(".fifo"):
        name = f"{name}.fifo"
    url = f"{s.aws_endpoint}/{s.account}/{name}"
    return Identity(url, {"Arn": s.arn("sqs", name), "QueueName": name, "QueueUrl": url})


def _topic(s: Subject) -> Identity:
    name = s.name("TopicName", 250)
    arn = s.arn("sns", name)
    return Identity(arn, {"TopicArn": arn, "TopicName": name})


def _bucket(s: Subject) -> Identity:
    name = s.name("BucketName", 63).lower()
    domains = {
        "DomainName": f"{name}.s3.amazonaws.com",
        "RegionalDomainName": f"{name}.s3.{s.region}.amazonaws.com",
    }
    return Identity(name, {"Arn": f"arn:aws:s3:::{name}", **domains})


def _secret(s: Subject) -> Identity:
    arn = s.arn("secretsmanager", f"secret:{s.name('Name', 256)}-{s.digest(6)}")
    return Identity(arn, {"Id": arn})


def _parameter(s: Subject) -> Identity:
    name = s.name("Name", 1011)
    return Identity(name, {"Type": str(s.prop("Type")), "Value": as_text(s.prop("Value"))})


def _rule(s: Subject) -> Identity:
    name = s.name("Name", 64)
    bus = bus_name(str(s.prop("EventBusName") or DEFAULT))
    if bus == DEFAULT:
        return Identity(name, {"Arn": s.arn("events", f"rule/{name}")})
    return Identity(f"{bus}|{name}", {"Arn": s.arn("events", f"rule/{bus}/{name}")})


def _bus(s: Subject) -> Identity:
    name = s.name("Name", 256)
    return Identity(name, {"Name": name, "Arn": s.arn("events", f"event-bus/{name}")})


def _schedule(s: Subject) -> Identity:
    name = s.name("Name", 64)
    group = s.prop("GroupName") or "default"
    return Identity(name, {"Arn": s.arn("scheduler", f"schedule/{group}/{name}")})


def _schedule_group(s: Subject) -> Identity:
    name = s.name("Name", 64)
    return Identity(name, {"Arn": s.arn("scheduler", f"schedule-group/{name}")})


def _log_group(s: Subject) -> Identity:
    name = s.name("LogGroupName", 512)
    return Identity(name, {"Arn": s.arn("logs", f"log-group:{name}:*")})


def _alarm(s: Subject) -> Identity:
    name = s.name("AlarmName", 255)
    return Identity(name, {"Arn": s.arn("cloudwatch", f"alarm:{name}")})


class _AnyAttribute(dict[str, str]):
    """The attributes of what is left out: nothing that runs has a use for their values."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return f"{self['Ref']}.{name}"


def _left_out(s: Subject) -> Identity:
    name = f"{s.logical_id.lower()}-{s.digest(8)}"
    service = s.type.split("::")[1].lower()
    arn = s.arn(service, name) if s.type.startswith("AWS::") else name
    return Identity(name, _AnyAttribute(Ref=name, Arn=arn))


def _rest_api(s: Subject) -> Identity:
    api_id = s.digest(10)
    return Identity(api_id, {"RestApiId": api_id, "RootResourceId": f"{api_id}-root"})


def _path_part(s: Subject) -> Identity:
    return Identity(s.digest(7), {"ResourceId": s.digest(7)})


def _deployment(s: Subject) -> Identity:
    return Identity(s.digest(7), {"DeploymentId": s.digest(7)})


def _plain(key: str) -> Callable[[Subject], Identity]:
    return lambda s: Identity(s.name(key))


IDENTITIES: Mapping[str, Callable[[Subject], Identity]] = {
    **dict.fromkeys(SKIPPED, _left_out),
    "AWS::ApiGateway::Deployment": _deployment,
    "AWS::ApiGateway::Method": _plain("Name"),
    "AWS::ApiGateway::Resource": _path_part,
    "AWS::ApiGateway::RestApi": _rest_api,
    "AWS::ApiGateway::Stage": _plain("StageName"),
    "AWS::ApiGatewayV2::Api": _api,
    "AWS::ApiGatewayV2::Authorizer": _part("AuthorizerId"),
    "AWS::ApiGatewayV2::Integration": _part("IntegrationId"),
    "AWS::ApiGatewayV2::Route": _part("RouteId"),
    "AWS::ApiGatewayV2::Stage": _plain("StageName"),
    "AWS::Budgets::Budget": _plain("BudgetName"),
    "AWS::CDK::Metadata": _plain("Name"),
    "AWS::CE::AnomalyMonitor": _plain("MonitorName"),
    "AWS::CE::AnomalySubscription": _plain("SubscriptionName"),
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::CompositeAlarm": _alarm,
    "AWS::CloudWatch::Dashboard": _plain("DashboardName"),
    "AWS::DynamoDB::GlobalTable": _table,
    "AWS::DynamoDB::Table": _table,
    "AWS::Events::EventBus": _bus,
    "AWS::Events::Rule": _rule,
    "AWS::IAM::ManagedPolicy": _iam("ManagedPolicyName", "policy"),
    "AWS::IAM::Policy": _iam("PolicyName", "policy"),
    "AWS::IAM::Role": _iam("RoleName", "role"),
    "AWS::Lambda::Alias": _alias,
    "AWS::Lambda::EventInvokeConfig": _part("Id"),
    "AWS::Lambda::EventSourceMapping": _part("Id"),
    "AWS::Lambda::Function": _function,
    "AWS::Lambda::LayerVersion": _layer,
    "AWS::Lambda::Permission": _part("Id"),
    "AWS::Lambda::Url": _function_url,
    "AWS::Lambda::Version": _version,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::S3::Bucket": _bucket,
    "AWS::S3::BucketPolicy": _plain("Bucket"),
    "AWS::SNS::Subscription": _part("Arn"),
    "Custom::S3BucketNotifications": _part("Id"),
    "AWS::SNS::Topic": _topic,
    "AWS::SNS::TopicPolicy": _part("Id"),
    "AWS::SQS::Queue": _queue,
    "AWS::SQS::QueuePolicy": _part("Id"),
    "AWS::SSM::Parameter": _parameter,
    "AWS::Scheduler::Schedule": _schedule,
    "AWS::Scheduler::ScheduleGroup": _schedule_group,
    "AWS::SecretsManager::Secret": _secret,
}
"""Every resource type the platform knows, with the way its names are made."""
