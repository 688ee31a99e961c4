"""Every text file that the product reads or writes is UTF-8, whatever the machine's locale is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.tracked import tracked_files

_TEXT_CALLS = {"read_text": 0, "write_text": 1}
"""Methods that read or write text → how many arguments they take before the encoding."""
_MODES = {"open": {"builtin": 1, "method": 0}, "fdopen": {"builtin": 1, "method": 1}}
"""Functions that open a file → at which argument they take the mode, as a function and a method."""
_WRAPPER = "TextIOWrapper"


def without_encoding(source: str) -> Iterator[int]:
    """Yield the lines of a module that read or write text in the encoding of the locale."""
    if not any(name in source for name in (*_TEXT_CALLS, *_MODES, _WRAPPER)):
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and not _says_encoding(node) and _is_of_text(node):
            yield node.lineno


def _says_encoding(call: ast.Call) -> bool:
    return any(keyword.arg in ("encoding", None) for keyword in call.keywords)


def _is_of_text(call: ast.Call) -> bool:
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    function = call.func
    if isinstance(function, ast.Attribute):
        name, kind = function.attr, "method"
        if isinstance(function.value, ast.Name) and (function.value.id, name) == ("os", "open"):
            return False  # a descriptor
    elif isinstance(function, ast.Name):
        name, kind = function.id, "builtin"
    else:
        return False
    if name in _TEXT_CALLS:
        return len(call.args) <= _TEXT_CALLS[name]
    if name == _WRAPPER:
        return len(call.args) < 2
    if name not in _MODES:
        return False
    place = _MODES[name][kind]
    mode = call.args[place] if len(call.args) > place else keywords.get("mode", ast.Constant("r"))
    return isinstance(mode, ast.Constant) and isinstance(mode.value, str) and "b" not in mode.value


@pytest.mark.parametrize(
    ("source", "is_wrong"),
    [
        ("path.read_text()", True),
        ("path.read_text('utf-8')", False),
        ("path.read_text(encoding='utf-8')", False),
        ("path.write_text(text)", True),
        ("path.write_text(text, encoding='utf-8')", False),
        ("open(path)", True),
        ("open(path, 'rb')", False),
        ("path.open()", True),
        ("path.open('w')", True),
        ("path.open('ab')", False),
        ("path.open(mode='w', encoding='utf-8')", False),
        ("os.fdopen(found, 'w')", True),
        ("os.open(path, os.O_RDWR)", False),
        ("io.TextIOWrapper(raw)", True),
    ],
)
def test_the_check_tells_text_without_an_encoding(source: str, is_wrong: bool) -> None:
    assert [*without_encoding(source)] == [1] * is_wrong


def test_every_text_of_the_product_has_an_encoding(root: Path) -> None:
    sources = [
        file.relative_to(root)
        for file in tracked_files(root)
        if file.suffix == ".py" and "tests" not in file.relative_to(root).parts
    ]
    assert len(sources) > 200
    found = [
        f"{file}:{line}"
        for file in sources
        for line in without_encoding((root / file).read_text(encoding="utf-8"))
    ]
    assert found == [], 'say encoding="utf-8"'
