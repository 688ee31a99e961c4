"""Tokens that the APIs of the local platform accept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from keyline.moments import HOUR_SECONDS
from keyline_deploy.environment import Environment
from keyline_deploy.project import LOCAL_STATE
from keyline_deploy.systems import systems
from keyline_local import Issuer
from keyline_ops.running import local_issuer


def local_token(
    environment: Environment,
    state: Path | None,
    subject: str,
    *,
    scopes: Sequence[str] | None = None,
    claims: Mapping[str, str] | None = None,
    audience: str | None = None,
    expires: float = HOUR_SECONDS,
) -> str:
    """Mint a token for the APIs of the local environment.

    Parameters
    ----------
    state
        The state folder that the user named; None for the usual one.
    scopes
        The scopes of the token; None for all scopes of all systems.
    claims
        Further claims.
    audience
        The audience; None for the one that the environment declares.
    expires
        Seconds until the token expires.

    Raises
    ------
    KeylineError
        If nothing runs on the folder that was named, or the key that signs is damaged.
    """
    issuer = Issuer(local_issuer(environment, state), (state or LOCAL_STATE) / "issuer")
    return issuer.mint(
        subject,
        audience=audience or environment.auth.audience,
        scopes=scopes or [scope for system in systems() for scope in system.scopes],
        claims=claims,
        expires=expires,
    )
