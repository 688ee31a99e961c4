"""The growth of tables, and what a system declares to measure it.

Import names from here. The modules below this package may change at any time; only
`keyline.growth.measure` is public too. That module holds what the function does: handler_of makes
its handler of SizeWatch and dynamodb_describe. The module is apart from this file because it needs
the run time and the AWS SDK, and a declaration needs neither.

    growth_table makes the table of snapshots. Growth declares its patterns, and the function that
    takes the snapshots, whose name is FUNCTION. SizeSnapshot is one snapshot. HISTORY_DAYS and
    OLDEST_DAYS say how old the snapshot is that growth is measured from.
"""

from keyline.growth.declare import (
    FUNCTION,
    HISTORY_DAYS,
    OLDEST_DAYS,
    Growth,
    SizeSnapshot,
    growth_table,
)

__all__ = [
    "FUNCTION",
    "HISTORY_DAYS",
    "OLDEST_DAYS",
    "Growth",
    "SizeSnapshot",
    "growth_table",
]
