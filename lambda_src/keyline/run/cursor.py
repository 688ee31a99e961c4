"""Cursors: where a page ended, signed and bound to who asked for what.

A cursor is base64url of an HMAC-SHA256 and a payload of keys. The HMAC covers system,
pattern, caller and the values of the request, so that a cursor is good for nothing else.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import msgspec

from keyline.run.errors import InvalidCursorError

_MAC_BYTES = 32
MAX_CURSOR = 65_536
"""Characters; the keys of a table and an index are 6 KB at most, for each shard."""

Position = dict[str, dict[str, Any]] | None
"""A key as DynamoDB writes it, after which to read on; None for the beginning."""


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The position to read on from.

    Attributes
    ----------
    positions
        One per shard, in their order; one where there are no shards.
    after
        The stored sort key of the last item returned, one value per attribute, where there
        are shards: what was written before it meanwhile is not returned.
    item_bytes
        What an item of the page took within its answer, on average. The next page asks for no
        more items than probably fit.
    """

    positions: list[Position]
    after: list[dict[str, Any]] = []
    item_bytes: int = 0


class CursorSigner:
    """Issues a system's cursors and takes them back."""

    def __init__(self, system: str, secret: bytes) -> None:
        self._system = system
        self._secret = secret

    def issue(self, cursor: Cursor, pattern: str, caller: str, values: Mapping[str, Any]) -> str:
        """Return the cursor as a token, good for this pattern, caller and values."""
        payload = _ENCODER.encode(cursor)
        mac = self._mac(payload, pattern, caller, values)
        return base64.urlsafe_b64encode(mac + payload).rstrip(b"=").decode()

    def take(self, token: str, pattern: str, caller: str, values: Mapping[str, Any]) -> Cursor:
        """Return the cursor of a token.

        Raises
        ------
        InvalidCursorError
            If it was not issued for this pattern, caller and values, or was altered.
        """
        try:
            raw = _unpadded(token)
        except (ValueError, binascii.Error):
            raise _invalid(pattern) from None
        mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(payload, pattern, caller, values)):
            raise _invalid(pattern)
        try:
            return _DECODER.decode(payload)
        except msgspec.DecodeError:  # of a release that wrote them otherwise
            raise _invalid(pattern) from None

    def _mac(self, payload: bytes, pattern: str, caller: str, values: Mapping[str, Any]) -> bytes:
        # Half a character of UTF-16, which JSON cannot write, may be in a caller's name.
        named = caller.encode(errors="surrogatepass")
        bound = [self._system, pattern, named, sorted(values.items())]
        head = msgspec.json.encode(bound)
        message = len(head).to_bytes(4, "big") + head + payload
        return hmac.digest(self._secret, message, hashlib.sha256)


def _unpadded(token: str) -> bytes:
    if len(token) > MAX_CURSOR:
        raise ValueError(token)
    raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != token:
        raise ValueError(token)  # another spelling of the same bytes
    return raw


def _invalid(pattern: str) -> InvalidCursorError:
    return InvalidCursorError(
        f"{pattern}.cursor",
        "is not valid here.",
        "Give the cursor as it was returned, with the same parameters, or none to start over.",
    )


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Cursor)
