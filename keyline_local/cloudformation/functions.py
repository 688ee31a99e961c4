"""Lambda functions of the templates, with their code, layers and roles."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from keyline_deploy.bundling import SOURCES
from keyline_local.cloudformation.named import Named
from keyline_local.cloudformation.permissions import Roles
from keyline_local.cloudformation.properties import check_properties
from keyline_local.cloudformation.scalars import as_text, bound
from keyline_local.cloudformation.templates import Resource, Templates, is_custom
from keyline_local.host.errors import LocalPlatformError
from keyline_local.resources import RETRIES, Function

FUNCTION = "AWS::Lambda::Function"
LAYER = "AWS::Lambda::LayerVersion"
INVOKE_CONFIG = "AWS::Lambda::EventInvokeConfig"

_PYTHON = re.compile(r"python3\.\d+")
_DEFAULT_TIMEOUT = 3.0  # seconds, AWS::Lambda::Function
_DEFAULT_MEMORY = 128  # MiB
_INLINE = "index.py"  # what Lambda calls the file of inline code


@dataclass
class Unpacked:
    """The place of code that is not a folder of the assembly: inline code and zip files.

    Attributes
    ----------
    folder
        A folder to keep it in; one for temporary files where none is named.
    """

    folder: Path | None = None

    @cached_property
    def _kept(self) -> Path:
        return self.folder or Path(tempfile.mkdtemp(prefix="keyline-"))

    def inline(self, name: str, text: str) -> Path:
        """Return a folder that has inline code in its file."""
        code = self._kept / name
        code.mkdir(parents=True, exist_ok=True)
        (code / _INLINE).write_text(text, encoding="utf-8")
        return code

    def archive(self, archive: Path) -> Path:
        """Return a folder with what a zip file holds."""
        code = self._kept / archive.stem
        if not code.exists():
            with zipfile.ZipFile(archive) as opened:
                opened.extractall(code)
        return code


def functions(templates: Templates, root: Path, unpacked: Unpacked) -> list[Function]:
    """Return the functions, but for those that only serve a custom resource.

    Parameters
    ----------
    root
        The project's folder; function sources are relative to it.

    Raises
    ------
    LocalPlatformError
        A function has another runtime than Python, or code, a role or a layer from elsewhere.
    """
    reader = _Reader(templates, root, unpacked)
    providers = _providers(templates)
    return templates.read(
        reader.function, FUNCTION, other_than=lambda resource: resource.path in providers
    )


def _providers(templates: Templates) -> set[str]:
    """Return the paths of the functions that custom resources call.

    The platform runs no custom resource, so it need not run what carries it out.
    """
    found = set()
    for resource in templates.resources():
        token = resource.properties.get("ServiceToken") if is_custom(resource.type) else None
        match token:
            case {"Fn::GetAtt": [str(logical_id), _]} | {"Ref": str(logical_id)}:
                found.add(f"{resource.stack.name}/Resources/{logical_id}")
    return found


class _Reader:
    def __init__(self, templates: Templates, root: Path, unpacked: Unpacked) -> None:
        self._templates = templates
        self._root = root
        self._unpacked = unpacked
        self._roles = Roles(templates)
        layers = templates.read(
            lambda r: (templates.identity(r).ref, self._code(r, "Content")), LAYER
        )
        self._layers = Named("layer", dict(layers), templates.refusals.names)
        self._names = Named(
            "Lambda function",
            {name: name for name in templates.read(lambda r: templates.identity(r).ref, FUNCTION)},
            templates.refusals.names,
        )
        self._retries: dict[str, int] = {}
        templates.read(self._retry, INVOKE_CONFIG)

    def function(self, resource: Resource) -> Function:
        properties = self._templates.properties(resource)
        check_properties(resource.type, properties, resource.path)
        _check_runtime(properties, resource)
        identity = self._templates.identity(resource)
        variables = properties.get("Environment", {}).get("Variables", {})
        role, statements = self._roles.find(properties["Role"], f"{resource.path}/Role")
        return Function(
            logical_id=resource.logical_id,
            name=identity.ref,
            arn=identity.attributes["Arn"],
            handler=properties["Handler"],
            runtime=properties["Runtime"],
            code=self._code(resource, "Code"),
            environment={key: as_text(value) for key, value in variables.items()},
            timeout=float(properties.get("Timeout", _DEFAULT_TIMEOUT)),
            memory=int(properties.get("MemorySize", _DEFAULT_MEMORY)),
            role=role,
            statements=statements,
            layers=[
                self._layers.find(arn, f"{resource.path}/Layers")
                for arn in properties.get("Layers", [])
            ],
            retries=self._retries.get(identity.ref, RETRIES),
            concurrency=bound(properties.get("ReservedConcurrentExecutions")),
            sources=[
                (self._root / source).resolve() for source in resource.metadata.get(SOURCES, [])
            ],
        )

    def _retry(self, resource: Resource) -> None:
        """Take note of how often an invocation of a function is repeated."""
        properties = self._templates.properties(resource)
        check_properties(resource.type, properties, resource.path)
        name = str(properties["FunctionName"]).rpartition(":function:")[2].partition(":")[0]
        self._names.find(name, f"{resource.path}/Properties/FunctionName")
        retries = int(properties.get("MaximumRetryAttempts", RETRIES))
        if self._retries.setdefault(name, retries) != retries:
            raise LocalPlatformError(
                f"{resource.path}/Properties/MaximumRetryAttempts",
                f"another configuration of {name} has another number: a function has no versions "
                "here",
                "give all qualifiers of the function the same number",
            )

    def _code(self, resource: Resource, key: str) -> Path:
        code: Mapping[str, Any] = self._templates.properties(resource)[key]
        path = f"{resource.path}/Properties/{key}"
        if isinstance(code.get("ZipFile"), str):
            return self._unpacked.inline(self._templates.identity(resource).ref, code["ZipFile"])
        asset = self._templates.assembly.assets.get(code.get("S3Key", ""))
        if asset is None:
            raise LocalPlatformError(
                path,
                "the code is not an asset of the assembly (images are not supported)",
                "use lambda.Code.from_asset",
            )
        if zipfile.is_zipfile(asset):
            return self._unpacked.archive(asset)
        if not asset.is_dir():
            raise LocalPlatformError(
                path,
                f"the asset {asset} is neither a folder nor a zip file",
                "synthesize the app again",
            )
        return asset


def _check_runtime(properties: Mapping[str, Any], resource: Resource) -> None:
    if properties.get("PackageType", "Zip") != "Zip":
        raise LocalPlatformError(
            f"{resource.path}/Properties/PackageType",
            "the local platform runs no images",
            "run the app on an emulator of AWS, or leave the function out of this assembly",
        )
    runtime = properties["Runtime"]
    if not _PYTHON.fullmatch(runtime):
        raise LocalPlatformError(
            f"{resource.path}/Properties/Runtime",
            f"the local platform runs Python, not {runtime!r}",
            "run the app on an emulator of AWS, or leave the function out of this assembly",
        )
