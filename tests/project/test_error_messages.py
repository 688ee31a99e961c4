"""An error says where, what, and what to do, in words of the reader who meets it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.syntax import statements
from tests.support.tracked import tracked_files

PRODUCT = ("lambda_src", "constructs", "stacks", "keyline_local", "keyline_ops", "systems")
FOR_COMMANDS = ("keyline_local", "keyline_ops", "systems")
"""Where the reader of an error did not write Python."""
PYTHON = re.compile(r"\b(str|int|float|bool|dict|tuple|NoneType|Struct|datetime)\b(?!s)")
PATTERN = re.compile(r"\\[AZdswb]|\(\?|\]\+|\]\*|\.\*\$|\^\[")


Classes = dict[str, ast.ClassDef]


def whole(classes: Classes) -> set[str]:
    """Return the errors whose path, message and suggestion are given where they are raised.

    Such an error is `KeylineError`, or a class below it without an `__init__` of its own.
    """

    def takes_all(name: str) -> bool:
        if name == "KeylineError" or name not in classes:
            return name == "KeylineError"
        made = classes[name]
        methods = {each.name for each in made.body if isinstance(each, ast.FunctionDef)}
        return "__init__" not in methods and any(takes_all(_last(base)) for base in made.bases)

    return {"KeylineError", *filter(takes_all, classes)}


def _last(node: ast.expr) -> str:
    return ast.unparse(node).rpartition(".")[2]


def errors(tree: ast.AST, names: set[str]) -> Iterator[tuple[int, ast.Call]]:
    """Yield each error of these classes that a source makes, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _last(node.func) in names:
            yield node.lineno, node


def lacks_advice(call: ast.Call) -> bool:
    """Return whether a call gives an error no suggestion."""
    if any(isinstance(each, ast.Starred) for each in call.args):
        return False
    last = call.args[2] if len(call.args) > 2 else None
    return last is None or (isinstance(last, ast.Constant) and not last.value)


def sentences_of(call: ast.Call) -> Iterator[tuple[str, bool]]:
    """Yield the message and the suggestion as far as they are written there, and which it is."""
    for part, is_advice in zip(call.args[1:3], (False, True), strict=False):
        text = _written(part)
        if text:
            yield text, is_advice


def _written(node: ast.expr) -> str:
    """Return the text of a literal, with "{}" for what is put in; nothing for other code."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_written(each) or "{}" for each in node.values)
    if isinstance(node, ast.BinOp):
        return (_written(node.left) or "{}") + (_written(node.right) or "{}")
    return ""


def is_sentence(text: str, is_advice: bool) -> bool:
    """Return whether a message ends as a sentence does, and advice also begins as one."""
    ends = text.endswith((".", "!", "?", "{}")) or "\n" in text
    return ends and not (is_advice and text[0].islower())


def words(call: ast.Call) -> str:
    """Return the words of an error's message and suggestion as far as they are written there."""
    parts = [node for each in call.args[1:] for node in ast.walk(each)]
    texts = [n.value for n in parts if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return re.sub(r"`[^`]*`", "", " ".join(texts))


@pytest.fixture(scope="module")
def found(root: Path) -> list[tuple[Path, int, ast.Call]]:
    """The errors of the product: file, line and the call that makes each."""
    trees = {
        name: ast.parse(file.read_text(encoding="utf-8"))
        for file in tracked_files(root)
        if file.suffix == ".py" and (name := file.relative_to(root)).parts[0] in PRODUCT
    }
    nodes = [node for tree in trees.values() for node in statements(tree)]
    names = whole({node.name: node for node in nodes if isinstance(node, ast.ClassDef)})
    return [(name, *each) for name, tree in trees.items() for each in errors(tree, names)]


Found = list[tuple[Path, int, ast.Call]]


def test_every_error_says_what_to_do(found: Found) -> None:
    assert len(found) > 500
    assert [f"{name}:{line}" for name, line, call in found if lacks_advice(call)] == []


def test_an_error_is_made_of_sentences(found: Found) -> None:
    parts = [(f"{name}:{line}", said) for name, line, call in found for said in sentences_of(call)]
    assert [each for each in parts if not is_sentence(*each[1])] == []


def test_no_error_shows_a_regular_expression(found: Found) -> None:
    parts = [(f"{name}:{line}", words(call)) for name, line, call in found]
    assert [each for each in parts if PATTERN.search(each[1])] == []


def test_no_error_of_a_command_shows_a_type_of_python(found: Found) -> None:
    for_commands = [each for each in found if each[0].parts[0] in FOR_COMMANDS]
    parts = [(f"{name}:{line}", words(call)) for name, line, call in for_commands]
    assert [each for each in parts if PYTHON.search(each[1])] == []
    calls = [(f"{name}:{line}", ast.unparse(call)) for name, line, call in for_commands]
    assert [each for each in calls if "__name__" in each[1]] == []


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
    found = [lacks_advice(call) for _, call in errors(ast.parse(text), {"KeylineError"})]
    assert found == ([] if lacks is None else [lacks])


def test_the_check_knows_the_errors_that_are_whole() -> None:
    tree = ast.parse(
        "class A(errors.KeylineError): ...\n"
        "class B(A): ...\n"
        "class C(A):\n    def __init__(self): ...\n"
        "class D(C): ...\n"
        "class E(ValueError): ..."
    )
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    assert whole(classes) == {"KeylineError", "A", "B"}


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("KeylineError('a', 'is 1.', 'Write 2.')", True),
        ("KeylineError('a', f'is {b}', 'Write 2.')", True),
        ("KeylineError('a', f'is {b} there', 'Write 2.')", False),
        ("KeylineError('a', 'is 1', 'Write 2.')", False),
        ("KeylineError('a', 'is 1.', 'write 2.')", False),
        ("KeylineError('a', 'is 1.', 'Write 2')", False),
        ("KeylineError('a', 'is 1.', '`b` writes 2.')", True),
        ("KeylineError('a', said, advice)", True),
    ],
)
def test_the_check_finds_what_is_not_a_sentence(text: str, good: bool) -> None:
    ((_, call),) = errors(ast.parse(text), {"KeylineError"})
    assert all(is_sentence(*said) for said in sentences_of(call)) is good


def test_the_checks_find_patterns_and_types() -> None:
    text = 'KeylineError("a", f"has to match [a-z]+ {x}", "Give a str or `int`.")'
    ((_, call),) = errors(ast.parse(text), {"KeylineError"})
    assert PATTERN.search(words(call))
    assert [found[0] for found in PYTHON.finditer(words(call))] == ["str"]
