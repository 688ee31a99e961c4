"""The stream door: a table's changes as typed values, answered record by record.

Import names from here. The modules below this package may change at any time.

    stream_handler makes a Lambda handler of a function that takes changes. Change is one change,
    Kind says of what kind it is. BatchFailedError makes Lambda halve a batch. ChangeReader reads a
    stream record without a handler.
"""

from keyline.stream.change import Change, ChangeReader, Kind
from keyline.stream.handler import BatchFailedError, stream_handler

__all__ = [
    "BatchFailedError",
    "Change",
    "ChangeReader",
    "Kind",
    "stream_handler",
]
