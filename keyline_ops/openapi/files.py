"""The documents in the repository: one file a system, as its local deployment is described."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from keyline import variables
from keyline.errors import KeylineError, instead_of
from keyline_deploy.project import ROOT
from keyline_deploy.systems import folder
from keyline_local import Deployment, Function, read_deployment
from keyline_ops.openapi.generate import generate, serving
from keyline_ops.synth import up_to_date

_ENVIRONMENT = "local"


def described(deployment: Deployment) -> dict[str, Sequence[Function]]:
    """Return the functions behind each API of ours in a deployment, by the name of its system."""
    found: dict[str, Sequence[Function]] = {}
    for api in deployment.apis:
        functions = serving(api, deployment)
        if functions:
            found[functions[0].environment[variables.SYSTEM]] = functions
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
    """Return the local environment, synthesized and read, with nothing of it running."""
    return deployment_of(up_to_date(_ENVIRONMENT))


def deployment_of(assembly: Path) -> Deployment:
    """Return the local environment as a synthesized assembly has it, with nothing of it running."""
    return read_deployment(assembly, root=ROOT)


def text_of(document: Mapping[str, Any]) -> str:
    """Return the document as it is printed and kept."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def path_of(system: str) -> Path:
    """Return where the document of a system is kept."""
    return folder(system) / "openapi.json"


def stale(deployment: Deployment) -> dict[Path, str]:
    """Return the documents that are not those of the handlers: what each should be, by its path."""
    texts = {
        path_of(name): text_of(document_of(name, deployment)) for name in described(deployment)
    }
    return {
        path: text
        for path, text in texts.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
