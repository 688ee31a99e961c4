"""Make a document of the functions of a deployment, in a process of its own.

Handlers read their environment when they are imported, and an edited handler has to be
imported again: neither is for the process that asks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from keyline import variables
from keyline.errors import KeylineError
from keyline_local import Api, Deployment, Function

_SECONDS = 60.0
_NOWHERE = "http://127.0.0.1:9"  # discard (RFC 863): describing an API calls nobody


class NotDescribedError(KeylineError):
    """The handlers of an API could not be imported or described."""


def generate(functions: Sequence[Function], region: str) -> dict[str, Any]:
    """Describe the API that these functions serve.

    Parameters
    ----------
    functions
        With the sources they are bundled from, which are what is described.

    Raises
    ------
    NotDescribedError
        If a handler cannot be imported or described.
    """
    asked = [(function.handler, dict(function.environment)) for function in functions]
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "keyline_ops.openapi.child"],
            input=json.dumps(asked),
            env=_environment(functions, region),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NotDescribedError(
            "handlers",
            f"were not imported within {_SECONDS:g} s.",
            "Look for a handler that waits while it is imported.",
        ) from error
    if done.returncode:
        raise NotDescribedError(
            ", ".join(function.handler for function in functions),
            f"could not be described (exit code {done.returncode}).\n{done.stderr.strip()}",
            "Correct the handler.",
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def serving(api: Api, deployment: Deployment) -> list[Function]:
    """Return the functions of ours that the routes of an API lead to, in the deployment's order."""
    named = {route.function for route in api.routes}
    ours = (f for f in deployment.functions if variables.SYSTEM in f.environment)
    return [function for function in ours if function.name in named]


def _environment(functions: Iterable[Function], region: str) -> dict[str, str]:
    """Return what every function has, and nothing of who runs this."""
    folders = {
        str(folder)
        for function in functions
        for folder in ({source.parent for source in function.sources} or {function.code})
    }
    return {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": os.pathsep.join(sorted(folders)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_ENDPOINT_URL": _NOWHERE,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
