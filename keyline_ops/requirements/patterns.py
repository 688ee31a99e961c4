"""The tests of a system that name a pattern, and the lines of the ledger that they prove."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from keyline.model import Pattern, System
from keyline_ops.requirements.markers import named_in


@dataclass(frozen=True)
class PatternTest:
    """A test that names a pattern.

    Attributes
    ----------
    file
        The path below the project's root, with slashes.
    name, row
        The function, and where it begins. The place is the file where no test of the file names the
        pattern, but another part of it does.
    proves
        The lines of the ledger that the test names.
    """

    file: str
    name: str
    row: int
    proves: tuple[str, ...] = ()


@dataclass(frozen=True)
class PatternTests:
    """The tests of a system, read from their source: none of them runs."""

    system: System
    root: Path

    def of(self, pattern: Pattern[Any]) -> list[PatternTest]:
        """Return the tests that name a pattern, by its constant or its name."""
        constant = pattern.name.upper().replace("-", "_")
        named = re.compile(rf'\b{constant}\b|"{re.escape(pattern.name)}"')
        return [
            test
            for file, text in self._texts.items()
            if named.search(text)
            for test in _naming(file, text, named)
        ]

    @cached_property
    def _texts(self) -> dict[str, str]:
        files = sorted((self.root / "tests/systems" / self.system.name).rglob("test_*.py"))
        return {
            file.relative_to(self.root).as_posix(): file.read_text(encoding="utf-8")
            for file in files
        }


def _naming(file: str, text: str, named: re.Pattern[str]) -> Iterator[PatternTest]:
    lines: dict[str, list[str]] = {}
    for line, test in named_in(text, file):
        lines.setdefault(test.name, []).append(line)
    short = file.rpartition("/")[2]
    rows = text.splitlines()
    found = []
    for holders, node in _tests(ast.parse(text)):
        if named.search("\n".join(rows[node.lineno - 1 : node.end_lineno])):
            names = (short, *holders, node.name)
            proves = dict.fromkeys(line for name in names for line in lines.get(name, ()))
            found.append(PatternTest(file, node.name, node.lineno, tuple(proves)))
    yield from found or [PatternTest(file, short, 1, tuple(lines.get(short, ())))]


_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Held = tuple[tuple[str, ...], _Function]


def _tests(
    node: ast.AST, holders: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], _Function]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Function) and child.name.startswith("test_"):
            yield holders, child
        elif isinstance(child, ast.ClassDef):
            yield from _tests(child, (*holders, child.name))
