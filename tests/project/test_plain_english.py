"""The habits of docs/writing.md that a machine can find are in no text of the project.

Texts are Markdown without its code, and in Python files docstrings, comments and the
literals that hold words. docs/writing.md quotes old sentences in its tables, so its tables
are not looked at.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.sentences import docstrings, sentences
from tests.support.syntax import statements
from tests.support.tracked import tracked_files

HABITS = {
    "is no": r"\b(?<![Tt]here )(is|are|was|were|be|being|been) (no|none|nothing|No|Nothing)\b"
    r"(?! (longer|more|fewer|less|later|earlier|sooner|larger|smaller|older|newer|better|worse)\b)",
    "of none": r"\b(of|to|from|by|for|with|in) none\b",
    "whoever": r"(?i)\b(whoever|whomever|whosever|whosoever|whatsoever)\b",
    "old words": r"(?i)\b(anew|besides|likewise|otherwise than|lest|whence|thence|hence|henceforth|"
    r"wherein|whereof|whereby|thereof|therein|thereby|thereupon|hereby|herein|shall|ere|upon|whilst|"
    r"amongst|naught|aught|forthwith|save for|in lieu of|albeit|notwithstanding|mend|mends|mended)"
    r"\b",
}
"""What each habit is called → how a machine finds it (rules 3, 4 and 5)."""

CLAUSES = re.compile(
    r"(What|Whose|Which|How|Of|The same|Whether|Who|Where|When|That|Why|As|If|So|None|No)\b"
)
"""How a first line of a docstring begins that is a clause without its verb (rule 2)."""

NOUNS = re.compile(
    r"(The|A|An|One|Two|Each|Every|All|Several|Those|These|Everything|Nothing|It|This|Its|"
    r"Bytes|Requests|Messages|Items|Value|From|In|On|By|At|Only|Milliseconds|Epoch)\b"
)
"""How a first line of a function's docstring begins that is a thing and not what it does."""

PRODUCT = ("lambda_src", "constructs", "stacks", "keyline_local", "keyline_ops", "systems")

NAMES_HABITS = "tests/project/test_plain_english.py"
"""The file that has to name the habits."""


def texts(file: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, text) of all that a reader of the file reads as words."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        yield from _texts_of_python(text)
    else:
        yield from _texts_of_markdown(text, tables=file.name != "writing.md")


def _texts_of_markdown(text: str, *, tables: bool) -> Iterator[tuple[int, str]]:
    without_fences = re.sub(r"^```.*?^```", _blank, text, flags=re.M | re.S)
    without_code = re.sub(r"`[^`\n]*`|\]\([^)]*\)|<!--.*?-->", _blank, without_fences, flags=re.S)
    for number, line in enumerate(without_code.split("\n"), 1):
        if tables or not line.startswith("|"):
            yield number, line


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", "\0", match[0])


def _texts_of_python(source: str) -> Iterator[tuple[int, str]]:
    if any(map(_may_have_a_habit, source.splitlines())):  # a tokenizer takes its time
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, re.sub(r"`[^`\n]*`", _blank, node.value)


def _may_have_a_habit(line: str) -> bool:
    """Return whether a habit stands after a `#`, which may begin a comment."""
    said = line.partition("#")[2]
    return bool(said) and any(re.search(pattern, said) for pattern in HABITS.values())


def habits(file: Path) -> Iterator[str]:
    """Yield where a habit stands in a file, and which."""
    for line, text in texts(file):
        sentence = re.sub(r"\s+", " ", text)
        for habit, pattern in HABITS.items():
            for found in re.finditer(pattern, sentence):
                yield f"{file}:{line}: {habit}: {found[0]}"


def clauses(file: Path) -> Iterator[str]:
    """Yield the docstrings of a Python file whose first line is a clause without its verb."""
    for node in statements(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            said = ast.get_docstring(node)
            line = getattr(node, "lineno", 1)
            if said and CLAUSES.match(said):
                yield f"{file}:{line}: a clause: {said.splitlines()[0]}"
            elif said and _does_something(node) and NOUNS.match(said):
                yield f"{file}:{line}: without a verb: {said.splitlines()[0]}"


def _does_something(node: ast.AST) -> bool:
    """Return whether a node is a function, other than a property, a fixture or a test."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    if node.name.startswith("test_"):  # its docstring states what it proves
        return False
    decorators = " ".join(ast.unparse(each) for each in node.decorator_list)
    return "property" not in decorators and "fixture" not in decorators


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.md", "The value is no number.", ["is no: is no"]),
        ("a.md", "There is no file, and the value is no longer a number.", []),
        ("a.md", "`is no` and\n```\nis no\n```\nand [a](is-no-b)", []),
        ("a.md", "| whoever | x |", ["whoever: whoever"]),
        ("writing.md", "| whoever | x |", []),
        ("a.py", "raise ValueError('the value is no number')", ["is no: is no"]),
        ("a.py", "x = 1  # besides, it is made anew", ["old words: besides", "old words: anew"]),
        ("a.py", "anew = 'anew'", []),
        ("a.py", '"""A page.\n\nIt is\nnone."""', ["is no: is none"]),
    ],
)
def test_the_check_finds_a_habit(tmp_path: Path, name: str, text: str, found: list[str]) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    assert [said.split(": ", 1)[1] for said in habits(file)] == found


def test_the_check_finds_a_clause(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text('"""What it is."""\ndef f():\n    """Return it."""\n', encoding="utf-8")
    assert [said.split(": ", 1)[1] for said in clauses(file)] == ["a clause: What it is."]


def test_the_check_finds_a_function_without_a_verb(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    parts = ["@property", "@pytest.fixture", "@cache"]
    text = "".join(f'{part}\ndef f():\n    """The page."""\n' for part in parts)
    file.write_text(f'class A:\n    """A page."""\n\n{text}', encoding="utf-8")
    assert [said.split(": ", 1)[1] for said in clauses(file)] == ["without a verb: The page."]


def looked_at(root: Path, *suffixes: str) -> list[Path]:
    """Return the files with these suffixes, all but this one."""
    return [
        file
        for file in tracked_files(root)
        if file.suffix in suffixes and file != root / NAMES_HABITS
    ]


def test_no_text_has_a_habit(root: Path) -> None:
    files = looked_at(root, ".py", ".md")
    assert len(files) > 500
    assert [said for file in files for said in habits(file)] == []


def wordy(page: str, text: str) -> list[str]:
    """Return the sentences of a page that are too long, or that begin with a pronoun."""
    return [
        f"{page}:{each.line}: {each.words} words: {each.text}"
        for each in sentences(text, tables=not page.endswith("writing.md"))
        if each.is_long or each.reaches_back
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"A page with {'many ' * 31}words.", 0),
        (f"A page with {'many ' * 32}words.", 1),
        (f"A page with {'many ' * 18}words.\n\nA page with {'many ' * 18}words.", 0),
        (f"* A page\n  with {'`a b` ' * 32}words.", 1),
        (f"```\nA page with {'many ' * 32}words.\n```", 0),
        ("The table is made. It is empty.", 1),
        ("The table, which is empty, is made. The table has a key, and it is a text.", 0),
        ("| a | The table is made. Its key is a text. |", 1),
        ("* **Built:** They are there.", 1),
        ("The table is made. This takes a minute. This test waits.", 1),
        ("The first and the last. Each has a key. Each key is a text. Both keys are.", 1),
        ("The figure is 1.5. `It` is a word, e.g. It.", 0),
    ],
    ids=lambda value: str(value)[:30],
)
def test_the_check_finds_sentences_that_ask_too_much(text: str, found: int) -> None:
    assert len(wordy("a.md", text)) == found


def test_no_sentence_of_a_page_is_long_or_begins_with_a_pronoun(root: Path) -> None:
    """A reader keeps 35 words in mind, and looks for a noun in the same sentence (rule 4)."""
    pages = looked_at(root, ".md")
    assert len(pages) > 90
    found = {str(page.relative_to(root)): page.read_text(encoding="utf-8") for page in pages}
    assert [said for name, text in found.items() for said in wordy(name, text)] == []


def test_no_sentence_of_a_docstring_is_long_or_begins_with_a_pronoun(root: Path) -> None:
    files = [each for each in looked_at(root, ".py") if each.relative_to(root).parts[0] in PRODUCT]
    assert len(files) > 500
    found = [
        said
        for file in files
        for line, page in docstrings(file.read_text(encoding="utf-8"))
        for said in wordy(f"{file.relative_to(root)}:{line}", page)
    ]
    assert found == []


def test_the_check_reads_the_parts_of_a_docstring() -> None:
    source = '''
LIMIT = 1
"""The limit. It is 1."""

def f(a):
    """Do it.

    The file is read. It is closed.

    Parameters
    ----------
    a, *b
        The name. Its length
        is 1.

    Raises
    ------
    KeylineError
        If so.
    """
'''
    found = [said for line, page in docstrings(source) for said in wordy(str(line), page)]
    assert [said.rpartition(": ")[2] for said in found] == [
        "It is 1.",
        "It is closed.",
        "Its length is 1.",
    ]


def test_no_docstring_is_a_clause(root: Path) -> None:
    files = looked_at(root, ".py")
    assert len(files) > 500
    assert [said for file in files for said in clauses(file)] == []
