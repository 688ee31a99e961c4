"""The documents in the repository: one file a system, as its local deployment is described."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from keyline.problem import KeylineError, instead_of
from ops.local.cloudformation.assembly import read_assembly
from ops.local.cloudformation.deployment import read_deployment
from ops.local.cloudformation.secret_store import SecretStore
from ops.local.ports import Ports, endpoints
from ops.local.resources import Deployment, Function
from ops.openapi.generate import generate, serving
from ops.project import ROOT
from ops.synth import synthesize

FOLDER = ROOT / "docs" / "api"
"""Where the documents are."""

_ENVIRONMENT = "local"


def described(deployment: Deployment) -> dict[str, Sequence[Function]]:
    """The functions behind each API of ours in a deployment, by the name of its system."""
    found: dict[str, Sequence[Function]] = {}
    for api in deployment.apis:
        functions = serving(api, deployment)
        if functions:
            found[functions[0].environment["KEYLINE_SYSTEM"]] = functions
    return found


def document_of(system: str, deployment: Deployment) -> dict[str, Any]:
    """Describe one system's API.

    Raises
    ------
    KeylineError
        If there is no such API, or its handlers cannot be described.
    """
    found = described(deployment)
    if system not in found:
        raise KeylineError(system, "has no API.", instead_of(system, found))
    return generate(found[system], deployment.region)


def local_deployment() -> Deployment:
    """The local environment, synthesized and read, with nothing of it running."""
    with tempfile.TemporaryDirectory() as folder:
        return deployment_of(synthesize(_ENVIRONMENT, Path(folder)))


def deployment_of(assembly: Path) -> Deployment:
    """The local environment as a synthesized assembly has it, with nothing of it running."""
    return read_deployment(
        read_assembly(assembly),
        endpoints(Ports(), apis=[0] * 16),
        root=ROOT,
        secrets=SecretStore(),
    )


def text_of(document: Mapping[str, Any]) -> str:
    """The document as it is printed and kept."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def path_of(system: str) -> Path:
    """Where a system's document is kept."""
    return FOLDER / f"{system}.json"
