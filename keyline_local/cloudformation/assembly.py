"""Reads a cloud assembly (`cdk.out`): its stacks in the order they depend on each other.

The assembly is a documented file format (aws-cdk-lib/cloud-assembly-schema), so nothing
here imports aws_cdk: a start of the platform does not pay for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from keyline_local.host.errors import LocalPlatformError

LOCAL_ACCOUNT = "000000000000"
"""Stands in where a stack names no account."""
LOCAL_REGION = "us-east-1"
"""Stands in where a stack names no region."""

_STACK = "aws:cloudformation:stack"
_ASSETS = "cdk:asset-manifest"
_STAGE = "cdk:cloud-assembly"


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One stack of an assembly.

    Attributes
    ----------
    id
        The artifact's id in the manifest.
    name
        The CloudFormation name.
    parameters
        Values that the assembly gives to template parameters.
    """

    id: str
    name: str
    region: str
    account: str
    template: Mapping[str, Any]
    tags: Mapping[str, str]
    parameters: Mapping[str, str]

    def section(self, name: str) -> Mapping[str, Any]:
        """Return a section of the template, such as its `Resources`: each member is an object.

        Of a condition the resolver says what it may be.

        Raises
        ------
        LocalPlatformError
            The section or a member of it is something else.
        """
        section = self.template.get(name, {})
        members = section if isinstance(section, dict) else {"": section}
        for key, member in members.items():
            if not isinstance(member, dict) and not (key and name == "Conditions"):
                raise LocalPlatformError(
                    f"{self.name}/{name}/{key}".rstrip("/"),
                    f"{member!r} is not an object",
                    "see the CloudFormation reference of this section",
                )
        return members


@dataclass(frozen=True, kw_only=True)
class Assembly:
    """A synthesized app.

    Attributes
    ----------
    stacks
        In dependency order: what a stack needs comes before it.
    assets
        Object key in the assets bucket, as templates name it, to the asset's path.
    """

    path: Path
    stacks: Sequence[Stack]
    assets: Mapping[str, Path]


def read_assembly(path: Path) -> Assembly:
    """Read the cloud assembly in a folder.

    Raises
    ------
    LocalPlatformError
        There is no assembly, a file is missing or no JSON, a stage is nested in it.
    """
    artifacts: Mapping[str, Any] = _read_json(path / "manifest.json").get("artifacts", {})
    for name, artifact in artifacts.items():
        if artifact["type"] == _STAGE:
            raise LocalPlatformError(
                f"{path / 'manifest.json'}/{name}",
                "nested stages are not supported",
                "add the stacks to the app itself, not to a Stage",
            )
    stacks = {name: a for name, a in artifacts.items() if a["type"] == _STACK}
    manifests = [a["properties"]["file"] for a in artifacts.values() if a["type"] == _ASSETS]
    return Assembly(
        path=path,
        stacks=[_read_stack(path, name, stacks[name]) for name in _ordered(path, stacks)],
        assets=_read_assets(path, manifests),
    )


def _read_stack(path: Path, name: str, artifact: Mapping[str, Any]) -> Stack:
    properties = artifact["properties"]
    account, region = artifact["environment"].removeprefix("aws://").split("/")
    return Stack(
        id=name,
        name=properties.get("stackName", name),
        region=LOCAL_REGION if region == "unknown-region" else region,
        account=LOCAL_ACCOUNT if account == "unknown-account" else account,
        template=_read_json(path / properties["templateFile"]),
        tags=properties.get("tags", {}),
        parameters=properties.get("parameters", {}),
    )


def _ordered(path: Path, stacks: Mapping[str, Any]) -> Iterable[str]:
    needs = {
        name: [other for other in artifact.get("dependencies", []) if other in stacks]
        for name, artifact in stacks.items()
    }
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        raise LocalPlatformError(
            str(path / "manifest.json"),
            f"stacks depend on each other in a circle: {' -> '.join(error.args[1])}",
            "synthesize the app again; CDK refuses such an app",
        ) from error


def _read_assets(path: Path, manifests: Iterable[str]) -> dict[str, Path]:
    assets: dict[str, Path] = {}
    for manifest in manifests:
        for file in _read_json(path / manifest).get("files", {}).values():
            source = (path / file["source"]["path"]).resolve()
            for destination in file.get("destinations", {}).values():
                assets[destination["objectKey"]] = source
    return assets


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LocalPlatformError(
            str(path), "no such file", "synthesize the app first: `make synth ENV=local`"
        ) from None
    except json.JSONDecodeError as error:
        raise LocalPlatformError(
            str(path), f"no JSON: {error}", "remove the folder and synthesize the app again"
        ) from error
    return document
