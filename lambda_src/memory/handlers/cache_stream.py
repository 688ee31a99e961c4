"""Make kept contexts invalid after each change of the history, by any writer.

The functions that write do so themselves, at once. This one does it again for what they could not
tell redis, and for changes that come from elsewhere: expiry, a migration, a restored backup. While
redis is down it fails, so the stream delivers the changes again.
"""

from __future__ import annotations

from collections.abc import Sequence

from keyline.metrics import Metrics
from keyline.stream import Change, stream_handler
from memory.context import CONTEXT
from memory.context_cache import ContextCache
from memory.measures import Measures
from memory.system import SYSTEM
from memory.tables import Turn

_measures = Measures(Metrics(CONTEXT.environment, SYSTEM))
_cache = ContextCache.of_stream(CONTEXT.settings, _measures.count)


def process(changes: Sequence[Change[Turn]]) -> None:
    """Make the contexts of all users of these changes unreachable."""
    turns = (change.new or change.old for change in changes)
    for user_id in {turn.user_id for turn in turns if turn is not None}:
        _cache.renew(user_id)


handler = stream_handler(SYSTEM, Turn, process)
