"""The pictures of the project show what is so: the imports are those of the code."""

from __future__ import annotations

import ast
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from keyline_deploy.systems import names
from keyline_ops.diagrams import files
from keyline_ops.diagrams.project import PACKAGES, PICTURES
from tests.support.syntax import statements

FOLDERS = {
    "app": "app.py",
    "systems": "systems",
    "keyline_ops": "keyline_ops",
    "stacks": "stacks",
    "keyline_local": "keyline_local",
    "keyline_cdk": "constructs/keyline_cdk",
    "keyline_deploy": "constructs/keyline_deploy",
    "keyline": "lambda_src/keyline",
}


def drawn() -> dict[str, set[str]]:
    """Return what is reached from each box along arrows that mean an import."""
    direct: dict[str, set[str]] = {key: set() for key in PACKAGES.nodes}
    for arrow in PACKAGES.arrows:
        if not arrow.dotted:
            direct[arrow.start].add(arrow.end)
    reached = {key: set(ends) for key, ends in direct.items()}
    for _ in reached:
        for key, ends in reached.items():
            reached[key] = ends.union(*(reached[end] for end in ends))
    return reached


def imported(root: Path) -> dict[str, set[str]]:
    """Return the boxes that the code of each box imports."""
    own = set(names())
    places = {key: [root / place] for key, place in FOLDERS.items()}
    places["code"] = [root / "lambda_src" / system for system in own]
    found = {}
    for box, folders in places.items():
        modules = {
            name.partition(".")[0]
            for folder in folders
            for file in ([folder] if folder.is_file() else folder.rglob("*.py"))
            if "templates" not in file.parts
            for name in imports_of(file)
        }
        boxes = {"code" if name in own else name for name in modules}
        found[box] = (boxes & PACKAGES.nodes.keys()) - {box}
    return found


def imports_of(file: Path) -> set[str]:
    found = set()
    for node in statements(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module or "")
    return found


def test_every_import_is_in_the_picture_and_every_arrow_is_an_import(root: Path) -> None:
    code = imported(root)
    reached = drawn()
    assert set(code) == PACKAGES.nodes.keys()
    for box, boxes in code.items():
        assert boxes <= reached[box], f"{box} imports what the picture does not show"
    for arrow in PACKAGES.arrows:
        if not arrow.dotted:
            assert arrow.end in code[arrow.start], f"{arrow.start} does not import {arrow.end}"


def test_the_files_are_those_of_the_descriptions() -> None:
    assert list(files.stale()) == [], "run `make docs`"


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_has_a_text_and_each_arrow_a_beginning_and_an_end(name: str) -> None:
    flow = PICTURES[name]
    tree = ET.fromstring(flow.document())
    title = tree.find("{http://www.w3.org/2000/svg}title")
    assert title is not None
    assert title.text == flow.title
    for arrow in flow.arrows:
        assert {arrow.start, arrow.end} <= flow.nodes.keys()
    places = [(node.column, node.row) for node in flow.nodes.values()]
    assert len(set(places)) == len(places)
