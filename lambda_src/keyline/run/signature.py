"""Signature Version 4 of requests to DynamoDB: always one POST, to one path, with no query.

Source: AWS, "Create a signed AWS API request". botocore derives the signing key for each request;
here it is kept for the day that it holds.
"""

from __future__ import annotations

import time
from hashlib import sha256
from hmac import digest
from typing import Protocol

SERVICE = "dynamodb"
_ALGORITHM = "AWS4-HMAC-SHA256"
_HASH = "sha256"


class Keys(Protocol):
    """Credentials as they are at one moment, such as botocore's frozen ones."""

    @property
    def access_key(self) -> str: ...
    @property
    def secret_key(self) -> str: ...
    @property
    def token(self) -> str | None: ...


class Signer:
    """Signs requests of one region.

    Threads may share it: what is kept is replaced as a whole.
    """

    __slots__ = ("_date", "_key", "_region")

    def __init__(self, region: str) -> None:
        self._region = region
        self._date = (0, "")
        self._key: tuple[str, str, bytes] = ("", "", b"")

    def headers(self, keys: Keys, host: str, kind: str, target: str, body: bytes) -> str:
        """Return the header lines that a signature adds to a POST to `/`.

        Parameters
        ----------
        host, kind, target
            The values of Host, Content-Type and X-Amz-Target, which are signed.
        """
        moment = self._moment()
        token = keys.token
        names = "content-type;host;x-amz-date"
        signed = f"content-type:{kind}\nhost:{host}\nx-amz-date:{moment}\n"
        lines = f"X-Amz-Date: {moment}\r\n"
        if token:
            names += ";x-amz-security-token"
            signed += f"x-amz-security-token:{token}\n"
            lines += f"X-Amz-Security-Token: {token}\r\n"
        names += ";x-amz-target"
        signed += f"x-amz-target:{target}\n"
        canonical = f"POST\n/\n\n{signed}\n{names}\n{sha256(body).hexdigest()}"
        day = moment[:8]
        scope = f"{day}/{self._region}/{SERVICE}/aws4_request"
        text = f"{_ALGORITHM}\n{moment}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
        signature = digest(self._signing_key(keys.secret_key, day), text.encode(), _HASH).hex()
        credential = f"{keys.access_key}/{scope}"
        return (
            f"{lines}Authorization: {_ALGORITHM} Credential={credential}, "
            f"SignedHeaders={names}, Signature={signature}\r\n"
        )

    def _moment(self) -> str:
        """Return the present second, as 20260131T120000Z."""
        now = int(time.time())
        second, text = self._date
        if second != now:
            text = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
            self._date = (now, text)
        return text

    def _signing_key(self, secret: str, day: str) -> bytes:
        of_secret, of_day, key = self._key
        if of_secret != secret or of_day != day:
            key = f"AWS4{secret}".encode()
            for part in (day, self._region, SERVICE, "aws4_request"):
                key = digest(key, part.encode(), _HASH)
            self._key = (secret, day, key)
        return key
