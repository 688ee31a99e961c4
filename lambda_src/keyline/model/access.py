"""The permissions that a pattern needs: IAM actions on a table or an index."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from keyline.model.pattern import Pattern


class Access(msgspec.Struct, frozen=True, order=True):
    """One action on one table or index.

    Attributes
    ----------
    action
        The IAM action without its service: `GetItem`.
    table
        The table's name in the declaration.
    index
        The index's name; empty for the table itself.
    """

    action: str
    table: str
    index: str = ""

    @property
    def target(self) -> str:
        """The table, or `table/index`."""
        return f"{self.table}/{self.index}" if self.index else self.table


def access_of(patterns: Iterable[Pattern[Any]]) -> frozenset[Access]:
    """Return the exact permissions that these patterns need.

    A transaction is authorised by the actions in it; there is no action of its own name.
    Source: DynamoDB developer guide, "Using IAM with DynamoDB transactions".
    """
    return frozenset(
        Access(action.operation, action.table.name, action.index_name or "")
        for pattern in patterns
        for action in pattern.actions
    )
