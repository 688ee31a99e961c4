"""A local OpenID Connect issuer: one signing key, its public half over HTTP, tokens on demand."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from keyline_local.host.errors import LocalPlatformError

ALGORITHM = "RS256"
_KEY_FILE = "issuer.pem"


class Issuer:
    """Mints tokens and publishes the key that verifies them.

    Minting needs no running server, so a command can mint for a platform that runs elsewhere
    with the same folder.

    Parameters
    ----------
    url
        The `iss` of the tokens, where `app` must be served; no trailing slash.
    folder
        Holds the private key (created with mode 0600 when missing).

    Raises
    ------
    LocalPlatformError
        If the key's file is damaged.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self._key = _load_or_create(folder / _KEY_FILE)
        public = self._key.public_key()
        encoded = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self._key_id = hashlib.sha256(encoded).hexdigest()[:32]
        self._jwk = {
            **jwt.algorithms.RSAAlgorithm.to_jwk(public, as_dict=True),
            "kid": self._key_id,
            "use": "sig",
            "alg": ALGORITHM,
        }

    @staticmethod
    def check(folder: Path) -> None:
        """Refuse a key that cannot be read, before anything is started; a missing one is fine.

        Raises
        ------
        LocalPlatformError
            If the file is damaged.
        """
        path = folder / _KEY_FILE
        if path.exists():
            _read(path)

    def mint(
        self,
        subject: str,
        *,
        audience: str | None = None,
        scopes: Sequence[str] = (),
        claims: Mapping[str, Any] | None = None,
        expires: float = 3600.0,
    ) -> str:
        """Sign a token for `subject`, valid for `expires` seconds from now.

        The token says that it is an access token, as Cognito's do (`token_use`). `claims` go over
        the standard ones, so a test can forge any of them.
        """
        now = int(time.time())
        payload: dict[str, Any] = {
            "iss": self.url,
            "sub": subject,
            "iat": now,
            "nbf": now,
            "exp": now + int(expires),
            "token_use": "access",
        }
        if audience is not None:
            payload["aud"] = audience
        if scopes:
            payload["scope"] = " ".join(scopes)
        payload.update(claims or {})
        return jwt.encode(payload, self._key, ALGORITHM, headers={"kid": self._key_id})

    def app(self) -> Starlette:
        """Return the app of the two documents by which a verifier finds the key.

        The documents are those of OpenID Connect Discovery 1.0.
        """
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/jwks.json", self._keys),
            ]
        )

    async def _discovery(self, _: Request) -> JSONResponse:
        return JSONResponse(
            {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/jwks.json",
                "response_types_supported": ["token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [ALGORITHM],
            }
        )

    async def _keys(self, _: Request) -> JSONResponse:
        return JSONResponse({"keys": [self._jwk]})


def _load_or_create(path: Path) -> rsa.RSAPrivateKey:
    if not path.exists():
        _create(path)
    return _read(path)


def _read(path: Path) -> rsa.RSAPrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _damaged(path) from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise _damaged(path)
    return key


def _damaged(path: Path) -> LocalPlatformError:
    return LocalPlatformError(
        str(path),
        "the key that signs tokens is damaged.",
        "Remove the file: a new key is made at the next start, and tokens of the old one end.",
    )


def _create(path: Path) -> None:
    """Write a new key; a second process that does the same at once gets the same file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(pem)
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
