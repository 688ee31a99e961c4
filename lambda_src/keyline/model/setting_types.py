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
