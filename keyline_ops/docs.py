"""The data-model pages: what a system's declaration says, for people to read."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from keyline.model import (
    Entity,
    Function,
    Index,
    OneOf,
    Pattern,
    Query,
    Retention,
    System,
    Table,
    leaves,
)
from keyline_deploy.project import ROOT
from keyline_deploy.systems import folder
from keyline_ops.written import write_text


def path_of(system: System, root: Path = ROOT) -> Path:
    """Return where the page of a system is."""
    return folder(system.name, root) / "data-model.md"


def stale(systems: Sequence[System], root: Path = ROOT) -> list[Path]:
    """Return the pages that do not say what the declarations do."""
    return list(_stale(systems, root))


def write(systems: Sequence[System], root: Path = ROOT) -> list[Path]:
    """Write the pages that are stale and return their paths."""
    changed = _stale(systems, root)
    for path, text in changed.items():
        write_text(path, text)
    return list(changed)


def _stale(systems: Sequence[System], root: Path) -> dict[Path, str]:
    pages = {path_of(system, root): page(system) for system in systems}
    return {
        path: text
        for path, text in pages.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }


def page(system: System) -> str:
    """Return a system's data model as Markdown."""
    lines = [
        f"# {system.title}",
        "",
        "Written by `make docs` from the declaration; a test holds the two together.",
        "",
        *_diagram(system),
        "",
        "## Tables",
        "",
    ]
    for table in system.tables:
        lines += [*_table(table), ""]
    lines += ["## Access patterns", "", *_patterns(system), ""]
    lines += ["## Functions", "", *_functions(system)]
    return "\n".join(lines) + "\n"


def _diagram(system: System) -> Iterator[str]:
    yield "```mermaid"
    yield "flowchart LR"
    for table in system.tables:
        yield f'  {table.name}[("{table.name}")]'
    for function in system.functions:
        node = f"fn_{function.name.replace('-', '_')}"
        yield f'  {node}["{function.name}"]'
        if function.source:
            yield f"  {function.source.table.name} -. stream .-> {node}"
        for name in sorted({access.table for access in function.access}):
            yield f"  {node} --> {name}"
    yield "```"


def _table(table: Table) -> Iterator[str]:
    yield f"### {table.name}"
    yield ""
    yield "```text"
    yield from inspect.cleandoc(table.doc).splitlines()
    yield "```"
    yield ""
    kinds = table.key_attributes
    key = [f"`{name}` ({kinds[name]})" for name in table.key.attributes]
    yield f"* Primary key: {' / '.join(key)}"
    yield f"* Items: {', '.join(f'`{kind.shape.__name__}`' for kind in table.kinds)}"
    if table.discriminator:
        yield f"* Told apart by: `{table.discriminator}`"
    if table.ttl:
        yield f"* Expiry: `{table.ttl.attribute}`, {retention_of(table.ttl.retention)}"
    if table.stream:
        yield f"* Stream: {table.stream.value}"
    if len(table.kinds) > 1:
        yield from _kinds(table)
    if table.indexes:
        yield ""
        yield "| index | key | projection | what for |"
        yield "|---|---|---|---|"
        for index in table.indexes:
            yield table_row(index.name, _index_key(index), _projection(index), index.why)


def _kinds(table: Table) -> Iterator[str]:
    """Yield how the keys of each kind are made, where there are several."""
    keys = [attribute for attribute in table.key_attributes if attribute != table.discriminator]
    yield ""
    yield table_row("item", *(["tag"] if table.discriminator else []), *keys)
    yield "|" + "---|" * (1 + bool(table.discriminator) + len(keys))
    for kind in table.kinds:
        tag = [f"`{kind.tag}`"] if table.discriminator else []
        yield table_row(f"`{kind.shape.__name__}`", *tag, *(_made_of(kind, name) for name in keys))


def _made_of(kind: Entity, attribute: str) -> str:
    if kind.type_of(attribute) is None:
        return ""
    made = kind.constants.get(attribute, kind.keys.get(attribute, f"{{{attribute}}}"))
    return f"`{made}`"


def retention_of(retention: Retention | None) -> str:
    if retention is None:
        return "set by the item or its kind"
    days = f"setting `{retention.days}`" if isinstance(retention.days, str) else retention.days
    return f"{days} days after {f'`{retention.since}`' if retention.since else 'it is written'}"


def _index_key(index: Index) -> str:
    parts = [", ".join(index.key.partition), ", ".join(index.key.sort)]
    key = " / ".join(f"`{part}`" for part in parts if part)
    notes = [
        note for note, is_so in (("sparse", index.sparse), (_shards(index), index.shards)) if is_so
    ]
    return f"{key} ({'; '.join(notes)})" if notes else key


def _shards(index: Index) -> str:
    by_setting = isinstance(index.shards, str)
    return f"shards: setting `{index.shards}`" if by_setting else f"shards: {index.shards}"


def _projection(index: Index) -> str:
    included = ", ".join(f"`{name}`" for name in index.projection.include)
    return f"{index.projection.type.value} {included}".strip()


def _patterns(system: System) -> Iterator[str]:
    yield (
        "| pattern | what for | operation | on | key condition "
        "| item bytes | calls a month | used by |"
    )
    yield "|---|---|---|---|---|---:|---:|---|"
    for pattern in system.patterns:
        users = [f.name for f in system.functions if pattern in f.patterns]
        yield table_row(
            f"`{pattern.name}`",
            pattern.why
            + (f" Above its floor: {pattern.above_floor}" if pattern.above_floor else ""),
            operation_of(pattern),
            pattern.target,
            condition_of(pattern),
            f"{pattern.item_bytes:,}",
            rate_of(pattern, system),
            ", ".join(users) or "a transaction",
        )


def rate_of(pattern: Pattern[Any], system: System) -> str:
    """Return how often a pattern is called in a month, in words where it has no rate of its own."""
    if pattern.per_month is not None:
        return f"{pattern.per_month:,.0f}"
    return "not declared" if pattern in system.called else "in a transaction"


def operation_of(pattern: Pattern[Any]) -> str:
    several = isinstance(pattern.shape, OneOf)
    kinds = ", ".join(f"`{shape.__name__}`" for shape in pattern.shapes)
    return f"{pattern.operation} of {kinds}" if several else pattern.operation


def condition_of(pattern: Pattern[Any]) -> str:
    if not isinstance(pattern, Query):
        return ""
    conditions = [f"{name} =" for name in pattern.key.partition]
    conditions += [f"{c.attribute} {c.operator.replace('_', ' ')}" for c in pattern.conditions]
    kept = (
        " ".join(("where", c.attribute, c.operator.replace("_", " "), *c.attributes[1:]))
        for c in leaves(pattern.where)
    )
    conditions += kept
    return "; ".join(conditions) + (", descending" if pattern.descending else "")


def _functions(system: System) -> Iterator[str]:
    yield "| function | what for | entered by | may |"
    yield "|---|---|---|---|"
    for function in system.functions:
        granted: dict[str, list[str]] = {}
        for access in sorted(function.access):
            granted.setdefault(access.target, []).append(access.action)
        may = [f"{', '.join(actions)} on {target}" for target, actions in granted.items()]
        yield table_row(f"`{function.name}`", function.why, _entered(function), "<br>".join(may))


def _entered(function: Function) -> str:
    ways = [f"`{route.method} {route.path}`" for route in function.routes]
    if function.source:
        ways.append(f"stream of {function.source.table.name}")
    if function.schedule:
        ways.append(f"`{function.schedule}`")
    return "<br>".join(ways)


def table_row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
