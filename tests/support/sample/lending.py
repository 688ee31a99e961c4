"""The books that the shop lends: several kinds of items in a single table, told apart by a tag.

It has nested payloads, partitions of several kinds, and keys made by templates.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from keyline.model import (
    BatchGet,
    Entity,
    Function,
    Get,
    Index,
    Key,
    Put,
    Query,
    Retention,
    Table,
    TransactGet,
    Ttl,
    Update,
    at_least,
    begins_with,
    greater_than,
    include,
    one_of,
)


class MemberData(msgspec.Struct, kw_only=True):
    """The facts about a member."""

    name: str
    languages: list[str] = []


class Member(msgspec.Struct, kw_only=True):
    """A member of the library."""

    memberId: str
    Data: MemberData
    TTL: int | None = None


Moment = Annotated[str, msgspec.Meta(min_length=24, max_length=24)]


class LoanData(msgspec.Struct, kw_only=True):
    """The subject of a loan."""

    due: str
    pages: int
    fee: float | None = None
    marks: dict[str, MemberData] = {}


class Loan(msgspec.Struct, kw_only=True):
    """A book that a member has borrowed; `count` is how often the loan was extended."""

    memberId: str
    title: str
    at: Moment
    Data: LoanData
    count: int = 0
    TTL: int | None = None


class Hold(msgspec.Struct, kw_only=True):
    """A book that a member waits for; without a moment it is not in the index."""

    memberId: str
    title: str
    at: Moment | None = None
    TTL: int | None = None


class Visits(msgspec.Struct, kw_only=True):
    """The number of visitors of a day."""

    branch: str
    day: str
    count: int = 0


LIBRARY = Table(
    "LendingLibrary",
    """Key design:
    MEMBER#member / PROFILE, LOAN#at, HOLD#title: all of a member is one partition.
    VISITS#branch / DAY#day: the visits of a branch by day.
    ByTitle: who has and who waits for a book, in order of time.
    """,
    key=Key("PK", "SK"),
    entities=[
        Entity(Member, tag="MEMBER", keys={"PK": "MEMBER#{memberId}"}, constants={"SK": "PROFILE"}),
        Entity(
            Loan,
            tag="LOAN",
            keys={
                "PK": "MEMBER#{memberId}",
                "SK": "LOAN#{at}",
                "GSI1PK": "TITLE#{title}",
                "GSI1SK": "AT#{at}#LOAN",
            },
            retention=Retention(days="days", since="at"),
        ),
        Entity(
            Hold,
            tag="HOLD",
            keys={
                "PK": "MEMBER#{memberId}",
                "SK": "HOLD#{title}",
                "GSI1PK": "TITLE#{title}",
                "GSI1SK": "AT#{at}#HOLD",
            },
        ),
        Entity(Visits, tag="VISITS", keys={"PK": "VISITS#{branch}", "SK": "DAY#{day}"}),
    ],
    indexes=[
        Index(
            name="ByTitle",
            key=Key("GSI1PK", "GSI1SK"),
            why="Who has and who waits for a book, by time.",
            sparse=True,
            shards="titleShards",
        ),
        Index(
            name="ByDay",
            key=Key("day", "PK"),
            why="The visits of a day.",
            projection=include("EntityType", "TTL", "count", "branch"),
            sparse=True,
        ),
    ],
    ttl=Ttl("TTL"),
    discriminator="EntityType",
)


def _told(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "why": "Tested.",
        "table": LIBRARY,
        "item_bytes": 300,
        "per_month": 1,
        **more,
    }


class Due(msgspec.Struct, kw_only=True):
    """A part of a loan."""

    title: str


PUT_MEMBER = Put(shape=Member, **_told("put-member"))
PUT_LOAN = Put(shape=Loan, **_told("put-loan"))
PUT_HOLD = Put(shape=Hold, **_told("put-hold"))
GET_MEMBER = Get(shape=Member, **_told("get-member"))
GET_LOAN = Get(shape=Loan, **_told("get-loan"))
GET_DUE = Get(shape=Due, entity=Loan, **_told("get-due"))
GET_LOANS = BatchGet(shape=Loan, **_told("get-loans"))
MEMBER_AND_LOAN = TransactGet(
    shape=Member, parts=(GET_MEMBER, GET_LOAN), **_told("member-and-loan")
)
EXTEND = Update(
    shape=Loan,
    set=("Data",),
    add=("count",),
    conditions=(greater_than("TTL", "now"),),
    **_told("extend"),
)
LOANS = Query(shape=Loan, sort=begins_with("SK"), **_told("loans"))
OF_MEMBER = Query(shape=one_of(Member, Loan, Hold), **_told("of-member", page=10))
OF_TITLE = Query(
    shape=one_of(Loan, Hold), index="ByTitle", sort=at_least("GSI1SK", "at"), **_told("of-title")
)
COUNT_VISIT = Update(shape=Visits, add=("count",), upsert=True, **_told("count-visit"))
OF_DAY = Query(shape=Visits, index="ByDay", **_told("of-day"))

LENDER = Function(
    name="lending",
    handler="orders.lending.handler",
    why="Lends books.",
    patterns=(
        *(PUT_MEMBER, PUT_LOAN, PUT_HOLD, GET_MEMBER, GET_LOAN, GET_DUE, GET_LOANS),
        *(MEMBER_AND_LOAN, EXTEND, LOANS, OF_MEMBER, OF_TITLE, COUNT_VISIT, OF_DAY),
    ),
)
