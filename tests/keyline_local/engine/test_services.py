"""The other AWS APIs and the cache, as processes."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis
from botocore.exceptions import ClientError

from keyline_deploy.project import ROOT
from keyline_local.host.clients import client
from keyline_local.host.errors import LocalPlatformError
from keyline_local.host.ports import Ports, endpoints
from keyline_local.host.process import free_port
from keyline_local.resources import Deployment
from keyline_local.services.aws import Aws
from keyline_local.services.cache import Cache, find_server
from tests.keyline_local.local_assembly import deployment

RESOURCES: dict[str, Any] = {
    "Failed": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "failed"}},
    "Work": {
        "Type": "AWS::SQS::Queue",
        "Properties": {
            "QueueName": "work",
            "VisibilityTimeout": 45,
            "RedrivePolicy": {
                "deadLetterTargetArn": {"Fn::GetAtt": ["Failed", "Arn"]},
                "maxReceiveCount": 2,
            },
        },
    },
    "Alerts": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "alerts"}},
    "ToWork": {
        "Type": "AWS::SNS::Subscription",
        "Properties": {
            "TopicArn": {"Ref": "Alerts"},
            "Protocol": "sqs",
            "Endpoint": {"Fn::GetAtt": ["Work", "Arn"]},
            "RawMessageDelivery": True,
        },
    },
    "Files": {
        "Type": "AWS::S3::Bucket",
        "Properties": {
            "BucketName": "files-local",
            "VersioningConfiguration": {"Status": "Enabled"},
        },
    },
    "Key": {
        "Type": "AWS::SecretsManager::Secret",
        "Properties": {"GenerateSecretString": {"PasswordLength": 24}},
    },
    "Name": {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Name": "/app/name", "Type": "String", "Value": "orders"},
    },
}


def read(path: Path, port: int) -> Deployment:
    ports = Ports(aws=port).chosen()
    return deployment(path / "out", {"Data": {"Resources": RESOURCES}}, endpoints=endpoints(ports))


def look(declared: Deployment, endpoint: str) -> dict[str, Any]:
    """Use each resource through the API that handlers use."""

    def api(service: str) -> Any:
        return client(service, endpoint, "us-east-1")

    sqs, urls = api("sqs"), {queue.name: queue.url for queue in declared.queues}
    (topic,), (secret,) = declared.topics, declared.secrets
    api("sns").publish(TopicArn=topic.arn, Message="hello")
    work = sqs.get_queue_attributes(QueueUrl=urls["work"], AttributeNames=["All"])["Attributes"]
    received = sqs.receive_message(QueueUrl=urls["work"])["Messages"]
    found = api("secretsmanager").get_secret_value(SecretId=secret.arn)
    return {
        "queue": (work["VisibilityTimeout"], "failed" in work["RedrivePolicy"], work["QueueArn"]),
        "messages": [message["Body"] for message in received],
        "versions": api("s3").get_bucket_versioning(Bucket="files-local")["Status"],
        "secret": (found["ARN"] == secret.arn, found["SecretString"] == secret.value),
        "parameter": api("ssm").get_parameter(Name="/app/name")["Parameter"]["Value"],
    }


EXPECTED = {
    "queue": ("45", True, "arn:aws:sqs:us-east-1:000000000000:work"),
    "messages": ["hello"],
    "versions": "Enabled",
    "secret": (True, True),
    "parameter": "orders",
}


def test_resources_exist_as_declared_however_often_they_are_made(tmp_path: Path) -> None:
    async def run() -> dict[str, Any]:
        port = free_port()
        declared = read(tmp_path, port)
        aws = Aws(tmp_path / "aws.log", port=port, account="000000000000", region="us-east-1")
        try:
            await aws.start()
            await aws.fill(declared)
            await aws.fill(declared)
            return await asyncio.to_thread(look, declared, aws.endpoint)
        finally:
            await aws.stop()

    assert asyncio.run(run()) == EXPECTED


def test_parameters_do_without_the_tables_of_ec2_until_a_command_asks_for_instances() -> None:
    code = (
        "import sys; from keyline_local.services.moto_server import import_parameters;"
        "import_parameters(); from moto.ssm.models import ec2_backends;"
        "print('moto.ec2.models' in sys.modules);"
        "print(ec2_backends['000000000000']['eu-west-1'].all_reservations(filters={}));"
        "print('moto.ec2.models' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "[]", "True"]


def test_a_rule_or_a_schedule_that_nothing_would_fire_is_refused(tmp_path: Path) -> None:
    async def run() -> None:
        aws = Aws(
            tmp_path / "aws.log", port=free_port(), account="000000000000", region="us-east-1"
        )
        try:
            await aws.start()
            await asyncio.to_thread(make, aws.endpoint)
        finally:
            await aws.stop()

    def make(endpoint: str) -> None:
        events = client("events", endpoint, "us-east-1")
        scheduler = client("scheduler", endpoint, "us-east-1")
        said: dict[str, Any] = {
            "Name": "soon",
            "ScheduleExpression": "rate(1 minute)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": "arn:aws:sqs:us-east-1:000000000000:work", "RoleArn": "arn"},
        }
        calls: list[tuple[Callable[[], Any], str]] = [
            (lambda: events.put_rule(Name="soon", ScheduleExpression="rate(1 minute)"), "rule"),
            (lambda: scheduler.create_schedule(**said), "schedule"),
            (lambda: scheduler.update_schedule(**said), "schedule"),
        ]
        for refused, what in calls:
            with pytest.raises(ClientError, match=f"Declare the {what} in the template") as caught:
                refused()
            assert caught.value.response["Error"]["Code"] == "UnknownOperationException"
        # What makes nothing that would have to be fired is answered as before
        assert scheduler.list_schedules()["Schedules"] == []
        assert events.list_rules()["Rules"] == []
        assert scheduler.create_schedule_group(Name="mine")["ScheduleGroupArn"]

    asyncio.run(run())


def test_a_bucket_with_versions_tells_of_an_object_that_is_deleted(tmp_path: Path) -> None:
    told = {"QueueArn": "arn:aws:sqs:us-east-1:000000000000:work", "Events": ["s3:ObjectRemoved:*"]}

    async def run() -> list[str]:
        port = free_port()
        declared = read(tmp_path, port)
        bucket = replace(
            declared.buckets[0], versioned=True, notifications={"QueueConfigurations": [told]}
        )
        aws = Aws(
            tmp_path / "aws.log",
            port=port,
            account="000000000000",
            region="us-east-1",
            buckets_notify=True,
        )
        try:
            await aws.start()
            await aws.fill(replace(declared, buckets=[bucket]))
            return await asyncio.to_thread(delete, aws, bucket.name)
        finally:
            await aws.stop()

    def delete(aws: Aws, bucket: str) -> list[str]:
        s3, sqs = client("s3", aws.endpoint, "us-east-1"), aws.sqs()
        s3.put_object(Bucket=bucket, Key="in/a", Body=b"x")
        s3.delete_object(Bucket=bucket, Key="in/a")
        url = sqs.get_queue_url(QueueName="work")["QueueUrl"]
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
        bodies = [json.loads(message["Body"]) for message in messages]
        return [
            f"{record['eventName']} {record['s3']['object']['key']}"
            for body in bodies
            for record in body.get("Records", [])
        ]

    assert asyncio.run(run()) == ["ObjectRemoved:DeleteMarkerCreated in/a"]


def test_a_server_that_died_is_filled_again(tmp_path: Path) -> None:
    async def run() -> dict[str, Any]:
        port = free_port()
        declared = read(tmp_path, port)
        aws = Aws(tmp_path / "aws.log", port=port, account="000000000000", region="us-east-1")
        refilled = asyncio.Event()
        refill = aws.child.on_restart
        assert refill is not None

        async def fill_and_tell() -> None:
            await refill()
            refilled.set()

        aws.child.on_restart = fill_and_tell
        try:
            await aws.start()
            await aws.fill(declared)
            assert aws.child.pid is not None
            os.kill(aws.child.pid, signal.SIGKILL)
            await asyncio.wait_for(refilled.wait(), 30)
            return await asyncio.to_thread(look, declared, aws.endpoint)
        finally:
            await aws.stop()

    assert asyncio.run(run()) == EXPECTED


def test_the_cache_is_a_real_redis_and_ends(tmp_path: Path) -> None:
    async def run() -> None:
        cache = Cache(tmp_path, port=free_port())
        try:
            await cache.start()
            connection = redis.Redis.from_url(cache.url)
            connection.set("key", "value", ex=60)
            assert connection.get("key") == b"value"
            assert connection.config_get("bind") == {"bind": "127.0.0.1"}
        finally:
            await cache.stop()
        with pytest.raises(redis.ConnectionError):
            connection.get("key")

    asyncio.run(run())


def test_the_server_that_set_up_fetched_comes_before_the_systems(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/redis-server")
    assert find_server(tmp_path) == Path("/usr/bin/redis-server")
    fetched = tmp_path / "redis" / "redis-server"
    fetched.parent.mkdir()
    fetched.touch()
    assert find_server(tmp_path) == fetched


def test_without_redis_the_reader_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(LocalPlatformError, match="apt install redis-server"):
        find_server(tmp_path)
