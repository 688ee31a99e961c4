"""Addresses of the local platform, and the search for one that runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keyline_deploy.environment import Environment
from keyline_deploy.names import api_name
from keyline_deploy.project import LOCAL_STATE
from keyline_deploy.systems import names
from keyline_local import Ports, ask, issuer_url

RUN_SECONDS = 960
"""How long a command waits for a function: it runs for 900 s at most; the rest is for its start."""

_ADVICE = (
    "Stop what listens there (another `make up`?); or move every port, with `make up"
    " PORT_OFFSET=100` or `keyline up --port-offset 100`; or change it in environments/local.toml"
    " [local], for yourself alone in environments/local.override.toml."
)


def local_ports(environment: Environment) -> Ports:
    """Return the ports that the local environment declares.

    Raises
    ------
    ValueError
        If the environment is not the local one.
    """
    local = environment.local
    if local is None:
        raise ValueError(f"{environment.name} is not the local environment")
    apis = environment.api_ports(names())
    return Ports(
        api=local.api,
        apis={api_name(system, environment.name): port for system, port in apis.items()},
        advice=_ADVICE,
        **local.servers,
    )


def local_issuer(environment: Environment, state: Path | None) -> str:
    """Return the address of the local platform's issuer.

    Parameters
    ----------
    state
        The state folder that the user named. Where nobody named one, and nothing runs on the
        usual folder, it is the address that the environment declares.

    Raises
    ------
    KeylineError
        If nothing runs on the folder that was named.
    """
    if state is not None:
        return issuer_url(state)
    return issuer_url(LOCAL_STATE, environment.auth.issuer)


def ask_local(
    environment: Environment,
    state: Path | None,
    method: str,
    path: str,
    *,
    params: Mapping[str, str] | None = None,
    content: bytes | None = None,
    seconds: float = 120,
) -> Any:
    """Ask the local platform; `ask` says what the parameters are.

    Raises
    ------
    KeylineError
        If none runs, or it refuses.
    """
    issuer = local_issuer(environment, state)
    return ask(issuer, method, path, params=params, content=content, seconds=seconds)
