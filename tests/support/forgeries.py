"""Tokens that an API has to refuse."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import jwt

from keyline_local import Issuer
from tests.support.client import AUDIENCE

Forgery = Callable[[Issuer, Sequence[str], Path], str]
"""The real issuer, the scopes to claim and a folder of the forger's → a token."""


def _another_key(issuer: Issuer, scopes: Sequence[str], folder: Path) -> str:
    """Signed with a key of the forger's, under the real one's id."""
    real = issuer.mint("eve", audience=AUDIENCE, scopes=scopes)
    claims = jwt.decode(real, options={"verify_signature": False})
    forger = Issuer(issuer.url, folder)._key
    header = jwt.get_unverified_header(real)
    return jwt.encode(claims, forger, "RS256", headers={"kid": header["kid"]})


def _altered(issuer: Issuer, scopes: Sequence[str], _: Path) -> str:
    """Return the real signature over other claims."""
    real = issuer.mint("student", audience=AUDIENCE, scopes=scopes)
    head, _payload, signature = real.split(".")
    claims = jwt.decode(real, options={"verify_signature": False}) | {"sub": "staff"}
    return ".".join((head, _part(claims), signature))


def _no_algorithm(issuer: Issuer, scopes: Sequence[str], _: Path) -> str:
    real = issuer.mint("eve", audience=AUDIENCE, scopes=scopes)
    header = jwt.get_unverified_header(real) | {"alg": "none"}
    claims = jwt.decode(real, options={"verify_signature": False})
    return f"{_part(header)}.{_part(claims)}."


def _public_key_as_secret(issuer: Issuer, scopes: Sequence[str], _: Path) -> str:
    """HMAC with what everybody knows: the public key (algorithm confusion)."""
    real = issuer.mint("eve", audience=AUDIENCE, scopes=scopes)
    header = jwt.get_unverified_header(real) | {"alg": "HS256"}
    claims = jwt.decode(real, options={"verify_signature": False})
    keys = httpx.get(f"{issuer.url}/jwks.json", trust_env=False).json()
    secret = jwt.utils.base64url_decode(keys["keys"][0]["n"])
    signed = f"{_part(header)}.{_part(claims)}"
    mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        signed.encode(), secret
    )
    return f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def _expired(issuer: Issuer, scopes: Sequence[str], _: Path) -> str:
    return issuer.mint("eve", audience=AUDIENCE, scopes=scopes, expires=-60)


def _not_yet_valid(issuer: Issuer, scopes: Sequence[str], _: Path) -> str:
    later = {"nbf": int(time.time()) + 3600}
    return issuer.mint("eve", audience=AUDIENCE, scopes=scopes, claims=later)


def _wrong_audience(issuer: Issuer, scopes: Sequence[str], _: Path) -> str:
    return issuer.mint("eve", audience="another-api", scopes=scopes)


def _no_audience(issuer: Issuer, scopes: Sequence[str], _: Path) -> str:
    return issuer.mint("eve", scopes=scopes)


def _wrong_issuer(issuer: Issuer, scopes: Sequence[str], _: Path) -> str:
    other = {"iss": "https://issuer.example"}
    return issuer.mint("eve", audience=AUDIENCE, scopes=scopes, claims=other)


def _no_token(_: Issuer, __: Sequence[str], ___: Path) -> str:
    return "not.a.token"


def _part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


FORGERIES = [
    _another_key,
    _altered,
    _no_algorithm,
    _public_key_as_secret,
    _expired,
    _not_yet_valid,
    _wrong_audience,
    _no_audience,
    _wrong_issuer,
    _no_token,
]
