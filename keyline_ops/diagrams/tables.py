"""A system's tables with their keys and indexes, and which pattern uses which."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from keyline.model import Index, Pattern, System, Table
from keyline_ops.diagrams.svg import Picture, width_of

_ROW = 24.0
_LINE = 20.0
_GAP = 26.0
_PAD = 10.0
_BETWEEN = 44.0


def of_system(system: System) -> str:
    """Return the picture of a system's tables: patterns on the left, what they use on the right."""
    names = [_named(pattern) for pattern in system.patterns]
    left = max((width_of(name) for name in names), default=0.0) + 2 * _PAD
    texts = [text for table in system.tables for text, _ in _rows(table)]
    heads = [f"{table.name}    {_about(table)}" for table in system.tables]
    right = max(width_of(text) for text in [*texts, *heads]) + 2 * _PAD
    picture = Picture(f"Tables, keys and indexes of {system.name}, and the patterns that use them")
    top = 12.0
    for table in system.tables:
        top = _table(picture, system, table, (left, right), top) + _GAP
    return picture.document()


def _table(
    picture: Picture, system: System, table: Table, widths: tuple[float, float], top: float
) -> float:
    """Draw a table from a height on, and return where it ends."""
    left, right = widths
    x = left + _BETWEEN
    picture.box(x, top, right, _ROW + 4, "head")
    picture.text(x + _PAD, top + 18, table.name, "strong")
    picture.text(x + right - _PAD, top + 18, _about(table), "muted", "end")
    top += _ROW + 4
    for text, target in _rows(table):
        users = [each for each in system.patterns if target in each.target.split(" + ")]
        height = max(_ROW + 4, len(users) * _LINE + 10)
        picture.box(x, top, right, height)
        middle = top + height / 2
        picture.text(x + _PAD, middle + 4.5, text)
        for number, pattern in enumerate(users):
            y = middle + (number - (len(users) - 1) / 2) * _LINE
            begin = len(picture.parts)
            picture.text(left, y + 4.5, _named(pattern), anchor="end")
            picture.link(f"patterns.html#{pattern.name}", begin)
            corner = left + _BETWEEN / 2
            picture.line([(left + 6, y), (corner, y), (corner, middle), (x, middle)])
        top += height
    return top


def _rows(table: Table) -> Iterator[tuple[str, str]]:
    """Yield the text of each key and index, with what patterns call it."""
    yield f"key: {' / '.join(table.key.attributes)}", table.name
    for index in table.indexes:
        key = " / ".join(index.key.attributes)
        yield f"{index.name}: {key}{_notes(index)}", f"{table.name}/{index.name}"


def _notes(index: Index) -> str:
    notes = [index.projection.type.value]
    notes += ["sparse"] if index.sparse else []
    notes += ["shards"] if index.shards else []
    return f"  ({', '.join(notes)})"


def _about(table: Table) -> str:
    notes = [f"expires by {table.ttl.attribute}"] if table.ttl else []
    notes += ["stream"] if table.stream else []
    return ", ".join(notes)


def _named(pattern: Pattern[Any]) -> str:
    return f"{pattern.name} · {pattern.operation}"
