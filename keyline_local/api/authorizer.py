"""The JWT authorizer of HTTP APIs.

Source: "Control access to HTTP APIs with JWT authorizers" (API Gateway developer guide). The key
comes from the issuer's `jwks_uri` and may be cached for two hours. Only RSA algorithms are taken.
`iss` must be the issuer. `aud`, or `client_id` when there is no `aud`, must be one of the
audiences. `exp`, `nbf` and `iat` must be in order. At least one of the route's scopes must be in
`scope` or `scp`.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import httpx
import jwt

from keyline.cache import LRU
from keyline_local.resources import Authorizer

ALGORITHMS = ("RS256", "RS384", "RS512")
_KEYS_LIVE = 2 * 3600.0  # seconds
_KEYS_RETRY = 5.0  # seconds between two fetches provoked by unknown key ids
_REMEMBERED = 1000
"""Verified tokens that are remembered. The least recently used goes first."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A verified token: its claims, and which of its scopes the route asks for."""

    claims: Mapping[str, Any]
    scopes: Sequence[str]


class _DiscoveryError(jwt.PyJWTError):
    """The issuer's documents cannot be had."""


class TokenRefusedError(Exception):
    """The request may not pass; `status` is 401 or 403, `challenge` its www-authenticate."""

    def __init__(self, status: int, challenge: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.challenge = challenge


class JwtAuthorizer:
    """Verifies tokens as API Gateway does, against the issuer's published keys."""

    def __init__(self, authorizer: Authorizer, client: httpx.AsyncClient) -> None:
        self._authorizer = authorizer
        self._client = client
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched = -math.inf
        self._verified = _no_tokens()

    async def authorize(
        self, headers: Mapping[str, str], query: str, required: Sequence[str]
    ) -> Grant:
        """Judge a request.

        Parameters
        ----------
        headers
            With lower-case names.
        query
            The raw query string.
        required
            The route's scopes; one of them is enough.

        Raises
        ------
        TokenRefusedError
            No token, an invalid token, or none of the scopes.
        """
        token = identity(self._authorizer.identity_source, headers, query)
        if token is None:
            raise TokenRefusedError(401, "Bearer", "no token")
        try:
            claims = await self._claims(token)
        except jwt.PyJWTError as error:
            description = _describe(error)
            challenge = f'Bearer scope="" error="invalid_token" error_description="{description}"'
            raise TokenRefusedError(401, challenge, description) from error
        granted = [scope for scope in _scopes(claims) if scope in required]
        if required and not granted:
            description = "the token does not have a required scope"
            challenge = (
                f'Bearer scope="{" ".join(required)}" error="insufficient_scope" '
                f'error_description="{description}"'
            )
            raise TokenRefusedError(403, challenge, description)
        return Grant(claims, granted)

    async def _claims(self, token: str) -> Mapping[str, Any]:
        """Return the claims of a token.

        A token is verified once, until it expires or the keys change. Where the machine's clock has
        gone back before the time of a token, the token is verified again, like a new one.
        """
        digest = hashlib.sha256(token.encode()).digest()
        claims = None if self._keys_are_old() else self._verified.get(digest)
        if claims is not None and _is_of_now(claims):
            return claims
        claims = await self._verify(token)
        self._verified.put(digest, claims)
        return claims

    async def _verify(self, token: str) -> Mapping[str, Any]:
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in ALGORITHMS:
            raise jwt.InvalidAlgorithmError("the token's algorithm is not supported")
        if "kid" not in header:
            raise jwt.InvalidKeyError("the token names no key")
        claims: Mapping[str, Any] = jwt.decode(
            token,
            await self._key(header["kid"]),
            algorithms=list(ALGORITHMS),
            issuer=self._authorizer.issuer,
            options={"require": ["exp", "iss"], "verify_aud": False},
        )
        audience = claims.get("aud", claims.get("client_id"))
        named = audience if isinstance(audience, list) else [audience]
        if not any(each in self._authorizer.audience for each in named):
            raise jwt.InvalidAudienceError("no audience matches")
        return claims

    async def _key(self, key_id: str) -> jwt.PyJWK:
        age = time.monotonic() - self._fetched
        if self._keys_are_old() or (key_id not in self._keys and age > _KEYS_RETRY):
            self._keys = await self._fetch()
            self._fetched = time.monotonic()
            self._verified = _no_tokens()
        if key_id not in self._keys:
            raise jwt.InvalidKeyError("unknown key id")
        return self._keys[key_id]

    def _keys_are_old(self) -> bool:
        return time.monotonic() - self._fetched > _KEYS_LIVE

    async def _fetch(self) -> dict[str, jwt.PyJWK]:
        url = f"{self._authorizer.issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            discovery = (await self._client.get(url)).raise_for_status().json()
            keys = (await self._client.get(discovery["jwks_uri"])).raise_for_status().json()
            return usable(keys["keys"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise _DiscoveryError(f"{url}: {error!r}") from error


def _is_of_now(claims: Mapping[str, Any]) -> bool:
    """Tell whether the time is within that of a token whose claims were verified before."""
    now = time.time()
    began = max(int(claims.get(name, 0)) for name in ("nbf", "iat"))
    return began <= now < int(claims["exp"])


def _no_tokens() -> LRU[bytes, Mapping[str, Any]]:
    """Return a memory of verified tokens, by their digests."""
    return LRU(_KEYS_LIVE, _REMEMBERED)


def usable(keys: Sequence[Mapping[str, Any]]) -> dict[str, jwt.PyJWK]:
    """Return the keys of a JWK set that can verify a token here, by their ids.

    Every other key is left out, and the tokens of the rest are still good. A reader of a set should
    ignore keys of a type it does not understand, "that are missing required members, or for which
    values are out of the supported ranges" (RFC 7517, section 5).
    """
    found: dict[str, jwt.PyJWK] = {}
    for key in keys:
        if isinstance(key.get("kid"), str) and _verifies(key):
            with suppress(jwt.PyJWTError):
                found[key["kid"]] = jwt.PyJWK(dict(key))
    return found


def _verifies(key: Mapping[str, Any]) -> bool:
    """Tell whether a key is an RSA key that is meant for signatures, as far as it says."""
    operations = key.get("key_ops", ["verify"])
    return (
        key.get("kty") == "RSA"
        and key.get("use", "sig") == "sig"
        and key.get("alg", ALGORITHMS[0]) in ALGORITHMS
        and isinstance(operations, list)
        and "verify" in operations
    )


def identity(sources: Sequence[str], headers: Mapping[str, str], query: str) -> str | None:
    """Find the token by `$request.header.Name` or `$request.querystring.name`; drop "Bearer "."""
    for source in sources:
        _, kind, name = source.split(".", 2)
        if kind == "header":
            value = headers.get(name.lower())
        else:
            value = next(iter(parse_qs(query).get(name, ())), None)
        if value:
            scheme, _, rest = value.partition(" ")
            return rest.strip() if scheme.lower() == "bearer" and rest else value
    return None


def _scopes(claims: Mapping[str, Any]) -> list[str]:
    value = claims.get("scope", claims.get("scp"))
    if isinstance(value, str):
        return value.split()
    return [str(each) for each in value] if isinstance(value, list) else []


def _describe(error: Exception) -> str:
    """Word a failure for the challenge; the first is in its documentation."""
    descriptions: tuple[tuple[type[Exception], str], ...] = (
        (jwt.InvalidAudienceError, "the token does not have a valid audience"),
        (jwt.ExpiredSignatureError, "the token has expired"),
        (_DiscoveryError, "OIDC discovery endpoint communication error"),
        (jwt.ImmatureSignatureError, "the token is not valid yet"),
        (jwt.InvalidIssuerError, "the token does not have a valid issuer"),
        (jwt.InvalidSignatureError, "the token's signature is invalid"),
        (jwt.InvalidAlgorithmError, "the token's algorithm is not supported"),
        (jwt.InvalidKeyError, "the token's key is unknown"),
        (jwt.MissingRequiredClaimError, "the token lacks a required claim"),
    )
    for kind, description in descriptions:
        if isinstance(error, kind):
            return description
    return "the token is malformed"


def render_claim(value: Any) -> str:
    """Render a claim as API Gateway puts it into the event: always a string, lists as `[a b]`."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "<nil>"
    if isinstance(value, list):
        return f"[{' '.join(map(render_claim, value))}]"
    if isinstance(value, dict):
        pairs = (f"{key}:{render_claim(each)}" for key, each in sorted(value.items()))
        return f"map[{' '.join(pairs)}]"
    return str(value)
