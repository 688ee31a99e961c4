"""Checks of an update: what could not come back, and what would break an item."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import msgspec

from keyline.errors import Fault, instead_of, repeated
from keyline.model.condition_checks import SETS, condition_faults
from keyline.model.pattern import Update, primary_fields
from keyline.model.pattern_checks import own_faults
from keyline.model.place import Place, place_of, places_near
from keyline.model.set_from_checks import set_from_faults
from keyline.model.shape import annotation_of, fields_of, limits_of, strip

_CREATE_INSTEAD = "Delete and create instead."


@own_faults.register(Update)
def _update_faults(update: Update[Any]) -> Iterator[Fault]:
    yield from condition_faults(update, update.conditions)
    if not update.changed:
        yield "set", "changes nothing.", "Name attributes to set, add, remove or discard."
    for clause in ("set", "set_once", "add", "remove", "discard", "append", "prepend", "set_from"):
        for name in getattr(update, clause):
            yield from _change_faults(update, clause, name)
    for name in repeated((*update.changed, *([update.version] if update.version else ()))):
        yield f"set.{name}", "is changed twice.", "An update names an attribute once."
    yield from set_from_faults(update)
    yield from _overlap_faults(update)
    yield from _repetition_faults(update)
    if update.version:
        yield from _version_faults(update, update.version)
    yield from _template_faults(update)
    if update.upsert:
        yield from _upsert_faults(update)


def _repetition_faults(update: Update[Any]) -> Iterator[Fault]:
    """Yield what is wrong with what an update says of repeated attempts."""
    if update.at_least_once and not update.counters:
        yield "at_least_once", "is given, and nothing is added to a number.", "Leave it out."
    if update.exactly_once and not update.counters and not update.moving:
        yield "exactly_once", "is given, and a second attempt changes nothing.", "Leave it out."
    if update.at_least_once and update.exactly_once:
        yield "exactly_once", "is given with at_least_once.", "Leave one of them out."
    for name in ("at_least_once", "exactly_once"):
        if getattr(update, name) and update.version:
            yield name, "is given, and the version lets nothing be counted twice.", "Leave it out."


def _overlap_faults(update: Update[Any]) -> Iterator[Fault]:
    """Yield parts of attributes that lie within each other: DynamoDB refuses to change both."""
    places = [place for name in update.changed if (place := place_of(update.kind, name))]
    for one, other in permutations(places, 2):
        within = one.steps == other.steps[: len(one.steps)] and one.steps != other.steps
        if one.attribute == other.attribute and within:
            yield "set", f"changes {one.attribute} and a part of it.", "Change one of them."


def _part_faults(update: Update[Any], clause: str, place: Place, path: str) -> Iterator[Fault]:
    """Yield what is wrong with a change of a part of an attribute."""
    added = clause in ("append", "prepend")
    if added and place.type != "L":
        yield path, "is not a list.", "Use set, or add for a set."
    if clause in ("add", "discard"):
        yield from _counted_part_faults(update, clause, place, path)
    if clause == "set_once":
        yield from _once_faults(update, place, path)
    if place.field and place.field.compress_above:
        yield path, "is stored compressed.", "Set the whole attribute."
    if _has_length(place.levels[-1 if added else -2].annotation):
        yield path, "changes how long a value of a declared length is.", "Set the whole attribute."
    if added and place.field and place.field.optional and place.field.defaulted:
        yield path, "allows None and has another default.", "Drop None, or let None be the default."
    if clause == "remove" and place.field and place.field.required and not place.field.optional:
        yield path, "is required: an item without it cannot be read.", "Allow None."
    if update.upsert:
        yield path, "is a part of what a new item does not have.", "Set the whole attribute."


def _counted_part_faults(
    update: Update[Any], clause: str, place: Place, path: str
) -> Iterator[Fault]:
    """Yield what is wrong with an addition to a part of an attribute, or a removal of members.

    Source: API reference, UpdateItem: "ADD can only be used on top-level attributes", and so can
    DELETE.
    """
    if place.type in SETS:
        yield (
            path,
            "is a set within an attribute: DynamoDB adds and discards members of attributes only.",
            "Set the whole set with a version, or make it an attribute.",
        )
    elif clause == "discard":
        yield path, "is not a set.", "Use remove."
    elif place.type != "N":
        yield path, "is not a Number.", "Use set."
    elif place.field is None and strip(place.annotation).optional:
        yield path, "may be None, and nothing is added to None.", "Drop None from its type."
    else:
        yield from _default_faults(update, clause, place, path)
        yield from _bound_faults(update, clause, place, path)


def _once_faults(update: Update[Any], place: Place, path: str) -> Iterator[Fault]:
    """Yield what is wrong with a part of an attribute that is set where it has no value."""
    if isinstance(place.steps[-1], int):
        yield path, "is an element of a list, which has a value wherever it is.", "Use set."
    elif place.field and place.field.required:
        yield path, "is required, so that it is never without a value.", "Use set."
    else:
        yield from _default_faults(update, "set_once", place, path)


def _has_length(annotation: Any) -> bool:
    """Return whether the number of a list's or map's members is bounded."""
    limits = limits_of(strip(annotation).typed)
    found = (getattr(limits, "min_length", None), getattr(limits, "max_length", None))
    return found != (None, None)


def _change_faults(update: Update[Any], clause: str, name: str) -> Iterator[Fault]:
    path, kind, fields = f"{clause}.{name}", update.kind, fields_of(update.kind.shape)
    place = place_of(kind, name)
    if place and (place.steps or clause in ("append", "prepend")):
        yield from _part_faults(update, clause, place, path)
        return
    found = kind.type_of(name)
    if name in update.table.key.attributes:
        yield path, "is part of the primary key.", _CREATE_INSTEAD
    if name in kind.keys:
        yield path, "is made by a template.", f"Set {', '.join(kind.templates[name].fields)}."
    if name in kind.constants:
        yield path, "is a constant.", "Leave it as it is."
    if found is None:
        yield (
            path,
            f"{kind.shape.__name__} has no such attribute.",
            instead_of(name, places_near(kind, name)),
        )
    if clause == "add" and found not in SETS | {"N"}:
        yield path, "is neither Number nor set.", "Use set."
    if clause in ("add", "set_from") and name == _counted_from(update):
        yield path, "is what the expiry counts from, and the new value is not known.", "Use set."
    if clause == "discard" and found not in SETS:
        yield path, "is not a set.", "Use remove."
    if clause == "remove" and name in fields and fields[name].required:
        yield path, "is required: an item without it cannot be read.", "Allow None."
    if place and found is not None:
        yield from _default_faults(update, clause, place, path)
        yield from _bound_faults(update, clause, place, path)
    if name in primary_fields(update):
        instead = "Leave it out: an upsert writes it." if update.upsert else _CREATE_INSTEAD
        yield path, "is what the primary key is made of.", instead


def _counted_from(update: Update[Any]) -> str | None:
    """Return the field that the expiry of such items counts from."""
    ttl = update.table.ttl
    retention = update.kind.retention or (ttl.retention if ttl else None)
    return retention.since if retention else None


def _version_faults(update: Update[Any], name: str) -> Iterator[Fault]:
    field = fields_of(update.kind.shape).get(name)
    if field is None or field.type != "N":
        yield "version", f"{name!r} is not a Number.", "Declare it as int."
    elif _is_one_of(limits_of(_annotation(update, name))):
        yield "version", f"{name!r} is one of a few numbers.", "Declare it as int."
    elif name in update.table.key.attributes or name in primary_fields(update):
        yield "version", f"{name!r} is part of the primary key.", "Count another attribute."
    elif field.optional and field.defaulted:
        yield "version", f"{name!r} allows None and has another default.", "Drop None."
    elif update.upsert and not _allows(_annotation(update, name), 1):
        yield "version", f"{name!r} does not allow 1, which a new item has.", "Allow it."


def _default_faults(update: Update[Any], clause: str, place: Place, path: str) -> Iterator[Fault]:
    """Yield what cannot be said of a field whose absence stands for a value."""
    field = place.field
    if field is None or not field.defaulted:
        return
    if clause == "set_once":
        yield (
            path,
            "has a default, so that no item is ever without a value.",
            "Let None be the default, or use set.",
        )
    if clause == "add" and field.optional:
        yield (
            path,
            "allows None and has another default, and nothing is added to None.",
            "Drop None from the field, or let None be the default: it counts as 0.",
        )
    keys = {a for index in update.table.indexes for a in index.key.attributes}
    made_of = {f for a, t in update.kind.templates.items() if a in keys for f in t.fields}
    if clause == "remove" and not place.steps and field.name in keys | made_of:
        yield (
            path,
            "is part of an index's key and has a default: the item would leave the index.",
            "Set it to its default instead.",
        )


def _bound_faults(update: Update[Any], clause: str, place: Place, path: str) -> Iterator[Fault]:
    """Yield what an addition would have to know of the stored value."""
    limits, is_float = limits_of(place.annotation), strip(place.annotation).bare is float
    if clause == "add" and place.type == "N" and _is_one_of(limits):
        yield path, "is one of a few numbers, and a sum may be a different number.", "Use set."
    if clause == "add" and is_float and limits.multiple_of is not None:
        yield (
            path,
            "is a float with multiple_of, and a sum of multiples may not be a multiple as a float.",
            "Declare it as int, or use set.",
        )
    if (
        clause == "add"
        and is_float
        and not place.steps
        and place.attribute in update.table.key_limits
    ):
        yield (
            path,
            "is a float and part of an index's key, and a float may not hold the sum.",
            "Declare it as Decimal or int.",
        )
    if clause not in ("add", "discard") or place.type not in SETS:
        return
    if limits.min_length is not None or (clause == "add" and limits.max_length is not None):
        yield (
            path,
            "has a bound on its length, and the length of the stored set is not known.",
            "Set the whole set with a version, or drop the bound.",
        )


def _allows(annotation: Any, value: Any) -> bool:
    try:
        msgspec.convert(value, annotation)
    except msgspec.ValidationError:
        return False
    return True


def _is_one_of(limits: Any) -> bool:
    """Return whether a type is a Literal or an Enum."""
    return isinstance(limits, msgspec.inspect.LiteralType | msgspec.inspect.EnumType)


def _annotation(update: Update[Any], name: str) -> Any:
    return annotation_of(update.kind.shape, name)


def _template_faults(update: Update[Any]) -> Iterator[Fault]:
    """Yield index keys that an update leaves old although a field of the key changes."""
    known = {*update.set, *update.remove, *primary_fields(update), *update.table.key.attributes}
    for attribute, template in update.kind.templates.items():
        changed = {*update.changed, *([update.version] if update.version else ())}
        touched = sorted(set(template.fields) & changed)
        missing = [f for f in template.fields if f not in known]
        if touched and missing and attribute not in update.table.key.attributes:
            yield (
                f"set.{touched[0]}",
                f"{attribute} is made of {', '.join(template.fields)}, and this does not say what "
                f"{', '.join(missing)} will be.",
                "Name all of these in set.",
            )


def _upsert_faults(update: Update[Any]) -> Iterator[Fault]:
    given = {*update.set, *update.set_once, *update.add, *update.set_from, update.version}
    given |= {*update.table.key.attributes, *primary_fields(update)}
    lacking = [
        name
        for name, field in fields_of(update.kind.shape).items()
        if field.required and name not in given
    ]
    if lacking:
        yield (
            "upsert",
            f"would create items without {', '.join(lacking)}, which cannot be read.",
            "Set these too, give them a default, or drop upsert=True.",
        )
