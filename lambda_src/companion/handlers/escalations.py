"""Tell caregivers of the escalations of the stream, each once."""

from __future__ import annotations

from collections.abc import Sequence

from aws_lambda_powertools import Logger

from companion.alerts import Alerts
from companion.context import CONTEXT
from companion.publishers import publisher_of
from companion.system import SYSTEM
from companion.tables import Log
from companion.words import NONE
from keyline.run import Store
from keyline.stream import Change, stream_handler

_logger = Logger(service=SYSTEM.name)
_alerts = Alerts(Store.for_function(SYSTEM), publisher_of(CONTEXT.settings, _logger))


def process(changes: Sequence[Change[Log]]) -> None:
    """Tell of the new turns among these changes that are escalations."""
    for change in changes:
        if change.kind == "INSERT" and change.new and change.new.escalationLevel > NONE:
            _alerts.tell_waiting(change.new)


handler = stream_handler(SYSTEM, Log, process, logger=_logger)
