"""Say for each day of a patient what its turns were, as the stream tells of them."""

from __future__ import annotations

from collections.abc import Sequence

from companion.activity import Activity
from companion.system import SYSTEM
from companion.tables import Log
from keyline.run import Store
from keyline.stream import Change, stream_handler

_activity = Activity(Store.for_function(SYSTEM))


def process(changes: Sequence[Change[Log]]) -> None:
    """Bring the days of the new turns among these changes up to date."""
    _activity.follow(change.new for change in changes if change.new is not None)


handler = stream_handler(SYSTEM, Log, process)
