"""The names of the environment variables stand in one module."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from keyline import variables
from keyline_ops import setup_project
from tests.support.tracked import tracked_files

NAMES = {name: value for name, value in vars(variables).items() if name.isupper()}
BEFORE_INSTALLATION = "keyline_ops/setup_project.py"
"""It installs the packages, so that it cannot import any of them."""
OF_THE_TESTS = ("KEYLINE_SOAK_SECONDS", "KEYLINE_FUZZ_EXAMPLES")


def product_modules(root: Path) -> Iterator[Path]:
    for file in tracked_files(root):
        outside = file.relative_to(root).parts[0] in ("tests", "benchmarks", "examples")
        if file.suffix == ".py" and not outside:
            yield file


def texts_of(file: Path) -> Iterator[str]:
    """Yield the texts of a module, its docstrings included."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_no_other_module_holds_the_name_of_a_variable(root: Path) -> None:
    found = {
        file.relative_to(root).as_posix()
        for file in product_modules(root)
        for text in texts_of(file)
        if "KEYLINE_" in text
    }
    assert found == {"lambda_src/keyline/variables.py", BEFORE_INSTALLATION}


def test_the_set_up_asks_for_the_same_variable() -> None:
    assert setup_project.ENDPOINT_VARIABLE == variables.DYNAMODB_ENDPOINT


def test_each_variable_has_its_own_name() -> None:
    assert len(set(NAMES.values())) == len(NAMES)
    assert all(value.startswith("KEYLINE_") for value in NAMES.values())


@pytest.mark.parametrize("page", ["README.md", "docs/local-platform.md", "docs/handlers.md"])
def test_the_pages_name_variables_that_exist(root: Path, page: str) -> None:
    words = (root / page).read_text().replace("`", " ").replace("=", " ").split()
    named = {word.strip(".,)(") for word in words if word.startswith("KEYLINE_")}
    assert named <= {*NAMES.values(), *OF_THE_TESTS}
