"""The projection of a read: attributes, and parts of them where the shape has only parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from keyline.model.pattern import Pattern
from keyline.model.place import level_after
from keyline.model.shape import Field, annotation_of, fields_of, strip

Path = tuple[str, ...]
"""An attribute, and the way on from there through maps."""


def paths_of(pattern: Pattern[Any]) -> tuple[Path, ...] | None:
    """Return the paths that a read asks for, or None if it asks for all attributes."""
    if pattern.projection is None:
        return None
    return tuple(path for name in pattern.projection for path in _paths(pattern, name))


def _paths(pattern: Pattern[Any], name: str) -> list[Path]:
    """Return the paths of one attribute.

    The path is the attribute itself, unless all shapes need no more than the same parts.
    """
    asked = [
        [(name, *rest) for rest in _parts(shape, name, annotation_of(kind.shape, name))]
        for shape, kind in zip(pattern.shapes, pattern.kinds, strict=True)
        if name in fields_of(shape) and name in fields_of(kind.shape)
    ]
    same = asked and all(paths == asked[0] for paths in asked)
    return asked[0] if same else [(name,)]


def _parts(shape: type[msgspec.Struct], name: str, stored: Any) -> Iterator[Path]:
    """Yield the ways from a field of a shape to what the shape has of the field.

    The empty way is all of the field.
    """
    bare, kept = strip(annotation_of(shape, name)).bare, strip(stored).bare
    is_part = isinstance(bare, type) and issubclass(bare, msgspec.Struct) and bare is not kept
    if not is_part or not _is_told_by_its_parts(fields_of(shape)[name], bare):
        yield ()
        return
    for inner in fields_of(bare):
        level = level_after(kept, inner)
        for rest in _parts(bare, inner, level.annotation if level else Any):
            yield (inner, *rest)


def _is_told_by_its_parts(field: Field, bare: type[msgspec.Struct]) -> bool:
    """Return whether an answer without any of its parts is read as one with the whole of it.

    DynamoDB leaves a map out of its answer if none of the parts that were asked for is in it.
    """
    inner = fields_of(bare).values()
    if field.required:
        return any(each.required for each in inner)
    every_default = bool(inner) and not any(each.required for each in inner)
    return every_default and not field.optional and field.default == bare()
