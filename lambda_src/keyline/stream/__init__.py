"""The stream door: a table's changes as typed values, answered record by record."""

from keyline.stream.change import Change, ChangeReader, Kind
from keyline.stream.handler import stream_handler

__all__ = ["Change", "ChangeReader", "Kind", "stream_handler"]
