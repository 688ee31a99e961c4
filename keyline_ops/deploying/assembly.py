"""Waves as files: a cloud assembly for each deployment, and `waves.json`, which puts them in order.

An assembly of a wave has the stacks that the wave deploys, with the assets that their templates
name. The files of assets are linked where the disk allows it, so that waves take little room.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from keyline.errors import KeylineError
from keyline_ops.deploying.mixing import ByHandError
from keyline_ops.deploying.waves import Stacks, Wave
from keyline_ops.plan.evaluate import Template

WAVES = "waves.json"
_MANIFEST = "manifest.json"
_STACK = "aws:cloudformation:stack"
_ASSETS = "cdk:asset-manifest"
_STAGE = "cdk:cloud-assembly"
_TEMPLATE_URL = "stackTemplateAssetObjectUrl"
_ASSET = "asset."
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")

Json = dict[str, Any]


class Fill(msgspec.Struct, frozen=True):
    """A backfill of the key of an index: `keyline migrate SYSTEM NAME --step backfill`."""

    system: str
    name: str


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One wave, as `waves.json` has it.

    Attributes
    ----------
    steps
        What it does, for people.
    folder
        The wave's cloud assembly, within the folder of the waves; empty for a backfill.
    stacks
        What the CDK calls the stacks that it deploys.
    after
        The digests of the templates of all stacks after it, by the names of the stacks.
    """

    steps: tuple[str, ...]
    after: dict[str, str]
    folder: str = ""
    stacks: tuple[str, ...] = ()
    fill: Fill | None = None


class Waves(msgspec.Struct, frozen=True, kw_only=True):
    """The waves of a deployment, in order.

    Attributes
    ----------
    before
        The digests of the templates that ran when the waves were planned.
    releases
        The paths of refused changes that the waves make because a release lets them through.
    """

    environment: str
    before: dict[str, str]
    entries: tuple[Entry, ...]
    releases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assembly:
    """A cloud assembly: its folder, and the ids of its stacks by the stacks' names."""

    folder: Path
    manifest: Json
    ids: Mapping[str, str]

    @classmethod
    def read(cls, folder: Path) -> Assembly:
        """Read the manifest of an assembly."""
        manifest: Json = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        found = {
            str(artifact["properties"].get("stackName", id)): id
            for id, artifact in manifest["artifacts"].items()
            if artifact["type"] == _STACK
        }
        return cls(folder, manifest, found)

    @property
    def has_stages(self) -> bool:
        """Return whether stages of the assembly, which are assemblies of their own, have stacks."""
        return any(each["type"] == _STAGE for each in self.manifest["artifacts"].values())

    def shown(self, stack: str) -> str:
        """Return what the CDK's command line calls a stack."""
        id = self.ids[stack]
        return str(self.manifest["artifacts"][id].get("displayName", id))


def digest(template: Template | None) -> str:
    """Return what tells a template from others; empty without a template.

    CloudFormation gives a template back with `?` for every character that is not ASCII.
    """
    if template is None:
        return ""
    text = json.dumps(template, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(_NOT_ASCII.sub("?", text).encode()).hexdigest()


def digests(stacks: Stacks) -> dict[str, str]:
    """Return the digests of the templates of stacks."""
    return {name: digest(stack.template) for name, stack in stacks.items()}


def restored(running: Any, target: Any) -> Any:
    """Return what runs, with the characters that CloudFormation gave back as `?`.

    The characters are known where the target has the same text.
    """
    if isinstance(running, dict) and isinstance(target, dict):
        return {key: restored(value, target.get(key)) for key, value in running.items()}
    if isinstance(running, list) and isinstance(target, list) and len(running) == len(target):
        return [restored(one, other) for one, other in zip(running, target, strict=True)]
    is_same = isinstance(target, str) and _NOT_ASCII.sub("?", target) == running
    return target if is_same else running


# -------------------------------------------------------------------------------- writing


def write_waves(
    environment: str,
    source: Path,
    running: Stacks,
    waves: Sequence[Wave],
    fills: Mapping[int, Sequence[Fill]],
    folder: Path,
    releases: Iterable[str] = (),
) -> Waves:
    """Write the assembly of each wave and their order, in the place of what is in the folder.

    Parameters
    ----------
    source
        The cloud assembly that is to be deployed in the end.
    fills
        The backfills that follow on a wave, by its number from 0.

    Raises
    ------
    ByHandError
        If there are several waves, and stacks in stages.
    KeylineError
        If the folder has something else in it.
    """
    assembly = Assembly.read(source)
    if assembly.has_stages and len(waves) > 1:
        raise ByHandError(
            str(source),
            "has stages, whose stacks the command does not take apart.",
            "Make the deployments that `keyline plan` prints yourself.",
        )
    _clear(folder)
    entries = []
    for number, wave in enumerate(waves):
        after, name = digests(wave.stacks), str(number + 1)
        if number == len(waves) - 1:
            _copy_tree(source, folder / name)
            stacks: tuple[str, ...] = ()
        else:
            _write_wave(assembly, wave, folder / name)
            stacks = tuple(assembly.shown(stack) for stack in wave.changed)
        entries.append(Entry(steps=wave.steps, folder=name, stacks=stacks, after=after))
        for fill in fills.get(number, ()):
            told = f"{fill.name}: give the items of before the key of the index"
            entries.append(Entry(steps=(told,), fill=fill, after=after))
    made = Waves(
        environment=environment,
        before=digests(running),
        entries=tuple(entries),
        releases=tuple(releases),
    )
    (folder / WAVES).write_bytes(msgspec.json.format(msgspec.json.encode(made)) + b"\n")
    return made


def read_waves(folder: Path) -> Waves:
    """Read the order of waves.

    Raises
    ------
    KeylineError
        If the folder holds no waves.
    """
    file = folder / WAVES
    try:
        return msgspec.json.decode(file.read_bytes(), type=Waves)
    except (OSError, msgspec.MsgspecError) as error:
        raise KeylineError(
            str(file),
            f"does not say which waves there are: {error}",
            "Write them with `keyline deploy --dry-run --output FOLDER`.",
        ) from error


def forget_waves(folder: Path) -> None:
    """Delete the waves of an earlier plan, so that nobody takes them for those of a later one."""
    if (folder / WAVES).exists():
        shutil.rmtree(folder)


def _clear(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / WAVES).exists():
        raise KeylineError(
            str(folder), "is not empty, and holds no waves.", "Name a folder that is empty."
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _write_wave(assembly: Assembly, wave: Wave, folder: Path) -> None:
    """Write an assembly of the stacks that a wave deploys, in which each stands for itself."""
    folder.mkdir()
    kept: Json = {}
    for name in wave.changed:
        id = assembly.ids[name]
        artifact = json.loads(json.dumps(assembly.manifest["artifacts"][id]))
        text = json.dumps(wave.stacks[name].template, indent=1)
        own = _assets_of(assembly, artifact)
        for asset_id, file in own.items():
            _write_assets(assembly, artifact, file, text, folder)
            kept[asset_id] = assembly.manifest["artifacts"][asset_id]
        file = artifact["properties"]["templateFile"]
        (folder / file).write_text(text, encoding="utf-8")
        among = {assembly.ids[each] for each in wave.changed} | own.keys()
        artifact["dependencies"] = [d for d in artifact.get("dependencies", []) if d in among]
        if metadata := artifact.get("additionalMetadataFile"):
            _copy(assembly.folder / metadata, folder / metadata)
        kept[id] = artifact
    manifest = {**assembly.manifest, "artifacts": kept}
    (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def _assets_of(assembly: Assembly, stack: Json) -> dict[str, str]:
    """Return the lists of the assets of a stack: their ids, and the files that they are in."""
    artifacts = assembly.manifest["artifacts"]
    return {
        id: str(artifacts[id]["properties"]["file"])
        for id in stack.get("dependencies", [])
        if artifacts[id]["type"] == _ASSETS
    }


def _write_assets(assembly: Assembly, stack: Json, file: str, template: str, folder: Path) -> None:
    """Write the list of the assets that a template names, the template itself among them."""
    listed: Json = json.loads((assembly.folder / file).read_text(encoding="utf-8"))
    kept: Json = {}
    for id, asset in listed.get("files", {}).items():
        path = str(asset["source"].get("path", ""))
        if path == stack["properties"]["templateFile"]:
            new = hashlib.sha256(template.encode()).hexdigest()
            kept[new] = json.loads(json.dumps(asset).replace(id, new))
            url = stack["properties"].get(_TEMPLATE_URL)
            if url:
                stack["properties"][_TEMPLATE_URL] = url.replace(id, new)
        elif _is_named(asset, template):
            kept[id] = asset
            _copy(assembly.folder / path, folder / path)
    images = {
        id: image
        for id, image in listed.get("dockerImages", {}).items()
        if id in template or _is_named(image, template)
    }
    for image in images.values():
        if directory := image["source"].get("directory"):
            _copy(assembly.folder / directory, folder / directory)
    made = {**listed, "files": kept, "dockerImages": images}
    (folder / file).write_text(json.dumps(made, indent=1), encoding="utf-8")


def _is_named(asset: Json, template: str) -> bool:
    return any(
        str(each.get("objectKey") or each.get("imageTag")) in template
        for each in asset["destinations"].values()
    )


def _copy(source: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        if not to.exists():
            _copy_tree(source, to)
    elif source.exists():
        shutil.copy2(source, to)


def _copy_tree(source: Path, to: Path) -> None:
    """Copy a folder; what is named by its content is linked, since nothing writes it again."""
    to.mkdir(parents=True, exist_ok=True)
    for each in sorted(source.iterdir()):
        if each.is_dir() and each.name.startswith(_ASSET):
            shutil.copytree(each, to / each.name, symlinks=True, copy_function=_link)
        elif each.is_dir():
            _copy_tree(each, to / each.name)
        else:
            shutil.copy2(each, to / each.name)


def _link(source: str, to: str) -> None:
    """Link a file, or copy it where the file system does not link."""
    try:
        os.link(source, to)
    except OSError:
        shutil.copy2(source, to)
