"""Nothing outside of a system's own folders names a system (docs/adr/0001-source-roots.md)."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from keyline.model import Function
from keyline_deploy.systems import names, systems
from tests.support import without
from tests.support.project_copy import FOLDERS

SHARED = (
    *("app.py", "benchmarks", "constructs", "keyline_local", "keyline_ops", "Makefile"),
    *("scripts", "stacks", "tests"),
)
OWN = (
    *(f"{folder}/{system}/" for folder in FOLDERS for system in names()),
    *(f"benchmarks/{system}_" for system in names()),
)
FIELDS = set(Function.__struct_fields__)
ORDINARY = {name for name in names() if name in FIELDS}
"""Systems called as a field of a function's declaration, such as `memory`."""
TABLES = sorted({table.name for system in systems() for table in system.tables})


def named(text: str, *, whole_words: bool) -> list[str]:
    """Return the systems, and their tables, that a text names.

    Some systems are called as English words are. So in Python a system is named where the word
    is imported, ends at a quote, or is joined to the next word by one of `-_./:`.
    """
    words, ordinary = _one_of(set(names()) - ORDINARY), _one_of(ORDINARY)
    joined = r"""(?=["'`]|[-_./:]\w| import )"""
    in_python = rf"{words}{joined}|(?<=^import ){words}$|{_imported(ordinary)}"
    system = rf"{words}\b|{_imported(ordinary)}" if whole_words else in_python
    pattern = rf"(?<![\w.])(?:{system})|{'|'.join(map(re.escape, TABLES))}"
    return [match[0] for match in re.finditer(pattern, text, re.M)]


def _one_of(words: Iterable[str]) -> str:
    return f"(?:{'|'.join(sorted(words)) or '(?!)'})"


def _imported(words: str) -> str:
    """Return where an ordinary word is a system: in an import, and in a path or a stack's name."""
    return rf"(?<=^import ){words}\b|(?<=^from ){words}(?=[. ])|{words}(?=/\w|-data-|-service-)"


@pytest.mark.parametrize(
    ("form", "is_name"),
    [
        ("import {}", True),
        ("from {} import tables", True),
        ("from {}.tables import TABLE", True),
        ('run("{}")', True),
        ("`{}-data-dev`", True),
        ('"lambda_src/{}/a.py"', True),
        ("x{}", False),
        ("it {} an error", False),
        ('".{}/a.json"', False),
    ],
)
def test_a_system_is_named_in_an_import_or_as_a_word_of_code(form: str, is_name: bool) -> None:
    for name in set(names()) - ORDINARY:
        assert named(form.format(name), whole_words=False) == ([name] if is_name else [])


@pytest.mark.parametrize(
    ("form", "is_name"),
    [
        ("import {}", True),
        ("from {}.tables import TABLE", True),
        ("`{}-data-dev`", True),
        ('"lambda_src/{}/a.py"', True),
        ("{}.put(key)", False),
        ('{{"{}": 512}}', False),
    ],
)
def test_an_ordinary_word_is_a_system_in_an_import_or_a_path(form: str, is_name: bool) -> None:
    for name in ORDINARY:
        assert named(form.format(name), whole_words=False) == ([name] if is_name else [])


def test_what_all_systems_share_names_none(root: Path) -> None:
    found = []
    for file in without.project_files():
        path = file.as_posix()
        is_code = file.suffix not in (".json", ".jsonl", ".md")
        if is_code and path.startswith(SHARED) and not path.startswith(OWN):
            text = (root / file).read_text(encoding="utf-8", errors="ignore")
            names = named(text, whole_words=file.suffix != ".py")
            found += [f"{path}: {name}" for name in names]
    assert found == []


OF_A_FUNCTION = "lambda_src/keyline/archive/handler.py"
"""It is the code of a function, so it needs the function's environment."""

IMPORT_SYNTHESIZE_AND_COLLECT = """
import importlib, sys
from pathlib import Path
import pytest
from keyline_deploy.environment import load
from keyline_deploy.systems import systems
from tests.support.templates import synthesize

for file in sorted(map(Path, sys.argv[1:])):
    parts = file.with_suffix("").parts
    importlib.import_module(".".join(parts[parts[0] in ("constructs", "lambda_src"):]))
synthesize(load("dev"), systems(), Path("cdk.out"))
sys.exit(pytest.main(["tests", "--collect-only", "--snapshot-warn-unused", "--assert=plain"]))
"""
"""In one process: what each of the three loads, the others need too."""


@pytest.mark.apart
@pytest.mark.parametrize("system", names())
def test_a_project_without_one_of_its_systems_synthesizes_and_finds_its_tests(
    system: str, tmp_path: Path
) -> None:
    """`python -m tests.support.without SYSTEM` runs them too, and checks types and style."""
    copy = without.copy_without(system, tmp_path / "project")
    modules = [str(file) for file in without.project_files(copy) if is_shared_module(file)]
    assert modules
    done = run(copy, "-c", IMPORT_SYNTHESIZE_AND_COLLECT, *modules)
    assert done.returncode == 0, done.stdout


def is_shared_module(file: Path) -> bool:
    """Return whether a file is a module of the project that can be imported anywhere.

    The code of a system's functions needs their environment, and imports no other system's.
    """
    path = file.as_posix()
    inside = ("constructs/", "lambda_src/keyline/", "keyline_", "stacks/", "systems/", "app.py")
    ours = file.suffix == ".py" and path.startswith(inside)
    return ours and "benchmarks" not in file.parts and path != OF_A_FUNCTION


def run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [without.python(copy), *arguments],
        cwd=copy,
        env=without.environ(copy),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
