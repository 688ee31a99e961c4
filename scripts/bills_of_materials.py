"""Write a CycloneDX bill of materials for each bundle of an assembly: what functions carry.

    python scripts/bills_of_materials.py ASSEMBLY OUT

A bundle is an asset with packages. It keeps the METADATA of each of them, so that the bill is of
exactly what is deployed. `make security` runs it in the environment of `.ci/security.txt`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

_ASSET = "asset."


def bundles(assembly: Path) -> Iterator[Path]:
    """Yield the assets of an assembly that have packages in them."""
    for asset in sorted(assembly.glob(f"{_ASSET}*")):
        if any(asset.glob("*.dist-info/METADATA")):
            yield asset


def bill(bundle: Path) -> Bom:
    """Return what is in a bundle, under the digest that the asset is named by."""
    digest = bundle.name.removeprefix(_ASSET)
    made = Bom()
    made.metadata.component = Component(
        name=_system(bundle),
        type=ComponentType.APPLICATION,
        bom_ref=bundle.name,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
    )
    packages = [_component(file) for file in sorted(bundle.glob("*.dist-info/METADATA"))]
    for package in packages:
        made.components.add(package)
    made.register_dependency(made.metadata.component, packages)
    return made


def _component(metadata: Path) -> Component:
    told = HeaderParser().parsestr(metadata.read_text(encoding="utf-8"))
    name, version = told["Name"], told["Version"]
    licence = _licence(told)
    return Component(
        name=name,
        version=version,
        description=told["Summary"],
        purl=PackageURL("pypi", name=name.lower().replace("_", "-"), version=version),
        bom_ref=f"{name}=={version}",
        licenses=[LicenseFactory().make_from_string(licence)] if licence else [],
    )


def _licence(told: Message) -> str:
    """Return the licence of a package: a long text of it is left out, and its name taken."""
    said = str(told["License-Expression"] or told["License"] or "").strip()
    if said and "\n" not in said:
        return said
    classified = [c for c in told.get_all("Classifier", []) if c.startswith("License :: ")]
    return classified[0].rpartition(" :: ")[2] if classified else ""


def _system(bundle: Path) -> str:
    """Return the name of the package of ours in a bundle, next to `keyline`."""
    found = {file.parent.name for file in bundle.glob("*/system.py")}
    return "-".join(sorted(found)) or "keyline"


def main() -> None:
    """Write the bills, and say what was written."""
    assembly, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    for bundle in bundles(assembly):
        made = bill(bundle)
        digest = bundle.name.removeprefix(_ASSET)
        file = out / f"{_system(bundle)}-{digest[:16]}.cdx.json"
        writing = make_outputter(made, OutputFormat.JSON, SchemaVersion.V1_6)
        writing.output_to_file(str(file), allow_overwrite=True, indent=2)
        print(f"{file}: {len(made.components)} packages")
    if not any(out.glob("*.cdx.json")):
        sys.exit(f"{assembly}: there is no bundle in it.")


if __name__ == "__main__":
    main()
