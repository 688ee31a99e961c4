"""The part of a migration that carries over stored items: into another table, or in place.

A `Migration` says in phases which store is written and which one answers. A backfill says how the
items that were stored before come along. `keyline migrate` runs it (docs/migrations.md).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from keyline.errors import Fault, instead_of, raise_first
from keyline.model.field_checks import field_faults
from keyline.model.shape import fields_of
from keyline.model.table import Table

SourceT = TypeVar("SourceT", bound=msgspec.Struct)
TargetT = TypeVar("TargetT", bound=msgspec.Struct)


class Copy(msgspec.Struct, Generic[SourceT, TargetT], frozen=True, kw_only=True):
    """A backfill from one table into another.

    An item keeps its expiry. If the source has no TTL attribute, the retention of the target holds.

    Attributes
    ----------
    name
        What the command calls it, in kebab case.
    why
        What it is for, in a sentence.
    source, target
        The two tables, which may be keyed in different ways.
    shape
        The kind of items of the source. Items of other kinds are left where they are.
    into
        The kind of items that they become in the target.
    transform
        Makes an item of the target, or None for an item that is not copied. The same item has to
        become the same item each time, and two items never one.

    Raises
    ------
    DeclarationError
        If the tables are the same one, or a shape is not one of its table.
    """

    name: str
    why: str
    source: Table
    target: Table
    shape: type[SourceT]
    into: type[TargetT]
    transform: Callable[[SourceT], TargetT | None]

    def __post_init__(self) -> None:
        raise_first(_copy_faults(self), self.name)


class Fill(msgspec.Struct, Generic[SourceT], frozen=True, kw_only=True):
    """A backfill in place: it gives stored items the attributes that they lack.

    Key attributes of templates, constants and defaults need no function. An index whose key is a
    template can be filled without a declaration: the command knows it by `TABLE/INDEX`.

    Attributes
    ----------
    name, why
        As in `Copy`.
    table, shape
        The table, and the kind of items that are filled.
    attributes
        The attributes that may be set. An item keeps those that it has.
    fill
        An item as it is read, with defaults → the item with the attributes; as it is read where
        not given.

    Raises
    ------
    DeclarationError
        If no attribute is named, or one is not of the kind, or is in the primary key.
    """

    name: str
    why: str
    table: Table
    shape: type[SourceT]
    attributes: tuple[str, ...]
    fill: Callable[[SourceT], SourceT] | None = None

    def __post_init__(self) -> None:
        raise_first(_fill_faults(self), self.name)


def _copy_faults(copy: Copy[SourceT, TargetT]) -> list[Fault]:
    faults = list(field_faults(copy))
    if copy.source.name == copy.target.name:
        faults.append(
            (
                "target",
                f"is {copy.target.name!r}, as the source is.",
                "Declare a Fill, which changes items in place.",
            )
        )
    for path, table, shape in (
        ("shape", copy.source, copy.shape),
        ("into", copy.target, copy.into),
    ):
        faults += _shape_faults(path, table, shape)
    return faults


def _fill_faults(fill: Fill[SourceT]) -> list[Fault]:
    faults = [*field_faults(fill), *_shape_faults("shape", fill.table, fill.shape)]
    if faults:
        return faults
    kind = fill.table.entity_of(fill.shape)
    known = {*fields_of(fill.shape), *kind.keys, *kind.constants} - {*fill.table.key.attributes}
    if not fill.attributes:
        faults.append(("attributes", "is empty.", "Name the attributes that items lack."))
    for name in fill.attributes:
        if name in fill.table.key.attributes:
            said = "is in the primary key, which each item has."
            faults.append((f"attributes[{name}]", said, "Name an attribute that items may lack."))
        elif name not in known:
            said = f"is not an attribute of {fill.shape.__name__}."
            faults.append((f"attributes[{name}]", said, instead_of(name, known)))
    return faults


def _shape_faults(path: str, table: Table, shape: type[msgspec.Struct]) -> list[Fault]:
    shapes = {kind.shape.__name__: kind.shape for kind in table.kinds}
    if shape in shapes.values():
        return []
    said = f"{shape.__name__} is not a kind of item of the table {table.name}."
    return [(path, said, instead_of(shape.__name__, shapes))]
