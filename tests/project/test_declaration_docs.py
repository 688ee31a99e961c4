"""The reference of the declaration: its examples run, and its errors are word by word."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest

from keyline import model
from keyline.errors import DeclarationError
from keyline.run import Store
from keyline_deploy.project import ROOT

PAGE = ROOT / "docs" / "declaration.md"
EXAMPLES, ERRORS = PAGE.read_text().split("\n## Errors\n")
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


API = EXAMPLES.split("## DynamoDB's operations, one by one\n")[1].split("\n## ")[0]
_ROW = re.compile(r"^\| (?P<asked>.+?) \| (?P<here>.+) \|$", re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")
_TEXT = re.compile(r'"[^"]*"')
_NAME = re.compile(r"[A-Za-z_]\w*")
_NOT_OFFERED = "refused on purpose"
WITHOUT_NAMES = {
    "ReturnConsumedCapacity",
    "ReturnValuesOnConditionCheckFailure",
    "CreateTable and all that changes tables",
}
"""What is there without a name of its own."""


def _rows() -> dict[str, str]:
    """Return what DynamoDB has, and what the page says of it."""
    rows = {row["asked"]: row["here"] for row in _ROW.finditer(API)}
    return {
        asked: here
        for asked, here in rows.items()
        if not asked.startswith(("-", "DynamoDB", "part"))
    }


def _public() -> set[str]:
    """Return every name that a declaration or a call may write."""
    classes = [getattr(model, name) for name in model.__all__]
    fields = [getattr(c, "__struct_fields__", ()) for c in classes]
    calls = {n: f for n, f in inspect.getmembers(Store, inspect.isfunction) if n[0] != "_"}
    parameters = [inspect.signature(function).parameters for function in calls.values()]
    named = {name for each in parameters for name in each}
    return {
        *model.__all__,
        *(name for of in fields for name in of),
        *calls,
        *named,
        "store",
        "query",
    }


def _offered() -> Iterator[tuple[str, set[str]]]:
    """Yield each row that offers something, with the names in its code."""
    for asked, here in _rows().items():
        if not here.startswith(_NOT_OFFERED):
            names = {n for code in _CODE.findall(here) for n in _NAME.findall(_TEXT.sub("", code))}
            yield asked, names


def _errors() -> list[tuple[str, str]]:
    """Return each statement of the page's last part, and its comment as one line."""
    found = []
    for block in _BLOCK.findall(ERRORS):
        for example in block.strip().split("\n\n"):
            code, *comment = re.split(r"^# ", example, flags=re.MULTILINE)
            found.append((code.strip(), " ".join(line.strip() for line in comment)))
    return found


@pytest.fixture(scope="module")
def declared() -> dict[str, Any]:
    """Return what the page declares before it comes to errors."""
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


def test_each_row_of_the_table_names_what_is_offered() -> None:
    public, rows = _public(), dict(_offered())
    assert len(rows) > 20
    unknown = {asked: names - public for asked, names in rows.items() if names - public}
    assert not unknown
    assert {asked for asked, names in rows.items() if not names} == WITHOUT_NAMES


def test_each_operation_of_patterns_has_a_row() -> None:
    classes = [getattr(model, name) for name in model.__all__]
    patterns = [c for c in classes if isinstance(c, type) and issubclass(c, model.Pattern)]
    operations = {c.operation for c in patterns if c is not model.Pattern}
    asked = " ".join(_rows())
    assert {o for o in operations - {"ConditionCheckItem"} if o not in asked} == set()


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
