"""Checks of a shape that items are read as, at any depth."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, get_args, get_origin

import msgspec

from keyline.errors import Fault, instead_of
from keyline.model.entity import Entity
from keyline.model.place import Level, level_after, level_of
from keyline.model.shape import Field, annotation_of, fields_of, stored_as, strip
from keyline.model.table import Index, Table

_BUILTIN = (bytes, Decimal)
"""What msgspec leaves as it is where it takes a default apart."""


def shape_faults(
    table: Table, entity: Entity, shape: type[msgspec.Struct], index: Index | None = None
) -> Iterator[Fault]:
    """Yield what is wrong with a shape that items of a kind are read as.

    Parameters
    ----------
    index
        The index that the items are read from; None for the table itself.
    """
    carried = table.carried_by(index) if index else None
    stored, ttl = fields_of(entity.shape), table.ttl
    for name, field in fields_of(shape).items():
        path = f"shape.{name}"
        if name == table.discriminator:
            yield (
                path,
                "is the discriminator, which is checked by itself.",
                "Leave it out: every item that is read is of its kind.",
            )
        if index is not None and carried is not None and name not in carried:
            yield (
                path,
                f"the index {index.name} does not carry it.",
                f"It carries: {', '.join(sorted(carried))}. Read less, or project it in a new "
                "index: the projection of an index cannot be changed.",
            )
        if name in stored:
            in_key = index is not None and name in index.key.attributes
            level = level_of(entity.shape, name)
            owner, differs = entity.shape.__name__, _is_other_struct(field.python, level.annotation)
            yield from _field_faults(
                path, shape, name, level, owner, in_key=in_key, defaults=not differs
            )
            continue
        kind = entity.type_of(name) or ("N" if ttl and name == ttl.attribute else None)
        if kind is None:
            says = f"{entity.shape.__name__} has no such attribute."
            yield path, says, instead_of(name, stored)
        elif kind != field.type:
            yield path, *_other_type(field.type, kind, entity.shape.__name__)


def _field_faults(
    path: str,
    shape: type[msgspec.Struct],
    name: str,
    stored: Level,
    owner: str,
    *,
    in_key: bool = False,
    defaults: bool = False,
) -> Iterator[Fault]:
    """Yield what is wrong with a field, by what is declared of what is stored.

    Parameters
    ----------
    owner
        What errors call that in which it is stored.
    in_key
        Whether it is a part of the key of the index that is read, so that it is there.
    defaults
        Whether a field that has no default is read as the stored one's where it is absent.
    """
    field, kept = fields_of(shape)[name], stored.field
    yield from _type_faults(path, annotation_of(shape, name), stored.annotation, owner)
    if kept and kept.compress_above is not None and field.compress_above is None:
        yield path, "is stored compressed.", "Declare it with compressed() here too."
    may_be_absent = kept is None or kept.optional or not (kept.required or defaults)
    if field.required and may_be_absent and not in_key:
        yield path, f"may be absent from {owner}.", "Allow None, or give it a default."
    if kept and not _have_one_default(field, annotation_of(shape, name), kept):
        yield (
            path,
            f"is read as another value than in {owner} where it is absent.",
            f"Give it the default that {owner} has.",
        )


def _type_faults(path: str, read: Any, stored: Any, owner: str) -> Iterator[Fault]:
    """Yield what is wrong with a value's type, or with that of a part of it, by the stored type."""
    bare, kept = strip(read).bare, strip(stored).bare
    if bare == kept or {bare, kept} & {Any, object}:
        return
    kinds = stored_as(read, path), stored_as(stored, path)
    if kinds[0] != kinds[1]:
        yield path, *_other_type(*kinds, owner)
    elif _is_struct(bare):
        within = kept.__name__ if _is_struct(kept) else path.removeprefix("shape.")
        for name in fields_of(bare):
            level = level_after(kept, name)
            if level is None:
                says, known = f"{within} has no such attribute.", fields_of(kept)
                yield f"{path}.{name}", says, instead_of(name, known)
            else:
                yield from _field_faults(f"{path}.{name}", bare, name, level, within)
    elif not _is_struct(kept):
        yield from _member_faults(path, bare, kept, owner)


def _member_faults(path: str, bare: Any, kept: Any, owner: str) -> Iterator[Fault]:
    """Yield the same of the members of lists and maps."""
    members, inside = _member(bare), _member(kept)
    if members is None or inside is None:
        return
    yield from _type_faults(f"{path}[]", members, inside, owner)
    if strip(inside).optional and not strip(members).optional:
        yield f"{path}[]", f"may be None in {owner}.", "Allow None."


def _member(bare: Any) -> Any:
    """Return the declared type of a list's or map's members; None if they have no type."""
    if get_origin(bare) in (list, tuple):
        return get_args(bare)[0]
    return get_args(bare)[1] if get_origin(bare) is dict else None


def _have_one_default(field: Field, read: Any, kept: Field) -> bool:
    """Return whether a field is read as its stored value; the field may have no value."""
    if msgspec.NODEFAULT in (field.default, kept.default) or field.default == kept.default:
        return True
    if field.type != "M":
        return False
    plain = msgspec.to_builtins(kept.default, builtin_types=_BUILTIN)
    try:
        return bool(msgspec.convert(plain, read) == field.default)
    except msgspec.ValidationError:
        return False


def _other_type(read: str, stored: str, owner: str) -> tuple[str, str]:
    return f"is {read}, the item's is {stored}.", f"Declare it as {owner} does."


def _is_other_struct(bare: Any, stored: Any) -> bool:
    return _is_struct(bare) and bare is not strip(stored).bare


def _is_struct(bare: Any) -> bool:
    return isinstance(bare, type) and issubclass(bare, msgspec.Struct)
