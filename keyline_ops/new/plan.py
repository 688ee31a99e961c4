"""The plan of a new system: each file is created, appended to, or kept as it is."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from keyline.errors import KeylineError
from keyline_deploy import environment
from keyline_deploy.environment import LOCAL, LOCAL_PORT
from keyline_deploy.systems import folder
from keyline_ops.new import templates
from keyline_ops.new.words import Words
from keyline_ops.written import AGAIN, write_text

Action = Literal["create", "append", "keep", "derive"]
"""`derive` is of a file that follows from the others: documents and snapshots."""

_README_ROW = re.compile(r"^\| \[(\w+)\]\(systems/\1/README\.md\).*\n", re.MULTILINE)


class NoTableOfSystemsError(KeylineError):
    """The README has no table of systems to add a line to."""


@dataclass(frozen=True)
class Step:
    """The step for one file.

    Attributes
    ----------
    path
        Below the project's root.
    text
        What the whole file becomes; None where it stays, or follows from the others.
    """

    path: str
    action: Action
    text: str | None = None


@dataclass(frozen=True)
class Plan:
    """The plan of a new system, file by file.

    Attributes
    ----------
    port
        The port of the system's API on this machine.
    """

    words: Words
    port: int
    steps: tuple[Step, ...]

    @property
    def changes(self) -> bool:
        """Return whether anything is written."""
        return any(step.action != "keep" for step in self.steps)

    @property
    def derives(self) -> bool:
        """Return whether a document or a snapshot is made."""
        return any(step.action == "derive" for step in self.steps)

    def write(self, root: Path) -> None:
        """Write the files that are created or appended to."""
        for step in self.steps:
            if step.text is not None:
                write_text(root / step.path, step.text, AGAIN)


def plan(words: Words, root: Path, *, derive: bool) -> Plan:
    """Say what making a system does to each file; write nothing.

    Parameters
    ----------
    derive
        Whether documents and snapshots are made where they are missing.

    Raises
    ------
    EnvironmentFileError
        If an environment file cannot be read, or is not TOML.
    NoTableOfSystemsError
        If the README has no table of systems.
    KeylineError
        If a file is where a folder of the system has to be.
    """
    port = _port(words.system, _sections(root, LOCAL))
    steps = [
        *_created(words, root),
        *_environments(words, root, port),
        _readme(words, root, port),
        *(_derived(words, root) if derive else ()),
    ]
    return Plan(words, port, tuple(steps))


def _created(words: Words, root: Path) -> Iterator[Step]:
    for path, text in sorted(templates.rendered(words).items()):
        _check_parents(root, path)
        yield Step(path, "keep") if (root / path).exists() else Step(path, "create", text)


def _check_parents(root: Path, path: str) -> None:
    for parent in Path(path).parents:
        if (root / parent).exists() and not (root / parent).is_dir():
            raise KeylineError(
                str(parent),
                f"is a file, and {path} needs a folder of that name.",
                "Move the file, or choose another name for the system.",
            )


def _environments(words: Words, root: Path, port: int) -> Iterator[Step]:
    for name in environment.names(root / "environments"):
        path = f"environments/{name}.toml"
        if words.system in _sections(root, name).get("systems", {}):
            yield Step(path, "keep")
            continue
        head, rest = templates.section(words).split("\n", 1)
        local = f"{LOCAL_PORT} = {port}\n" if name == LOCAL else ""
        text = (root / path).read_text(encoding="utf-8").rstrip("\n")
        yield Step(path, "append", f"{text}\n\n{head}\n{local}{rest}")


def _readme(words: Words, root: Path, port: int) -> Step:
    text = (root / "README.md").read_text(encoding="utf-8")
    rows = list(_README_ROW.finditer(text))
    if any(row[1] == words.system for row in rows):
        return Step("README.md", "keep")
    if not rows:
        raise NoTableOfSystemsError(
            "README.md",
            "has no table of systems.",
            "Write a table with a line like `| [notes](systems/notes/README.md) | notes |`.",
        )
    end = rows[-1].end()
    line = templates.readme_line(words, port)
    return Step("README.md", "append", f"{text[:end]}{line}{text[end:]}")


def _derived(words: Words, root: Path) -> Iterator[Step]:
    own = folder(words.system, root)
    snapshots = root / "tests" / "systems" / words.system / "snapshot" / "__snapshots__"
    for path in (own / "data-model.md", own / "openapi.json", snapshots):
        yield Step(str(path.relative_to(root)), "keep" if path.exists() else "derive")


def _port(system: str, local: Mapping[str, Any]) -> int:
    """Return the port that a section says, or the next one that nothing has."""
    sections: Mapping[str, Mapping[str, Any]] = local.get("systems", {})
    if LOCAL_PORT in sections.get(system, {}):
        return int(sections[system][LOCAL_PORT])
    servers: Mapping[str, int] = local["local"]
    said = {part[LOCAL_PORT] for part in sections.values() if LOCAL_PORT in part}
    taken = {port for name, port in servers.items() if name != "api"} | said
    return next(port for port in itertools.count(servers["api"]) if port not in taken)


def _sections(root: Path, name: str) -> Mapping[str, Any]:
    return environment.read_table(root / "environments" / f"{name}.toml")
