"""The client of a second terminal: it finds a running platform, and asks it.

Light on purpose: a command that asks imports nothing of what serves.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from keyline_deploy.held_file import read_held
from keyline_local.host.errors import LocalPlatformError

PREFIX = "/_keyline"
"""What the paths of the platform's own pages begin with."""
HEADER = "x-keyline"
"""The header that a request to the control has to have."""
ADDRESS = "issuer.url"
"""The file in the state folder that says where the issuer answers."""


def issuer_url(state: Path, otherwise: str | None = None) -> str:
    """Return the address of the issuer that runs on a state folder.

    Parameters
    ----------
    otherwise
        The address where none runs there; without one that is an error.

    Raises
    ------
    LocalPlatformError
        If no platform runs on the folder, and there is no other address.
    """
    announced = read_held(state / ADDRESS)  # by the platform that runs
    found = announced.decode() if announced else otherwise
    if found is None:
        raise LocalPlatformError(
            str(state),
            "no local platform runs on this state folder.",
            f"Start one with `keyline up --state {state}`, or name the folder of one that runs.",
        )
    return found


def ask(
    url: str,
    method: str,
    path: str,
    *,
    params: Mapping[str, str] | None = None,
    content: bytes | None = None,
    seconds: float = 120,
) -> Any:
    """Ask a running platform.

    Parameters
    ----------
    url
        The address of the platform's issuer.
    params
        The query of the request.
    content
        The body of the request.
    seconds
        How long to wait for the answer.

    Raises
    ------
    LocalPlatformError
        If none runs there, or it refuses.
    """
    try:
        response = httpx.request(
            method,
            f"{url}{PREFIX}{path}",
            params=params,
            headers={HEADER: "1"},
            content=content,
            timeout=seconds,
            trust_env=False,  # a proxy does not know this machine's loopback
        )
    except httpx.TransportError as error:
        raise LocalPlatformError(
            url, f"no local platform answers there ({error}).", "Start one with `make up`."
        ) from error
    if response.status_code == 503:
        raise LocalPlatformError(url, "the local platform is starting.", "Ask again in a moment.")
    if response.status_code in (400, 409):
        raise LocalPlatformError(**response.json())
    response.raise_for_status()
    return response.json()
