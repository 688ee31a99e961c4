"""One table before and after."""

from __future__ import annotations

from dataclasses import dataclass

from keyline_ops.plan.side import Place, Side
from keyline_ops.plan.table_state import TableState
from keyline_ops.plan.users import Users


@dataclass(frozen=True)
class Change:
    """A table that there is on both sides, under one logical id.

    Attributes
    ----------
    users_before, users_after
        Who uses its indexes and its stream.
    """

    place: Place
    before: TableState
    after: TableState
    side_before: Side
    side_after: Side
    users_before: Users
    users_after: Users
