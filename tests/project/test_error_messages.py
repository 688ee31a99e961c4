"""An error says where, what, and what to do, in words of the reader who meets it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.tracked import tracked_files

PRODUCT = ("lambda_src", "constructs", "stacks", "keyline_local", "keyline_ops", "systems")
FOR_COMMANDS = ("keyline_local", "keyline_ops", "systems")
"""Where the reader of an error did not write Python."""
WHOLE = {"KeylineError", "DeclarationError", "EnvironmentFileError", "UnjudgedError"}
"""The errors whose path, message and suggestion are given where they are raised."""
PYTHON = re.compile(r"\b(str|int|float|bool|dict|tuple|NoneType|Struct|datetime)\b(?!s)")
PATTERN = re.compile(r"\\[AZdswb]|\(\?|\]\+|\]\*|\.\*\$|\^\[")


def errors(source: str) -> Iterator[tuple[int, ast.Call]]:
    """Yield each error that a source makes whole, with its line."""
    if not any(name in source for name in WHOLE):
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in WHOLE:
            yield node.lineno, node


def lacks_advice(call: ast.Call) -> bool:
    """Return whether a call gives an error no suggestion."""
    if any(isinstance(each, ast.Starred) for each in call.args):
        return False
    last = call.args[2] if len(call.args) > 2 else None
    return last is None or (isinstance(last, ast.Constant) and not last.value)


def words(call: ast.Call) -> str:
    """Return the words of an error's message and suggestion as far as they are written there."""
    parts = [node for each in call.args[1:] for node in ast.walk(each)]
    texts = [n.value for n in parts if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return re.sub(r"`[^`]*`", "", " ".join(texts))


def of(root: Path, *places: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield the place of each error of some folders, with the call that makes it."""
    for file in tracked_files(root):
        name = file.relative_to(root)
        if file.suffix == ".py" and name.parts[0] in places:
            for line, call in errors(file.read_text(encoding="utf-8")):
                yield f"{name}:{line}", call


def test_every_error_says_what_to_do(root: Path) -> None:
    found = list(of(root, *PRODUCT))
    assert len(found) > 300
    assert [place for place, call in found if lacks_advice(call)] == []


def test_no_error_shows_a_regular_expression(root: Path) -> None:
    found = [(place, words(call)) for place, call in of(root, *PRODUCT)]
    assert [(place, text) for place, text in found if PATTERN.search(text)] == []


def test_no_error_of_a_command_shows_a_type_of_python(root: Path) -> None:
    found = [(place, words(call)) for place, call in of(root, *FOR_COMMANDS)]
    assert [(place, text) for place, text in found if PYTHON.search(text)] == []


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ('KeylineError("a", "is wrong.")', True),
        ('errors.KeylineError("a", "is wrong.", "")', True),
        ('KeylineError("a", "is wrong.", "Write b.")', False),
        ('KeylineError("a", *asked)', False),
        ('SomeError("a")', None),
    ],
)
def test_the_check_finds_what_lacks_advice(text: str, lacks: bool | None) -> None:
    found = [lacks_advice(call) for _, call in errors(text)]
    assert found == ([] if lacks is None else [lacks])


def test_the_checks_find_patterns_and_types() -> None:
    ((_, call),) = errors('KeylineError("a", f"has to match [a-z]+ {x}", "Give a str or `int`.")')
    assert PATTERN.search(words(call))
    assert [found[0] for found in PYTHON.finditer(words(call))] == ["str"]
