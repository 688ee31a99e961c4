"""The lines that each test names, read from the source of the tests: no test runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypeGuard

from keyline.errors import KeylineError

_MARKER = "requirement"


class ProvingTest(NamedTuple):
    """A test, or a class or a module of tests, that names lines of the ledger.

    Parameters
    ----------
    file
        The path below the project's root, with slashes.
    name
        The name of the function or the class, or of the file where a whole module names the
        line.
    row
        The row of the file where it begins.
    """

    file: str
    name: str
    row: int

    def is_below(self, folder: str) -> bool:
        """Return whether the test is in a folder, or further down."""
        return self.file.startswith(f"{folder}/")


def proving_tests(root: Path) -> dict[str, list[ProvingTest]]:
    """Return the tests below `tests` that name each line, in order of file and row.

    Raises
    ------
    KeylineError
        If a marker does not say its lines in a form that can be read without running the test.
    """
    found: dict[str, set[ProvingTest]] = {}
    for path in sorted((root / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if f"mark.{_MARKER}(" in text:
            for line, test in named_in(text, path.relative_to(root).as_posix()):
                found.setdefault(line, set()).add(test)
    return {line: sorted(tests, key=_place) for line, tests in found.items()}


def _place(test: ProvingTest) -> tuple[str, int]:
    return test.file, test.row


def named_in(text: str, file: str) -> Iterator[tuple[str, ProvingTest]]:
    """Yield each line that the source of a file names, with the test that names it."""
    module = ast.parse(text)
    module_as_test = ProvingTest(file, file.rpartition("/")[2], 1)
    yield from _below(module, file, module_as_test, {})


def _below(
    node: ast.AST, file: str, test: ProvingTest, loops: dict[str, tuple[str, ...]]
) -> Iterator[tuple[str, ProvingTest]]:
    """Yield each line that is named in a part of a module, with the test that it belongs to."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        test = ProvingTest(file, node.name, node.lineno)
    if isinstance(node, ast.ListComp | ast.GeneratorExp):
        loops = loops | {
            each.target.id: _texts(each.iter)
            for each in node.generators
            if isinstance(each.target, ast.Name)
        }
    if _is_marker(node):
        for argument in node.args:
            for line in _lines(argument, loops, f"{file}:{node.lineno}"):
                yield line, test
    for child in ast.iter_child_nodes(node):
        yield from _below(child, file, test, loops)


def _is_marker(node: ast.AST) -> TypeGuard[ast.Call]:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == _MARKER
    )


def _lines(argument: ast.expr, loops: dict[str, tuple[str, ...]], path: str) -> tuple[str, ...]:
    """Return the lines that an argument of a marker says: a text, or the name of a loop's text."""
    lines = _texts(ast.Tuple(elts=[argument]))
    if isinstance(argument, ast.Name):
        lines = loops.get(argument.id, ())
    if not lines:
        raise KeylineError(
            path,
            "has a requirement that is not written as text.",
            'Write it as in @pytest.mark.requirement("T-02", "X-08").',
        )
    return lines


def _texts(node: ast.expr) -> tuple[str, ...]:
    """Return the texts in a literal tuple, list or set, and in those that it unpacks."""
    found: list[str] = []
    for each in node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else []:
        if isinstance(each, ast.Starred):
            found += _texts(each.value)
        elif isinstance(each, ast.Constant) and isinstance(each.value, str):
            found.append(each.value)
    return tuple(found)
