"""The sample shop in an environment that asks for all that a table can have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from keyline_deploy.environment import load
from keyline_deploy.synthesized import Template
from keyline_ops.deployed import Deployed, Owned
from keyline_ops.recovery.expected import Expected, expected
from tests.support.sample.orders import ORDERS
from tests.support.sample.shop import LARGE

_DEV = load("dev")
ENVIRONMENT = msgspec.structs.replace(
    _DEV,
    tables=msgspec.structs.replace(
        _DEV.tables, deletion_protection=True, contributor_insights=True
    ),
)
OWNED = Owned(LARGE, ORDERS)
NAME = ORDERS.physical_name("dev")


@dataclass(frozen=True)
class Shop:
    """The deployed tables, and the way to reach them."""

    templates: Mapping[str, Template]
    where: Deployed
    clients: Callable[[str], Any]

    @property
    def client(self) -> Any:
        """boto3's client of DynamoDB."""
        return self.clients("dynamodb")

    @property
    def expected(self) -> Expected:
        """The table of orders as the template has it."""
        return expected(self.templates, self.where, OWNED)

    def put(self, *numbers: int, total: int = 1) -> None:
        """Store orders."""
        for number in numbers:
            item = {
                "customer": {"S": "ann"},
                "number": {"N": str(number)},
                "day": {"S": "2026-01-31"},
                "placedAt": {"N": str(number)},
                "total": {"N": str(total)},
            }
            self.client.put_item(TableName=NAME, Item=item)

    def totals(self, table: str) -> dict[int, int]:
        """Return the totals of the stored orders by number."""
        found = self.client.scan(TableName=table)["Items"]
        return {int(item["number"]["N"]): int(item["total"]["N"]) for item in found}
