"""The part of a synthesized environment that the emulator deploys, and its differences.

Three things differ, and nothing else:

* the wheels in the bundles are this machine's, as the emulator runs functions with its Python;
* the token issuer is one that runs beside the tests;
* resources that the emulator refuses are left out, and `Deployable.refused` names them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app import bundler
from keyline_deploy.bundling import Target
from keyline_deploy.systems import systems

Template = dict[str, Any]
Edit = Callable[[Template], None]

FUNCTION = "AWS::Lambda::Function"
AUTHORIZER = "AWS::ApiGatewayV2::Authorizer"
ALARM = "AWS::CloudWatch::Alarm"
REFUSED_TYPES = {
    "AWS::Budgets::Budget",
    "AWS::CloudWatch::AnomalyDetector",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::Logs::QueryDefinition",
}


@dataclass(frozen=True)
class Deployable:
    """A cloud assembly that the emulator takes.

    Attributes
    ----------
    path
        Its folder.
    stacks
        The names of its stacks.
    refused
        The construct paths of the resources that were left out.
    issuers
        The token issuers that were replaced.
    """

    path: Path
    stacks: tuple[str, ...]
    refused: tuple[str, ...]
    issuers: tuple[str, ...]


def deployable(
    assembly: Path, out: Path, *, issuer: str, edit: Edit = lambda template: None
) -> Deployable:
    """Copy an assembly and change what has to differ.

    Parameters
    ----------
    issuer
        The URL of the token issuer that runs.
    edit
        A further change of each template.
    """
    shutil.copytree(assembly, out)
    _replace_bundles(out)
    refused: list[str] = []
    issuers: list[str] = []
    for file in _templates(out):
        template = _read(file)
        refused += _leave_out_refused(template)
        issuers += _replace_issuer(template, issuer)
        edit(template)
        _write(template, file)
    return Deployable(out, tuple(_stack_names(out)), tuple(refused), tuple(issuers))


def resources(template: Template, kind: str) -> Iterator[dict[str, Any]]:
    """Return the resources of a type."""
    return (r for r in template["Resources"].values() if r["Type"] == kind)


def _leave_out_refused(template: Template) -> list[str]:
    every: dict[str, dict[str, Any]] = template["Resources"]
    refused = {id: resource for id, resource in every.items() if _is_refused(resource)}
    template["Resources"] = {id: every[id] for id in every.keys() - refused.keys()}
    return sorted(resource["Metadata"]["aws:cdk:path"] for resource in refused.values())


def _is_refused(resource: Mapping[str, Any]) -> bool:
    computes = resource["Type"] == ALARM and "Metrics" in resource["Properties"]
    return computes or resource["Type"] in REFUSED_TYPES


def _replace_issuer(template: Template, issuer: str) -> list[str]:
    replaced = []
    for authorizer in resources(template, AUTHORIZER):
        configuration = authorizer["Properties"]["JwtConfiguration"]
        replaced.append(configuration["Issuer"])
        configuration["Issuer"] = issuer
    return replaced


def _replace_bundles(out: Path) -> None:
    """Put bundles for this machine in the place of those for Lambda; once for each asset."""
    functions = {
        function["Metadata"]["aws:asset:path"]: _variables(function)
        for file in _templates(out)
        for function in resources(_read(file), FUNCTION)
        if "KEYLINE_SYSTEM" in _variables(function)
    }
    put_together = bundler(Target.HOST, out / "host")
    declared = {system.name: system for system in systems()}
    for asset, variables in functions.items():
        shutil.rmtree(out / asset)
        system = declared[variables["KEYLINE_SYSTEM"]]
        made = put_together(system, system.function(variables["KEYLINE_FUNCTION"]))
        made.path.rename(out / f"asset.{made.digest}")
        _rename(asset.removeprefix("asset."), made.digest, out)


def _variables(function: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = function["Properties"].get("Environment", {}).get("Variables", {})
    return found


def _templates(assembly: Path) -> list[Path]:
    return sorted(assembly.glob("*.template.json"))


def _read(file: Path) -> Template:
    template: Template = json.loads(file.read_text())
    return template


def _write(template: Template, file: Path) -> None:
    """Write a template under the hash of its content, by which it is uploaded, or known already."""
    text = json.dumps(template, indent=1)
    file.write_text(text)
    stack = file.name.removesuffix(".template.json")
    assets = json.loads((file.parent / f"{stack}.assets.json").read_text())["files"]
    for asset in assets.values():
        if asset["source"]["path"] == file.name:
            (destination,) = asset["destinations"].values()
            known = str(destination["objectKey"]).removesuffix(".json")
            _rename(known, hashlib.sha256(text.encode()).hexdigest(), file.parent)


def _rename(digest: str, new: str, assembly: Path) -> None:
    for file in assembly.glob("*.json"):
        file.write_text(file.read_text().replace(digest, new))


def _stack_names(assembly: Path) -> Iterator[str]:
    manifest = json.loads((assembly / "manifest.json").read_text())
    for artifact in manifest["artifacts"].values():
        if artifact["type"] == "aws:cloudformation:stack":
            yield artifact["properties"]["stackName"]
