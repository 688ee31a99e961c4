"""What a pattern needs to be allowed: IAM actions on a table or an index."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from keyline.model.pattern import Pattern, TransactGet, TransactWrite


@dataclass(frozen=True, order=True)
class Access:
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


def access_of(patterns: Iterable[Pattern[Any]]) -> frozenset[Access]:
    """The exact permissions that these patterns need.

    A transaction is authorised by the actions in it; there is no action of its own name.
    Source: DynamoDB developer guide, "Using IAM with DynamoDB transactions".
    """
    found: set[Access] = set()
    for pattern in patterns:
        if isinstance(pattern, TransactWrite | TransactGet):
            found |= access_of(pattern.parts)
        else:
            found.add(Access(pattern.operation, pattern.table.name, pattern.index_name or ""))
    return frozenset(found)
