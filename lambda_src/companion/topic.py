"""The name of the environment variable that holds the topic of alerts."""

from __future__ import annotations

TOPIC_VARIABLE = "BUDDY_ALERT_TOPIC"
