"""Class names of the local platform: each has one meaning in the whole package."""

from __future__ import annotations

import ast
from collections import defaultdict

from keyline_deploy.project import ROOT


def test_no_two_classes_have_one_name() -> None:
    found = defaultdict[str, list[str]](list)
    for path in sorted((ROOT / "keyline_local").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(str(path.relative_to(ROOT)))
    assert len(found) > 100
    assert {name: files for name, files in found.items() if len(files) > 1} == {}
