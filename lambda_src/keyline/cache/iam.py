"""Tokens of IAM, by which a function enters a cache of ElastiCache without a secret.

A token is a presigned request that nobody sends: `connect` to the cache in the user's name. A token
is valid for 15 minutes; a connection that is open stays open for 12 hours. Source: Amazon
ElastiCache user guide, "Authenticating with IAM". The user has the name of the cache.
"""

from __future__ import annotations

import os
from urllib.parse import urlencode, urlsplit

import redis

_SECONDS = 900


class Tokens(redis.CredentialProvider):
    """Makes a token for each new connection, with the function's own credentials."""

    def __init__(self, user: str) -> None:
        self._user = user

    def get_credentials(self) -> tuple[str, str]:
        """Return the user and a new token."""
        # botocore is slow to import, and a cache on this machine takes no tokens
        from botocore.auth import SigV4QueryAuth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        held = os.environ
        keys = Credentials(
            held["AWS_ACCESS_KEY_ID"], held["AWS_SECRET_ACCESS_KEY"], held.get("AWS_SESSION_TOKEN")
        )
        asked = {"Action": "connect", "User": self._user, "ResourceType": "ServerlessCache"}
        request = AWSRequest("GET", f"http://{self._user}/?{urlencode(asked)}")
        SigV4QueryAuth(keys, "elasticache", held["AWS_REGION"], _SECONDS).add_auth(request)
        return self._user, str(request.url).removeprefix("http://")


def with_tokens(url: str) -> tuple[str, Tokens | None]:
    """Return a URL without its user and what makes the user's tokens, if it has no password."""
    parts = urlsplit(url)
    if not parts.username or parts.password is not None:
        return url, None
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host).geturl(), Tokens(parts.username)
