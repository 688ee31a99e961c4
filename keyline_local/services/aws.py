"""The other AWS APIs: moto's server as a child process, filled from the deployment.

Moto keeps everything in memory: queues, topics and buckets start empty.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx

from keyline_local.host.clients import client
from keyline_local.host.part import Part
from keyline_local.host.process import LOOPBACK, Child
from keyline_local.resources import Bucket, Deployment, Queue, Topic
from keyline_local.services import moto_server

_SECRET_SUFFIX_TAG = "_custom_id_"  # noqa: S105 - moto takes the end of a secret's ARN from it
_SERVER = Path(moto_server.__file__)


class Aws(Part):
    """Moto's server, holding what the deployment declares.

    Parameters
    ----------
    log
        File for the server's output.
    account
        The account that its ARNs and URLs show.
    buckets_notify
        Whether a bucket tells of its objects.
    """

    def __init__(
        self, log: Path, *, port: int, account: str, region: str, buckets_notify: bool = False
    ) -> None:
        self.endpoint = f"http://{LOOPBACK}:{port}"
        self._region = region
        self._deployment: Deployment | None = None
        self._clients: dict[str, Any] = {}
        self.child = Child(
            name="the server of the other AWS APIs",
            command=[sys.executable, "-P", str(_SERVER), "-H", LOOPBACK, "-p", str(port)],
            port=port,
            probe=self._answers,
            log=log,
            environment={
                **os.environ,
                "MOTO_ACCOUNT_ID": account,
                **({moto_server.NOTIFYING: "1"} if buckets_notify else {}),
            },
            on_restart=self._fill,
        )

    async def start(self) -> None:
        """Start the server; it answers when this returns."""
        await self.child.start()

    async def stop(self) -> None:
        """Stop the server."""
        await self.child.stop()

    async def fill(self, deployment: Deployment) -> None:
        """Create the deployment's queues, topics, buckets, secrets and parameters.

        What exists already is brought up to date; a server that died is filled again.
        """
        self._deployment = deployment
        await self._fill()

    def sqs(self) -> Any:
        """Return a client of its queues."""
        return self._client("sqs")

    async def send(self, queue_url: str, body: str, group: str | None = None) -> None:
        """Send a message to a queue, in a message group if the queue is a FIFO queue."""
        sqs = await asyncio.to_thread(self._client, "sqs")
        more = {} if group is None else {"MessageGroupId": group}
        await asyncio.to_thread(sqs.send_message, QueueUrl=queue_url, MessageBody=body, **more)

    async def waiting(self, queue_url: str) -> tuple[int, float | None]:
        """Return how many messages wait in a queue, and when the oldest visible one was sent.

        Moto keeps the messages in order. SQS has no request for the age: it is looked at as a
        receiver would, and hidden from nobody.
        """
        return await asyncio.to_thread(self._waiting, queue_url)

    async def publish(self, topic_arn: str, subject: str | None, message: str) -> None:
        """Publish a message to a topic, whose subscribers are told."""
        sns = await asyncio.to_thread(self._client, "sns")
        more = {} if subject is None else {"Subject": subject}
        await asyncio.to_thread(sns.publish, TopicArn=topic_arn, Message=message, **more)

    def _waiting(self, queue_url: str) -> tuple[int, float | None]:
        sqs = self._client("sqs")
        asked = sqs.get_queue_attributes(
            QueueUrl=queue_url,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )["Attributes"]
        waiting = sum(int(value) for value in asked.values())
        if not waiting:
            return 0, None
        found = sqs.receive_message(
            QueueUrl=queue_url,
            MaxNumberOfMessages=1,
            VisibilityTimeout=0,
            AttributeNames=["SentTimestamp"],
        ).get("Messages", [])
        sent = [int(each["Attributes"]["SentTimestamp"]) / 1000 for each in found]
        return waiting, min(sent, default=None)

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = client(service, self.endpoint, self._region)
        return self._clients[service]

    async def _fill(self) -> None:
        if self._deployment:
            await asyncio.to_thread(create_resources, self._deployment, self.endpoint)

    async def _answers(self) -> bool:
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=2) as http:
                return (await http.get(f"{self.endpoint}/moto-api/data.json")).is_success
        except httpx.TransportError:
            return False


def create_resources(deployment: Deployment, endpoint: str) -> None:
    """Create, or bring up to date, a deployment's resources behind an AWS endpoint."""

    def of(service: str) -> Any:
        return client(service, endpoint, deployment.region)

    steps: list[tuple[bool, Callable[[], None]]] = [
        (bool(deployment.queues), lambda: _create_queues(of("sqs"), deployment.queues)),
        (bool(deployment.topics), lambda: _create_topics(of("sns"), deployment.topics)),
        (bool(deployment.buckets), lambda: _create_buckets(of("s3"), deployment.buckets)),
        (bool(deployment.secrets), lambda: _create_secrets(of("secretsmanager"), deployment)),
        (bool(deployment.parameters), lambda: _create_parameters(of("ssm"), deployment)),
    ]
    for needed, create in steps:  # a client costs tens of milliseconds
        if needed:
            create()


def _create_queues(sqs: Any, queues: Sequence[Queue]) -> None:
    for queue in queues:
        fixed = {k: v for k, v in queue.attributes.items() if k == "FifoQueue"}
        sqs.create_queue(QueueName=queue.name, Attributes=fixed)
    for queue in queues:  # a redrive policy names another queue, so all exist by now
        settable = {k: v for k, v in queue.attributes.items() if k != "FifoQueue"}
        if settable:
            sqs.set_queue_attributes(QueueUrl=queue.url, Attributes=settable)


def _create_topics(sns: Any, topics: Sequence[Topic]) -> None:
    for topic in topics:
        sns.create_topic(Name=topic.name, Attributes=dict(topic.attributes))
        for subscription in topic.subscriptions:
            sns.subscribe(
                TopicArn=topic.arn,
                Protocol=subscription.protocol,
                Endpoint=subscription.endpoint,
                Attributes=dict(subscription.attributes),
            )


def _create_buckets(s3: Any, buckets: Sequence[Bucket]) -> None:
    existing = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    for bucket in buckets:
        if bucket.name not in existing:
            s3.create_bucket(Bucket=bucket.name)
        if bucket.versioned:
            s3.put_bucket_versioning(
                Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"}
            )
        if bucket.notifications:
            s3.put_bucket_notification_configuration(
                Bucket=bucket.name, NotificationConfiguration=dict(bucket.notifications)
            )


def _create_secrets(secretsmanager: Any, deployment: Deployment) -> None:
    for secret in deployment.secrets:
        suffix = secret.arn.rpartition("-")[2]
        try:
            secretsmanager.create_secret(
                Name=secret.name,
                SecretString=secret.value,
                Tags=[{"Key": _SECRET_SUFFIX_TAG, "Value": suffix}],
            )
        except secretsmanager.exceptions.ResourceExistsException:
            secretsmanager.put_secret_value(SecretId=secret.name, SecretString=secret.value)


def _create_parameters(ssm: Any, deployment: Deployment) -> None:
    for parameter in deployment.parameters:
        ssm.put_parameter(
            Name=parameter.name, Type=parameter.type, Value=parameter.value, Overwrite=True
        )
