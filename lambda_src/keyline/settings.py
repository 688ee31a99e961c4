"""Types of settings, each with its bounds, and the error of a setting that cannot be right.

A number in a settings struct has a lower and an upper bound. TOML can write `inf` and `1e300`, and
what has no upper bound takes them. JSON, in which a function receives its settings, has no `inf`.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from keyline.errors import KeylineError
from keyline.moments import DAY_SECONDS

MAX_RETENTION_DAYS = 36_500
"""The longest time that an item is kept. An item of today then expires before the year 2200, which
is the latest moment that a TTL attribute takes here."""

_PORT = r"(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})"

Days = Annotated[
    float,
    Meta(
        gt=0,
        le=MAX_RETENTION_DAYS,
        description=f"a number of days above 0 and up to {MAX_RETENTION_DAYS}",
    ),
]
"""How long something is kept."""
Seconds = Annotated[
    float,
    Meta(gt=0, le=DAY_SECONDS, description=f"a number of seconds above 0 and up to {DAY_SECONDS}"),
]
"""How long something in a process is waited for or used: a day at most, since no process that
Lambda runs lives longer than hours."""
Share = Annotated[float, Meta(ge=0, le=1, description="a number from 0 to 1")]
"""A part of a whole."""
Dollars = Annotated[float, Meta(ge=0, le=1_000_000_000, description="USD, from 0 to 1000000000")]
"""An amount of USD. The upper bound is above the yearly bill of any customer; up to it, a float
tells millionths apart."""
Shards = Annotated[int, Meta(ge=1, le=64, description="a whole number from 1 to 64")]
"""Over how many key values something is spread. A query of all of them is as many queries at
once; 64 of them write 64,000 items of 1 KB a second (1,000 WRU for each partition)."""
Items = Annotated[int, Meta(ge=1, le=1_000_000, description="a whole number from 1 to 1000000")]
"""How many items one request reads, or how many requests one client may make. A million items of
1 KB fill the memory of a function and take longer than an answer of API Gateway may (30 s)."""
CacheUrl = Annotated[
    str,
    Meta(
        pattern=rf"\A(rediss?://([^\s/@?#\[\]]*@)?[A-Za-z0-9._-]+(:{_PORT})?(/[0-9]{{1,4}})?)?\Z",
        description="redis://host:6379/0, rediss://host:6379/0, or an empty text",
    ),
]
"""The address of a redis. If it is empty, the function's own memory is the cache."""


Ipv6Prefix = Annotated[int, Meta(ge=48, le=64)]
"""How many bits of an IPv6 address name the network of one subscriber.

A mobile subscriber has one /64 (RFC 7278), a home line between a /64 and a /48 (RIPE-690). 64 is
the default of every system: it never puts two subscribers together. A smaller number takes more
networks of one home line for one client, and many mobile subscribers for one client as well.
"""

Claim = Annotated[
    str,
    Meta(min_length=1, max_length=128, description="the name of a claim, such as `sub`"),
]
"""The name of a claim of a token."""


class TokenMark(Struct, frozen=True, forbid_unknown_fields=True):
    """A mark of a token: one member of one of its claims.

    Attributes
    ----------
    claim
        A claim that the bearer cannot change. In the access tokens of a Cognito user pool:
        `cognito:groups`, `scope`, or `client_id`, which names the application and so a service.
    member
        One of the words that the claim lists: a group, a scope, an application.
    """

    claim: Claim
    member: Annotated[
        str,
        Meta(min_length=1, max_length=1024, pattern=r"\A\S+\Z", description="one word of a claim"),
    ]

    def __str__(self) -> str:
        """Return the mark as `keyline token --claim` takes it."""
        return f"{self.claim}={self.member}"


TokenMarks = tuple[TokenMark, ...]
"""Marks of which a token needs one. Without any, no token has what is needed."""


class SettingError(KeylineError):
    """A setting that contradicts another one, or cannot be what it is meant to be.

    `__post_init__` of a settings struct raises it, with the name of the setting as the path. The
    error that a user gets has the place of the settings before that name.
    """
