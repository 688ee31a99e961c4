"""Reads a cloud assembly (`cdk.out`): its stacks in the order they depend on each other.

The assembly is a documented file format (aws-cdk-lib/cloud-assembly-schema), so nothing
here imports aws_cdk: a start of the platform does not pay for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
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


def read_assembly(path: Path, stacks: Sequence[str] = ()) -> Assembly:
    """Read the cloud assembly in a folder, with the stages in it.

    Parameters
    ----------
    stacks
        The ids or names of the stacks to read, and what these need is read with them; all stacks
        where none is named.

    Raises
    ------
    LocalPlatformError
        There is no assembly or no such stack, or a file is missing or is not JSON.
    """
    read = [*_read_folder(path)]
    found = [stack for each in read for stack in each.stacks]
    needs = {name: more for each in read for name, more in each.needs.items()}
    if stacks:
        wanted = set(_with_needs([_named(path, found, name) for name in stacks], needs))
        found = [stack for stack in found if stack.id in wanted]
    assets = {key: asset for each in read for key, asset in each.assets.items()}
    return Assembly(path=path, stacks=found, assets=assets)


@dataclass(frozen=True)
class _Folder:
    """The entries of a manifest; `needs` are the ids of the stacks that a stack depends on."""

    stacks: Sequence[Stack]
    needs: Mapping[str, Sequence[str]]
    assets: Mapping[str, Path]


def _read_folder(path: Path) -> Iterator[_Folder]:
    artifacts: Mapping[str, Any] = _read_json(path / "manifest.json").get("artifacts", {})
    stacks = {name: a for name, a in artifacts.items() if a["type"] == _STACK}
    manifests = [a["properties"]["file"] for a in artifacts.values() if a["type"] == _ASSETS]
    needs = {
        name: [other for other in artifact.get("dependencies", []) if other in stacks]
        for name, artifact in stacks.items()
    }
    yield _Folder(
        [_read_stack(path, name, stacks[name]) for name in _ordered(path, needs)],
        needs,
        _read_assets(path, manifests),
    )
    for artifact in artifacts.values():
        if artifact["type"] == _STAGE:
            yield from _read_folder(path / artifact["properties"]["directoryName"])


def _named(path: Path, stacks: Sequence[Stack], name: str) -> str:
    for stack in stacks:
        if name in (stack.id, stack.name):
            return stack.id
    known = ", ".join(sorted(stack.id for stack in stacks)) or "none"
    raise LocalPlatformError(
        str(path), f"the assembly has no stack {name!r}", f"name one of: {known}"
    )


def _with_needs(ids: Iterable[str], needs: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for each in ids:
        yield each
        yield from _with_needs(needs[each], needs)


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


def _ordered(path: Path, needs: Mapping[str, Sequence[str]]) -> Iterable[str]:
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
            str(path), "no such file", "synthesize the app first: `cdk synth --output FOLDER`"
        ) from None
    except json.JSONDecodeError as error:
        raise LocalPlatformError(
            str(path), f"not JSON: {error}", "remove the folder and synthesize the app again"
        ) from error
    return document
