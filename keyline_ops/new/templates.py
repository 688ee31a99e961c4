"""Render the templates of a new system, formatted as the project's files are."""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import jinja2

from keyline.errors import KeylineError
from keyline_deploy.project import ROOT
from keyline_ops.new.words import Words, quoted

_FOLDER = Path(__file__).parent / "templates"
_SUFFIX = ".jinja"
_SYSTEM = "SYSTEM"
"""What the name of a template has in place of the system's name."""
STREAM_HANDLER = "lambda_src/{system}/handlers/newest_stream.py"


class FormatFailedError(KeylineError):
    """Ruff did not format what was rendered; its own output says why."""


@cache
def rendered(words: Words) -> Mapping[str, str]:
    """Return the files of a new system, by their paths below the project's root.

    Raises
    ------
    FormatFailedError
        If ruff does not take them.
    """
    return _formatted(_unformatted(words))


def section(words: Words) -> str:
    """Return the system's section of an environment's file."""
    return _filled("additions/section.toml", words)


def readme_line(words: Words, port: int) -> str:
    """Return the system's line in the README's table."""
    return _filled("additions/README.line.md", words, port=port)


@cache
def identifiers() -> frozenset[str]:
    """Return the names that the files use whatever the system and its items are called."""
    words = Words(system="qqsystem", item="qqitem", title="Title", stream=True)
    found = (
        name
        for path, text in _unformatted(words).items()
        if path.endswith(".py")
        for node in ast.walk(ast.parse(text))
        for name in _names_of(node)
    )
    return frozenset(name for name in found if "qq" not in name.lower())


def _names_of(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.alias(name=name):
            yield name.partition(".")[0]


def _unformatted(words: Words) -> dict[str, str]:
    parts = ("system", "stream") if words.stream else ("system",)
    return {
        _path(name, words): _filled(f"{part}/{name}", words)
        for part in parts
        for name in _names(part)
    }


def _names(part: str) -> list[str]:
    folder = _FOLDER / part
    files = sorted(file for file in folder.rglob(f"*{_SUFFIX}"))
    return [file.relative_to(folder).as_posix().removesuffix(_SUFFIX) for file in files]


def _path(name: str, words: Words) -> str:
    return name.replace(_SYSTEM, words.system)


def _filled(name: str, words: Words, **more: int) -> str:
    return _templates().get_template(name + _SUFFIX).render(words.context(), **more)


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - source code, not HTML
    )
    environment.filters["quoted"] = quoted
    return environment


def _formatted(files: Mapping[str, str]) -> dict[str, str]:
    """Sort imports and set lines as the project's configuration says."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, text in files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        roots = [
            base / part for base in (folder, ROOT) for part in ("", "constructs", "lambda_src")
        ]
        sources = f"src = [{', '.join(quoted(str(root)) for root in roots)}]"
        for command in (("check", "--select", "I", "--fix-only"), ("format",)):
            _ruff(*command, "--config", str(ROOT / "pyproject.toml"), "--config", sources, name)
        return {path: (folder / path).read_text(encoding="utf-8") for path in files}


def _ruff(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments, "--no-cache", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise FormatFailedError(
            f"ruff {arguments[0]}",
            f"failed.\n{done.stdout}{done.stderr}".rstrip(),
            "Repair the template in keyline_ops/new/templates that it names.",
        )
