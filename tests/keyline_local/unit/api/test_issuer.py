"""The local issuer's key and tokens."""

import asyncio
import stat
from pathlib import Path
from typing import Any

import httpx
import jwt

from keyline_local.api.issuer import Issuer

URL = "http://127.0.0.1:9"


def get(issuer: Issuer, path: str) -> Any:
    async def fetch() -> Any:
        transport = httpx.ASGITransport(issuer.app())
        async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
            return (await client.get(path)).json()

    return asyncio.run(fetch())


def test_key_is_private_and_survives(tmp_path: Path) -> None:
    first, second = Issuer(URL, tmp_path), Issuer(URL, tmp_path)
    key = tmp_path / "issuer.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["issuer.pem"]
    published = get(second, "/jwks.json")["keys"][0]
    claims = jwt.decode(
        first.mint("me", audience="api"),
        jwt.PyJWK(published),
        ["RS256"],
        audience="api",
        issuer=URL,
    )
    assert claims["sub"] == "me"


def test_only_the_public_half_is_published(tmp_path: Path) -> None:
    issuer = Issuer(URL, tmp_path)
    (key,) = get(issuer, "/jwks.json")["keys"]
    assert set(key) == {"kty", "key_ops", "n", "e", "kid", "use", "alg"}
    discovery = get(issuer, "/.well-known/openid-configuration")
    assert (discovery["issuer"], discovery["jwks_uri"]) == (URL, f"{URL}/jwks.json")


def test_token_carries_scopes_expiry_and_overrides(tmp_path: Path) -> None:
    token = Issuer(URL, tmp_path).mint(
        "me", audience="api", scopes=["read", "write"], claims={"role": "tutor"}, expires=60
    )
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["scope"] == "read write"
    assert claims["role"] == "tutor"
    assert claims["token_use"] == "access"
    assert claims["exp"] - claims["iat"] == 60
