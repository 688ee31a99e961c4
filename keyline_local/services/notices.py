"""Notices of alarms: each goes to its topics."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from keyline.moments import iso_of
from keyline_deploy.alarms import State
from keyline_local.resources import Deployment, Topic
from keyline_local.services.aws import Aws
from keyline_local.services.live_alarms import Notice
from keyline_local.services.metric_store import MetricStore

NAMESPACE = "AWS/SNS"


class Notices:
    """Publishes notices as CloudWatch does; SNS delivers them to all subscribers.

    Parameters
    ----------
    deployment
        The topics of the account are told. A topic that is not among them is left out.
    """

    def __init__(self, deployment: Deployment, aws: Aws, store: MetricStore) -> None:
        self._deployment = deployment
        self._aws = aws
        self._store = store

    async def tell(self, notices: Iterable[Notice]) -> None:
        """Publish notices."""
        for notice in notices:
            for topic in self._topics(notice):
                await self._publish(topic, notice)

    def _topics(self, notice: Notice) -> list[Topic]:
        named = {name.rpartition(":")[2] for name in notice.topics}
        return [t for t in self._deployment.topics if named & {t.name, t.logical_id}]

    async def _publish(self, topic: Topic, notice: Notice) -> None:
        subject = f'{notice.state}: "{notice.name}" in {self._deployment.region}'
        try:
            await self._aws.publish(topic.arn, subject, json.dumps(self._message(notice)))
        except Exception:  # noqa: BLE001 - a notice that is lost ends nothing; an alarm tells of it
            self._store.add(NAMESPACE, "NumberOfNotificationsFailed", 1, TopicName=topic.name)
            return
        self._store.add(NAMESPACE, "NumberOfMessagesPublished", 1, TopicName=topic.name)

    def _message(self, notice: Notice) -> dict[str, Any]:
        """Return the members of CloudWatch's message that readers of it use."""
        before = State.OK if notice.state is State.ALARM else State.ALARM
        return {
            "AlarmName": f"{notice.stack}/{notice.name}",
            "AlarmDescription": f"{notice.meaning} Runbook: {notice.runbook}",
            "AWSAccountId": self._deployment.account,
            "Region": self._deployment.region,
            "NewStateValue": notice.state,
            "OldStateValue": before,
            "NewStateReason": notice.meaning,
            "StateChangeTime": iso_of(notice.time),
        }
