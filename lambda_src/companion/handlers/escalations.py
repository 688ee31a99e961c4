"""Tell caregivers of the escalations of the stream, each once."""

from __future__ import annotations

import os
from collections.abc import Sequence

from companion.alerts import Alerts, TopicPublisher, sns_client
from companion.system import SYSTEM
from companion.tables import Log
from companion.topic import TOPIC_VARIABLE
from companion.words import NONE
from keyline.run import Store
from keyline.stream import Change, stream_handler

_alerts = Alerts(
    Store.for_function(SYSTEM), TopicPublisher(sns_client(), os.environ.get(TOPIC_VARIABLE, ""))
)


def process(changes: Sequence[Change[Log]]) -> None:
    """Tell of the new turns among these changes that are escalations."""
    for change in changes:
        if change.kind == "INSERT" and change.new and change.new.escalationLevel > NONE:
            _alerts.tell_waiting(change.new)


handler = stream_handler(SYSTEM, Log, process)
