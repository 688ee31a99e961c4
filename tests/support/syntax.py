"""The syntax of source files, as far as tests of the layout look at it."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def statements(tree: ast.Module) -> Iterator[ast.Module | ast.stmt]:
    """Yield a module and its statements at any depth; what is in expressions is passed over.

    `ast.walk` looks at ten times as many nodes.
    """
    yield tree
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            for inner in getattr(node, part, ()):
                todo.append(inner)
                if isinstance(inner, ast.stmt):
                    yield inner
