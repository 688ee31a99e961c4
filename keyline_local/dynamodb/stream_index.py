"""The index that the engine's records of streams lack.

The engine keeps the records of all streams for a day in one SQLite table, which has no index of its
own. The engine looks for the greatest sequence number before each write to a table with a stream,
and for what follows a sequence number each time that a stream is read. Both read the whole table,
so the load of many items took a time that grew with the square of their number. SQLite uses an
index wherever the index fits, and does not ask who made it.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

BUSY_SECONDS = 10.0
"""How long the index waits for the engine's own writes."""

_INDEX = """
CREATE INDEX IF NOT EXISTS keyline_stream_records
ON _stream_records (table_name, CAST(sequence_number AS INTEGER))
"""
_log = logging.getLogger(__name__)


def index_stream_records(data: Path) -> None:
    """Make the index in the file of an engine that runs, unless it is there.

    An engine that stores its streams otherwise works without it, as slow or as fast as it is.
    """
    try:
        with closing(sqlite3.connect(data, timeout=BUSY_SECONDS)) as file:
            file.execute(_INDEX)
    except sqlite3.Error as error:
        _log.warning("%s: the records of streams get no index: %s", data, error)
