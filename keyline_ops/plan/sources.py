"""Sources that `--from` and `--to` name: a template, a cloud assembly, a git revision."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keyline_ops.plan.errors import UnjudgedError
from keyline_ops.plan.evaluate import Stack
from keyline_ops.plan.templates import read_template
from keyline_ops.revisions import commit_of, synthesize, unpacked

_MANIFEST = "manifest.json"


def stacks_of(source: str, environment: str) -> list[Stack]:
    """Return the stacks that a source has.

    Parameters
    ----------
    source
        A template's file, the folder of a cloud assembly, or a git revision.
    environment
        Which environment of a git revision is synthesized.

    Raises
    ------
    UnjudgedError
        If the source is something else, or has no stacks.
    """
    path = Path(source)
    if path.is_dir():
        return read_assembly(path)
    if path.is_file():
        return [Stack("", read_template(path))]
    commit = commit_of(source)
    if commit is None:
        raise UnjudgedError(
            source,
            "is not a file, not a folder and not a git revision of this project.",
            "Name a template, the folder of a cloud assembly, or a revision such as HEAD~1.",
        )
    return _of_revision(source, commit, environment)


# ----------------------------------------------------------------------------- assemblies


def read_assembly(folder: Path) -> list[Stack]:
    """Return the stacks of a cloud assembly, those of its stages and nested ones included.

    Raises
    ------
    UnjudgedError
        If the folder is not a cloud assembly.
    """
    manifest = folder / _MANIFEST
    try:
        artifacts: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))["artifacts"]
    except (OSError, ValueError, KeyError) as error:
        raise UnjudgedError(
            str(folder), f"is not a cloud assembly: {error}", "Name the folder that cdk synth made."
        ) from error
    found = [stack for id, each in artifacts.items() for stack in _artifact(folder, id, each)]
    if not found:
        raise UnjudgedError(str(folder), "has no stacks.", "Name the folder that cdk synth made.")
    return found


def _artifact(folder: Path, id: str, artifact: dict[str, Any]) -> Iterator[Stack]:
    given = artifact.get("properties", {})
    if artifact.get("type") == "cdk:cloud-assembly":
        yield from read_assembly(folder / given["directoryName"])
    elif artifact.get("type") == "aws:cloudformation:stack":
        name = str(given.get("stackName", id))
        account, _, region = str(artifact.get("environment", "")).rpartition("/")
        protected = given.get("terminationProtection") is True
        template = read_template(folder / given["templateFile"])
        yield Stack(name, template, protected, region, account)
        yield from _nested(folder, name, template)


def _nested(folder: Path, owner: str, template: Any) -> Iterator[Stack]:
    for logical_id, resource in template["Resources"].items():
        asset = resource.get("Metadata", {}).get("aws:asset:path")
        if resource.get("Type") == "AWS::CloudFormation::Stack" and asset:
            nested = read_template(folder / asset)
            name = f"{owner}.{logical_id}"
            yield Stack(name, nested)
            yield from _nested(folder, name, nested)


# ------------------------------------------------------------------------------ revisions


def _of_revision(revision: str, commit: str, environment: str) -> list[Stack]:
    with unpacked(commit) as tree, tempfile.TemporaryDirectory(prefix="keyline-plan-") as out:
        assembly = Path(out, "assembly")
        failed = synthesize(tree, environment, assembly)
        if failed is not None:
            raise UnjudgedError(
                f"revision {revision}",
                f"does not synthesize {environment}:\n{failed}",
                "Synthesize it yourself, and name the folder of the cloud assembly.",
            )
        return read_assembly(assembly)
