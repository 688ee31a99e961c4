"""The token of the canary user, who reads and owns nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from keyline.errors import KeylineError
from keyline_deploy.names import canary_secret_name
from keyline_ops.deployed import Deployed, translated

SUBJECT = "keyline-canary"
_SECONDS = 10


class Canary(msgspec.Struct, frozen=True, kw_only=True):
    """The secret of an environment's canary: a client that gets tokens for itself (RFC 6749, 4.4).

    Attributes
    ----------
    token_url
        The token endpoint of the issuer.
    scope
        The scopes to ask for, with spaces between them.
    audience
        What issuers ask for that make tokens out to several APIs.
    """

    token_url: str
    client_id: str
    client_secret: str
    scope: str = ""
    audience: str = ""

    @property
    def form(self) -> dict[str, str]:
        """The body of the request for a token, without what is empty."""
        wanted = {
            "grant_type": "client_credentials",
            "scope": self.scope,
            "audience": self.audience,
        }
        return {name: value for name, value in wanted.items() if value}


def canary_token(where: Deployed) -> str:
    """Return a token of the canary of an environment on AWS.

    Raises
    ------
    KeylineError
        If there is no secret, or the issuer gives no token for it.
    """
    name = canary_secret_name(where.environment.name)
    with translated(f"secret {name}"):
        text = where.clients("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
    canary = _read(name, text)
    if urlsplit(canary.token_url).scheme != "https":
        raise KeylineError(
            f"secret {name}: token_url",
            "is not an https address.",
            "Write the address of the issuer's token endpoint.",
        )
    try:
        answer = httpx.post(
            canary.token_url,
            data=canary.form,
            auth=(canary.client_id, canary.client_secret),
            timeout=_SECONDS,
            trust_env=True,  # the issuer is not on this machine
        )
        told: Mapping[str, Any] = answer.json() if answer.is_success else {}
    except (httpx.HTTPError, json.JSONDecodeError) as error:
        raise KeylineError(
            canary.token_url, f"gives no token: {error}.", "Check the address, and try again."
        ) from error
    if "access_token" not in told:
        raise KeylineError(
            canary.token_url,
            f"gives no token: it answers {answer.status_code}.",
            f"Correct the secret {name}, or let the client use client credentials.",
        )
    return str(told["access_token"])


def _read(name: str, text: str) -> Canary:
    try:
        return msgspec.json.decode(text, type=Canary)
    except msgspec.MsgspecError as error:
        raise KeylineError(
            f"secret {name}",
            f"is not what a canary has: {error}.",
            'Write {"token_url": ..., "client_id": ..., "client_secret": ...} (docs/deploying.md).',
        ) from error
