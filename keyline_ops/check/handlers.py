"""The handlers of a system's functions, read without importing them.

A handler reads its settings and tables when it is imported, which only a deployment has. What it
registers is written down: `@app.get("/conversations/{conversationId}/messages")`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from keyline.errors import Fault, instead_of, repeated
from keyline.model import Function, System

_METHODS = frozenset({"get", "post", "put", "patch", "delete"})
"""What an `App` registers a handler with; see `keyline.http`."""


@dataclass(frozen=True)
class _Module:
    """The content of a handler's module.

    Attributes
    ----------
    names
        What it binds at its top level.
    routes
        The routes that it registers, each as often as it does, with the line.
    is_whole
        Whether these are all of its routes: it makes its own `App`, and every path is a constant.
    """

    names: frozenset[str]
    routes: tuple[tuple[str, int], ...]
    is_whole: bool


def faults(system: System, sources: Path) -> Iterator[Fault]:
    """Yield each function whose handler is not there, or serves other routes than it declares."""
    declared = {f"{r.method} {r.path}" for f in system.functions for r in f.routes}
    for function in system.functions:
        path = f"{system.name}.functions[{function.name}]"
        module, _, name = function.handler.rpartition(".")
        file = sources / f"{module.replace('.', '/')}.py"
        shown = file.relative_to(sources.parent).as_posix()
        if not file.is_file():
            yield f"{path}.handler", f"there is no {shown}.", "Write it, or correct the handler."
            continue
        try:
            found = _read(file)
        except SyntaxError as error:
            yield f"{shown}:{error.lineno}", f"is not Python: {error.msg}.", "Correct the line."
            continue
        if name not in found.names:
            yield (
                f"{path}.handler",
                f"{shown} has no {name!r}.",
                "Bind it: handler = app.handler." if function.routes else "Define it.",
            )
        if function.routes:
            yield from _route_faults(path, shown, function, found, declared)


def _route_faults(
    path: str, shown: str, function: Function, found: _Module, declared: set[str]
) -> Iterator[Fault]:
    registered = [route for route, _ in found.routes]
    for route, line in found.routes:
        if route not in declared:
            yield f"{shown}:{line}", f"no function declares {route}.", instead_of(route, declared)
    for route in repeated(registered):
        yield shown, f"{route} has two handlers.", "Drop one of them."
    for route in (f"{each.method} {each.path}" for each in function.routes):
        if found.is_whole and route not in registered:
            yield (
                f"{path}.routes[{route}]",
                f"has no handler in {shown}.",
                "Register one, or drop the route.",
            )


def _read(file: Path) -> _Module:
    tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    }
    registrations = [*_registrations(tree)]
    routes = [
        (f"{method.upper()} {path}", call.lineno)
        for method, call in registrations
        if (path := _path(call, constants)) is not None
    ]
    makes_app = any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "App"
        for node in ast.walk(tree)
    )
    return _Module(
        frozenset(_names(tree)), tuple(routes), makes_app and len(routes) == len(registrations)
    )


def _registrations(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Yield the decorators `@app.get(...)` of functions, with their method."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            for call in node.decorator_list:
                if (
                    isinstance(call, ast.Call)
                    and isinstance(call.func, ast.Attribute)
                    and call.func.attr in _METHODS
                ):
                    yield call.func.attr, call


def _path(call: ast.Call, constants: Mapping[str, str]) -> str | None:
    given = call.args[0] if call.args else None
    if isinstance(given, ast.Constant) and isinstance(given.value, str):
        return given.value
    return constants.get(given.id) if isinstance(given, ast.Name) else None


def _names(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
        else:
            yield from (each.id for each in ast.walk(node) if isinstance(each, ast.Name))
