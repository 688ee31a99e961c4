"""A table's stream as a function's input, bounded in retries and age, nothing lost silently."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from keyline.model import DeclarationError, StreamSource, System, stream_filter_of
from keyline.moments import DAY_SECONDS
from keyline_cdk.acknowledge import acknowledge
from keyline_cdk.alarm import add_alarm
from keyline_cdk.handler_function import HandlerFunction
from keyline_cdk.metrics import (
    iterator_age,
    oldest_message,
    sent_messages,
    undelivered_failures,
    waiting_messages,
)
from keyline_cdk.removal import removal_policy
from keyline_deploy.data_points import DataPoints, judged
from keyline_deploy.environment import Environment
from keyline_deploy.names import failure_queue_name
from keyline_deploy.rates import runs_of
from keyline_deploy.stream_filter import MAX_PATTERN_CHARACTERS

STREAM_ACTIONS = (
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
)
"""What Lambda does in the function's name to read a stream (Lambda developer guide,
"Process DynamoDB records with Lambda")."""

_STEADY = DataPoints(5, 5)
"""What is judged of a stream that has records steadily: a lag that does not go away."""

_KEPT_DAYS = 14  # the longest an SQS message can live
_FORGOTTEN_DAYS = 7


class StreamConsumer(Construct):
    """Feeds a function from a stream; what it cannot process goes to a queue, with an alarm.

    Parameters
    ----------
    function
        The function; it declares its source.
    stream_arn
        The stream of the source's table.
    topic
        Who is told when the consumer lags or a record was given up.

    Raises
    ------
    DeclarationError
        If the filter of the source is longer than Lambda takes.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        system: System,
        function: HandlerFunction,
        source: StreamSource,
        stream_arn: str,
        environment: Environment,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, id)
        name = failure_queue_name(system.name, function.declared.name, environment.name)
        self.failures = self._build_queue(name, environment)
        function.allow(STREAM_ACTIONS, stream_arn)
        function.allow(["sqs:SendMessage"], self.failures.queue_arn)
        self._build_mapping(function, source, stream_arn)
        points = judged(_STEADY, runs_of(system, function.declared))
        self._build_age_alarm(function.name, points, environment, topic)
        self._build_failure_alarms(function.name, name, topic)

    def _build_queue(self, name: str, environment: Environment) -> sqs.Queue:
        queue = sqs.Queue(
            self,
            "Failures",
            queue_name=name,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(_KEPT_DAYS),
            removal_policy=removal_policy(environment),
        )
        acknowledge(queue, {"AwsSolutions-SQS3": "It is itself the queue that failures end in."})
        return queue

    def _build_mapping(
        self, function: HandlerFunction, source: StreamSource, stream_arn: str
    ) -> lambda_.EventSourceMapping:
        return lambda_.EventSourceMapping(
            self,
            "Mapping",
            target=function.resource,
            event_source_arn=stream_arn,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON
            if source.from_start
            else lambda_.StartingPosition.LATEST,
            batch_size=source.batch,
            max_batching_window=cdk.Duration.seconds(source.window),
            retry_attempts=source.max_attempts,
            max_record_age=cdk.Duration.hours(source.max_age_hours),
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            on_failure=event_sources.SqsDlq(self.failures),
            filters=filters_of(source),
        )

    def _build_age_alarm(
        self, function_name: str, points: DataPoints, environment: Environment, topic: sns.ITopic
    ) -> None:
        seconds = environment.alarms.iterator_age_seconds
        add_alarm(
            self,
            "IteratorAge",
            metric=iterator_age(function_name),
            above=seconds * 1000,
            runbook="a-stream-consumer-lags",
            points=points,
            why=f"{function_name} has lagged more than {seconds} s behind its stream {points}."
            " A stream holds 24 hours: look at its errors and duration.",
            topic=topic,
        )

    def _build_failure_alarms(self, function_name: str, queue_name: str, topic: sns.ITopic) -> None:
        add_alarm(
            self,
            "GivenUp",
            metric=waiting_messages(queue_name),
            above=0,
            runbook="a-stream-consumer-gave-up",
            why=f"{function_name} gave up on records. {queue_name} says which, for"
            f" {_KEPT_DAYS} days; the stream has them for one.",
            topic=topic,
        )
        add_alarm(
            self,
            "GivingUp",
            metric=sent_messages(queue_name),
            above=0,
            runbook="a-stream-consumer-gave-up",
            why=f"{function_name} has just given up on records. GivenUp tells the first time only;"
            " this alarm tells each time.",
            topic=topic,
        )
        add_alarm(
            self,
            "Forgotten",
            metric=oldest_message(queue_name),
            above=_FORGOTTEN_DAYS * DAY_SECONDS,
            runbook="a-stream-consumer-gave-up",
            why=f"A message has waited in {queue_name} for more than {_FORGOTTEN_DAYS} days. It is"
            f" deleted after {_KEPT_DAYS}.",
            topic=topic,
        )
        add_alarm(
            self,
            "NotKept",
            metric=undelivered_failures(function_name),
            above=0,
            runbook="failed-records-are-not-kept",
            why=f"{function_name} gave up on records, and Lambda could not write that into"
            f" {queue_name}. Only the function's log knows of them.",
            topic=topic,
        )


def filters_of(source: StreamSource) -> list[Mapping[str, Any]] | None:
    """Return the filters of a source's mapping; None if the function receives all records.

    Raises
    ------
    DeclarationError
        If the filter is longer than Lambda takes.
    """
    pattern = stream_filter_of(source)
    if pattern is None:
        return None
    text = json.dumps(pattern, sort_keys=True)
    if len(text) > MAX_PATTERN_CHARACTERS:
        raise DeclarationError(
            f"{source.table.name}.stream.where",
            f"makes a filter of {len(text)} characters, and Lambda takes {MAX_PATTERN_CHARACTERS}.",
            "List fewer values.",
        )
    return [{"pattern": text}]
