"""The reference of the declaration: its examples run, and its errors are word by word."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest

from keyline.errors import DeclarationError
from keyline_deploy.project import ROOT

PAGE = ROOT / "docs" / "declaration.md"
EXAMPLES, ERRORS = PAGE.read_text().split("\n## Errors\n")
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def _errors() -> list[tuple[str, str]]:
    """Each statement of the page's last part, and the comment that follows it as one line."""
    found = []
    for block in _BLOCK.findall(ERRORS):
        for example in block.strip().split("\n\n"):
            code, *comment = re.split(r"^# ", example, flags=re.MULTILINE)
            found.append((code.strip(), " ".join(line.strip() for line in comment)))
    return found


@pytest.fixture(scope="module")
def declared() -> dict[str, Any]:
    """What the page declares before it comes to errors."""
    names: dict[str, Any] = {"__name__": "declaration"}
    for block in _BLOCK.findall(EXAMPLES):
        exec(compile(block, str(PAGE), "exec", dont_inherit=True), names)
    return names


def test_the_examples_make_a_system(declared: dict[str, Any]) -> None:
    assert [p.name for p in declared["SYSTEM"].patterns] == [
        "room-notes",
        "author-notes",
        "best-notes",
        "visits-of-days",
        "person-and-visits",
        "note-create",
        "note-edit",
        "visit-count",
    ]


def test_there_are_errors_to_check() -> None:
    assert len(_errors()) > 45


@pytest.mark.parametrize(("code", "says"), _errors(), ids=[code[:60] for code, _ in _errors()])
def test_an_example_of_an_error_is_refused_in_these_words(
    code: str, says: str, declared: dict[str, Any]
) -> None:
    ast.parse(code, mode="eval")
    with pytest.raises(DeclarationError) as caught:
        eval(code, declared)
    assert str(caught.value) == says
    assert caught.value.suggestion
