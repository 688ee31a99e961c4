"""How fast tables grow: what a system declares for it. What its function does: `measure`."""

from keyline.growth.declare import (
    HISTORY_DAYS,
    OLDEST_DAYS,
    Growth,
    SizeSnapshot,
    growth_table,
)

__all__ = ["HISTORY_DAYS", "OLDEST_DAYS", "Growth", "SizeSnapshot", "growth_table"]
