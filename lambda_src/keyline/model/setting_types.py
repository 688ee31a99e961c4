"""Types of settings that any system may have, with their bounds."""

from __future__ import annotations

from typing import Annotated

import msgspec

Ipv6Prefix = Annotated[int, msgspec.Meta(ge=48, le=64)]
"""How many bits of an IPv6 address name the network of one subscriber.

A mobile subscriber has one /64 (RFC 7278), a home line between a /64 and a /48 (RIPE-690). 64 is
the default of every system: it never puts two subscribers together. A smaller number takes more
networks of one home line for one client, and many mobile subscribers for one client as well.
"""

Claim = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=128, description="the name of a claim, such as `sub`"),
]
"""The name of a claim of a token."""


class TokenMark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a token says about its bearer: one member of one of its claims.

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
        msgspec.Meta(
            min_length=1, max_length=1024, pattern=r"\A\S+\Z", description="one word of a claim"
        ),
    ]

    def __str__(self) -> str:
        """Return the mark as `keyline token --claim` takes it."""
        return f"{self.claim}={self.member}"


TokenMarks = tuple[TokenMark, ...]
"""Marks of which a token needs one. Without any, no token has what is needed."""
