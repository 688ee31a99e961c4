"""Write constraints.txt: every package that the requirements bring, at the version installed.

requirements.txt names what we chose; this pins what came with it, so that a set-up next
year installs what was tested today. `make lock` runs it after a deliberate update.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent

_HEADER = """\
# What the requirements bring with them, pinned. Written by `make lock`; not edited by hand.
"""


def main() -> None:
    path = ROOT / "constraints.txt"
    pins = previous_pins(path.read_text(encoding="utf-8") if path.exists() else "")
    pins |= installed_pins(direct_requirements(ROOT))
    lines = [f"{name}=={version}\n" for name, version in sorted(pins.items())]
    path.write_text(_HEADER + "".join(lines), encoding="utf-8")
    print(f"constraints.txt: {len(lines)} packages pinned")


def previous_pins(text: str) -> dict[str, str]:
    """Keep the pins that this platform and Python do not need; another one does.

    A name that is installed here is pinned again, or dropped when it is not used.
    """
    pins = dict(re.findall(r"^([a-z0-9-]+)==(\S+)$", text, re.MULTILINE))
    return {name: version for name, version in pins.items() if not is_installed(name)}


def is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def direct_requirements(root: Path) -> list[Requirement]:
    """Read requirements.txt and those of the bundles."""
    files = [root / "requirements.txt", *(root / "lambda_src").glob("**/requirements.txt")]
    return [
        req
        for file in sorted(files)
        for req in parse(file.read_text(encoding="utf-8").splitlines())
    ]


def parse(lines: Iterable[str]) -> Iterator[Requirement]:
    for line in lines:
        text = line.partition("#")[0].strip()
        if not text or text.startswith("-"):
            continue
        try:
            yield Requirement(text)
        except InvalidRequirement as error:
            sys.exit(f"requirements: {text!r} cannot be read: {error}")


def installed_pins(requirements: Iterable[Requirement]) -> dict[str, str]:
    """Follow the requirements through the installed packages, extras and markers included."""
    pins: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    queue = list(wanted(requirements, ""))
    while queue:
        name, extra = queue.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        package = distribution(name)
        pins[name] = Version(package.version).public
        queue += wanted(map(Requirement, package.requires or ()), extra)
    return pins


def wanted(requirements: Iterable[Requirement], extra: str) -> Iterator[tuple[str, str]]:
    """Yield (package, extra) for what this Python and platform need."""
    for requirement in requirements:
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            for inner in ("", *sorted(requirement.extras)):
                yield canonicalize_name(requirement.name), inner


if __name__ == "__main__":
    main()
