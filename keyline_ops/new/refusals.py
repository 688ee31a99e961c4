"""Refuse a name that a new system cannot have in this project."""

from __future__ import annotations

import importlib.util
import keyword
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from keyline.model import LONGEST_ENVIRONMENT, System
from keyline_ops.new import templates
from keyline_ops.new.words import BadNameError, Words

_OTHER = "Choose another name."


class NameTakenError(BadNameError):
    """A name that something else has."""


def check(words: Words, root: Path, systems: Iterable[System]) -> None:
    """Refuse names that are taken, or that would not work as a module or in the files.

    Parameters
    ----------
    systems
        The systems of the project.

    Raises
    ------
    BadNameError
        If a name cannot be used. A NameTakenError if something else has it.
    """
    _check_package(words.system, root)
    _check_words(words)
    _check_own_folder(words, root)
    _check_tables(words, systems)
    _check_stream(words, root)


def _check_words(words: Words) -> None:
    for name, path in ((words.system, "SYSTEM"), (words.item, "--item")):
        if keyword.iskeyword(name):
            raise BadNameError(path, f"{name!r} is a keyword of Python.", _OTHER)
    for name in sorted(words.identifiers & templates.identifiers()):
        path = "SYSTEM" if name.lower() == words.system else "--item"
        of = words.system if path == "SYSTEM" else words.item
        raise BadNameError(
            path,
            f"{of!r} does not work: the files of a new system use the name {name!r} themselves.",
            f"Choose another name, such as {of}_entry." if path == "--item" else _OTHER,
        )


def _check_package(system: str, root: Path) -> None:
    if system in sys.stdlib_module_names:
        raise NameTakenError("SYSTEM", f"{system!r} is a module of Python itself.", _OTHER)
    own = root / "lambda_src" / system
    for place in _places(system):
        if place != own:
            inside = place.is_relative_to(root) and "site-packages" not in place.parts
            what = "a package of this project" if inside else "an installed package"
            raise NameTakenError("SYSTEM", f"{system!r} is {what}.", _OTHER)
    if (root / "examples" / system).is_dir():
        raise NameTakenError("SYSTEM", f"{system!r} is the example examples/{system}.", _OTHER)


def _places(module: str) -> Iterator[Path]:
    """Yield where Python would find a module of this name."""
    found = importlib.util.find_spec(module)
    if found is None:
        return
    if found.submodule_search_locations is not None:
        yield from (Path(place).resolve() for place in found.submodule_search_locations)
    elif found.origin is not None:
        yield Path(found.origin).resolve()


def _check_own_folder(words: Words, root: Path) -> None:
    """Refuse a package that has files of which none is as this command writes it."""
    below = f"lambda_src/{words.system}/"
    own = root / below
    as_written = (
        path
        for path, text in templates.rendered(words).items()
        if text and path.startswith(below) and (root / path).is_file()
        if (root / path).read_text(encoding="utf-8") == text
    )
    if any(own.rglob("*.py")) and not any(as_written):
        what = "system" if (own / "system.py").is_file() else "package"
        raise NameTakenError(
            "SYSTEM",
            f"{words.system!r} is a {what} of this project, lambda_src/{words.system}.",
            _OTHER,
        )


def _check_tables(words: Words, systems: Iterable[System]) -> None:
    own = {f"{table}-{LONGEST_ENVIRONMENT}": table for table in words.tables}
    for system in systems:
        for table in system.tables:
            name = own.get(table.physical_name(LONGEST_ENVIRONMENT))
            if name is not None and system.name != words.system:
                raise NameTakenError(
                    "SYSTEM",
                    f"{words.system!r} would have the table {name}, which {system.name} has.",
                    _OTHER,
                )


def _check_stream(words: Words, root: Path) -> None:
    handler = root / templates.STREAM_HANDLER.format(system=words.system)
    declared = root / "lambda_src" / words.system / "system.py"
    if words.stream and declared.exists() and not handler.exists():
        raise NameTakenError(
            "--stream",
            f"{words.system!r} is there already, without a stream consumer.",
            "Add the consumer by hand (docs/declaration.md, Functions and the system), or delete "
            "the system and make it with --stream.",
        )
