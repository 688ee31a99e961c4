"""The accounts of the shop's customers: two kinds of items in one table, keyed by templates."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from keyline.model import (
    KEYS_ONLY,
    Check,
    Entity,
    Function,
    Get,
    Index,
    Key,
    Put,
    Query,
    Table,
    TransactGet,
    TransactWrite,
    Update,
    at_least,
    begins_with,
    between,
    equals,
    less_than,
)


class Account(msgspec.Struct, kw_only=True):
    """An account, the first item of its collection."""

    accountId: int
    name: str
    balance: int = 0


class Event(msgspec.Struct, kw_only=True):
    """Something that happened to an account."""

    accountId: int
    day: Annotated[str, msgspec.Meta(min_length=10, max_length=10)]
    number: int
    reason: str | None = None
    bytes: int = 0


ACCOUNTS = Table(
    "CustomerAccounts",
    "Key design: an account and its events are one collection; the day leads in the sort key.",
    key=Key("pk", "sk"),
    entities=[
        Entity(
            Account,
            keys={"pk": "ACCOUNT#{accountId}", "sk": "PROFILE"},
            constants={"kind": "account"},
        ),
        Entity(
            Event,
            keys={
                "pk": "ACCOUNT#{accountId}",
                "sk": "EVENT#{day}#{number:06d}",
                "reasonKey": "REASON#{reason}",
            },
            constants={"kind": "event"},
        ),
    ],
    indexes=[
        Index(
            name="ByReason",
            key=Key("reasonKey", "sk"),
            why="Events of a reason.",
            projection=KEYS_ONLY,
            sparse=True,
        )
    ],
)


class Reference(msgspec.Struct, kw_only=True):
    """The shape of an index that holds keys alone."""

    pk: str
    sk: str


def _account(name: str, shape: type[Any] = Event, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "why": "Tested.",
        "table": ACCOUNTS,
        "shape": shape,
        "item_bytes": 200,
        "per_month": 1,
        **more,
    }


GET_ACCOUNT = Get(**_account("get-account", Account))
PUT_ACCOUNT = Put(**_account("put-account", Account))
PAY = Update(add=("balance",), **_account("pay", Account))
PUT_EVENT = Put(**_account("put-event"))
GET_EVENT = Get(**_account("get-event"))
EVENTS = Query(sort=begins_with("sk"), **_account("events"))
EVENTS_OF_DAY = Query(sort=equals("sk", "day"), **_account("events-of-day"))
EVENTS_BETWEEN = Query(sort=between("sk", "day"), **_account("events-between"))
EVENTS_FROM = Query(sort=at_least("sk", "day"), **_account("events-from"))
EVENTS_BEFORE = Query(sort=less_than("sk", "day"), **_account("events-before"))
EVENTS_OF_MONTH = Query(sort=begins_with("sk", "day"), **_account("events-of-month"))
EVENTS_NUMBERED = Query(sort=between("sk", "number"), **_account("events-numbered"))
BY_REASON = Query(index="ByReason", entity=Event, **_account("by-reason", Reference))
EXPLAIN = Update(set=("reason",), **_account("explain"))
ACCOUNT_EXISTS = Check(**_account("account-exists", Account))
PUT_BOTH = TransactWrite(
    parts=(PUT_ACCOUNT, PUT_EVENT, PAY, ACCOUNT_EXISTS), **_account("put-both", Account)
)
READ_BOTH = TransactGet(parts=(GET_ACCOUNT, GET_EVENT), **_account("read-both", Account))

ACCOUNTANT = Function(
    name="accounts",
    handler="orders.accounts.handler",
    why="Keeps the accounts of customers.",
    patterns=(
        *(EXPLAIN, PUT_BOTH, READ_BOTH, BY_REASON),
        *(EVENTS, EVENTS_OF_DAY, EVENTS_BETWEEN, EVENTS_FROM, EVENTS_BEFORE),
        *(EVENTS_OF_MONTH, EVENTS_NUMBERED),
    ),
)
