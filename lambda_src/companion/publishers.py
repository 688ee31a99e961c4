"""The publishers of alerts: to an SNS topic, or without a topic, to the function's log."""

from __future__ import annotations

import os
from typing import Any

import msgspec
from aws_lambda_powertools import Logger

from companion.alerts import Publisher
from companion.settings import Settings
from companion.topic import TOPIC_VARIABLE

_CONNECT_SECONDS, _READ_SECONDS, _ATTEMPTS = 0.5, 1.0, 2
SNS_SECONDS = _ATTEMPTS * (_CONNECT_SECONDS + _READ_SECONDS)
"""How long a call of SNS takes at most, without the short pause between two attempts."""


class TopicPublisher(msgspec.Struct, frozen=True):
    """Publishes to an SNS topic. Subscriptions choose a caregiver by the message's attribute."""

    client: Any
    topic_arn: str

    def publish(self, patient_id: str, caregiver_id: str, level: int, moment: str) -> None:
        """Publish, with the ids and the level alone."""
        self.client.publish(
            TopicArn=self.topic_arn,
            Subject=f"Buddy: level {level}",
            Message=f"Level {level} for patient {patient_id} at {moment}.",
            MessageAttributes={
                "caregiverId": {"DataType": "String", "StringValue": caregiver_id},
                "level": {"DataType": "Number", "StringValue": str(level)},
            },
        )


class LogPublisher(msgspec.Struct, frozen=True):
    """Writes one line for each alert, for a machine without SNS."""

    logger: Logger

    def publish(self, patient_id: str, caregiver_id: str, level: int, moment: str) -> None:
        """Write who is told, and of which level."""
        self.logger.info("alert", extra={"caregiver": caregiver_id, "escalation": level})


def publisher_of(settings: Settings, logger: Logger) -> Publisher:
    """Return the publisher that the settings name."""
    if settings.alerts == "log":
        return LogPublisher(logger)
    # Imported here: it takes half of a start, and a function without a topic does not need it.
    from botocore.config import Config
    from botocore.session import Session

    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"total_max_attempts": _ATTEMPTS},
    )
    client = Session().create_client("sns", config=config)
    return TopicPublisher(client, os.environ.get(TOPIC_VARIABLE, ""))
