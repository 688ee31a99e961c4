"""Name the client of a request, without its address."""

from __future__ import annotations

import hashlib
import hmac

import msgspec

from keyline.http import Client

_LABEL = b"interactions client address"
_DIGITS = 32
"""Hexadecimal digits of a client's digest: 128 bits."""


class ClientNames(msgspec.Struct, frozen=True):
    """Name clients by a keyed digest of their network, because an address is personal data.

    Parameters
    ----------
    secret
        The digest's key is derived from this secret. A new secret gives all clients new names.
    ipv6_prefix
        The bits of an IPv6 address that are the network of one client. Another number gives all
        IPv6 clients new names.
    """

    secret: bytes
    ipv6_prefix: int

    def of(self, client: Client) -> str:
        """Return a client's name. One network has one name; a name does not reveal the network."""
        key = hmac.digest(self.secret, _LABEL, hashlib.sha256)
        network = client.network(self.ipv6_prefix).encode()
        return hmac.new(key, network, hashlib.sha256).hexdigest()[:_DIGITS]
