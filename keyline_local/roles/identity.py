"""Identities of callers: credentials whose access key id stands for one function."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

_CREDENTIAL = re.compile(rb"Credential=([A-Za-z0-9_]+)/")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Temporary credentials in AWS's form; the same function gets the same key each time."""

    access_key: str
    secret_key: str
    session_token: str

    @classmethod
    def of(cls, function: str) -> Credentials:
        """Derive the credentials of a function from its name.

        Credentials here are names, not secrets: they open nothing but the engine on this machine.
        """
        digest = hashlib.sha256(function.encode()).digest()
        return cls("ASIA" + base64.b32encode(digest)[:16].decode(), digest.hex()[:40], digest.hex())


def access_key_of(authorization: bytes) -> str | None:
    """Read the access key id from a SigV4 Authorization header."""
    match = _CREDENTIAL.search(authorization)
    return match[1].decode() if match else None
