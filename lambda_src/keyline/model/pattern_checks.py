"""What is wrong with an access pattern: what could not come back, and what would break an item."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import singledispatch
from itertools import permutations
from typing import Any

import msgspec

from keyline.errors import Fault, instead_of, repeated
from keyline.model.collection import OneOf
from keyline.model.condition import (
    STORED_TYPES,
    AnyOf,
    Condition,
    Not,
    WriteCondition,
    leaves,
)
from keyline.model.entity import Entity
from keyline.model.faults import faults_of
from keyline.model.pattern import (
    MAX_PER_MONTH,
    MAX_TRANSACTION,
    RESERVED_PARAMETERS,
    BatchWrite,
    Delete,
    Get,
    Pattern,
    Put,
    Query,
    TransactGet,
    TransactWrite,
    Update,
    primary_fields,
)
from keyline.model.place import Place, place_of
from keyline.model.shape import (
    AttributeType,
    Field,
    annotation_of,
    fields_of,
    limits_of,
    strip,
)
from keyline.model.size import MAX_ITEM_BYTES
from keyline.model.table import Index, Table

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SETS: frozenset[AttributeType | None] = frozenset({"SS", "NS", "BS"})
_ORDERED: frozenset[AttributeType | None] = frozenset({"S", "N", "B"})
_TAKES: Mapping[str, frozenset[AttributeType | None]] = {
    "<": _ORDERED,
    "<=": _ORDERED,
    ">": _ORDERED,
    ">=": _ORDERED,
    "between": _ORDERED,
    "begins_with": frozenset({"S", "B"}),
    "contains": _SETS | {"S", "B", "L"},
}
"""The types of attribute that an operator works on, where it does not work on all."""
_MEASURED: frozenset[AttributeType | None] = _SETS | {"S", "B", "L", "M"}
"""The types of attribute that have a size."""
_MEASURES = frozenset({"=", "<>", "<", "<=", ">", ">=", "between"})
"""The operators that compare a size."""
_CREATE_INSTEAD = "Delete and create instead."


@faults_of.register(Pattern)
def _pattern_faults(pattern: Pattern[Any]) -> Iterator[Fault]:
    """Everything that is wrong with a pattern, the most basic first."""
    yield from _statement_faults(pattern)
    yield from _kind_faults(pattern)
    yield from reach_faults(pattern)
    yield from _shapes_faults(pattern)
    yield from own_faults(pattern)
    yield from _parameter_faults(pattern)


@singledispatch
def reach_faults(pattern: object) -> Iterable[Fault]:
    """Return what is wrong with how a pattern reaches its items: nothing, if by their primary key.

    It is asked before the shape, which is checked against the index that a pattern reads.
    """
    return ()


@singledispatch
def own_faults(pattern: object) -> Iterable[Fault]:
    """Return what is wrong with what patterns of one class say: nothing of a class of reads."""
    return ()


def _statement_faults(pattern: Pattern[Any]) -> Iterator[Fault]:
    if not _NAME.fullmatch(pattern.name):
        yield "name", "is not in kebab case.", "Use a-z, 0-9 and single dashes: message-create."
    if not pattern.why:
        yield "why", "is empty.", "Say in a sentence what the pattern is for."
    if not 1 <= pattern.item_bytes <= MAX_ITEM_BYTES:
        yield (
            "item_bytes",
            f"is {pattern.item_bytes}.",
            f"Give the size of an item in bytes: 1 to {MAX_ITEM_BYTES}.",
        )
    if pattern.per_month is not None and not 0 < pattern.per_month <= MAX_PER_MONTH:
        yield (
            "per_month",
            f"is {pattern.per_month}.",
            f"Give the calls expected in a month: above 0, and up to {MAX_PER_MONTH:,}, beyond "
            "which a table's default quota would have to be raised. Leave it out of a part of a "
            "transaction.",
        )
    items = getattr(pattern, "items", 0)
    if not 0 <= items < math.inf:
        yield "items", f"is {items}.", "Give the items expected of a call."
    if isinstance(pattern, Query) and not 1 <= pattern.page <= 1000:
        yield "page", f"is {pattern.page}.", "Use 1 to 1000 items."


def _kind_faults(pattern: Pattern[Any]) -> Iterator[Fault]:
    if isinstance(pattern.shape, OneOf):
        yield from _collection_faults(pattern)
        return
    kinds = {kind.shape: kind.shape.__name__ for kind in pattern.table.kinds}
    if pattern.entity is not None and pattern.entity not in kinds:
        yield (
            "entity",
            f"{pattern.entity.__name__} is none of the kinds of items in {pattern.table.name}.",
            instead_of(pattern.entity.__name__, kinds.values()),
        )
    if pattern.entity is None and pattern.shape not in kinds and len(kinds) > 1:
        yield (
            "entity",
            f"{pattern.shape.__name__} is none of the kinds of items in {pattern.table.name}.",
            f"Name the kind that it is read from with entity=: {', '.join(kinds.values())}.",
        )


def _collection_faults(pattern: Pattern[Any]) -> Iterator[Fault]:
    """What is wrong with the shapes of one_of()."""
    names = [shape.__name__ for shape in pattern.shapes]
    kinds = {kind.shape: kind.shape.__name__ for kind in pattern.table.kinds}
    if not isinstance(pattern, Query):
        yield (
            "shape",
            f"is one of several, and a {type(pattern).__name__} is about one kind of item.",
            "Name the kind; a Query may read several.",
        )
    if len(names) < 2:
        yield "shape", "is one of fewer than two.", "Name the kind without one_of()."
    for name in repeated(names):
        yield "shape", f"names {name} twice.", "Name each kind once."
    if pattern.entity is not None:
        yield "entity", "is given, and the shapes are kinds of items themselves.", "Leave it out."
    if pattern.table.discriminator is None:
        yield (
            "shape",
            f"{pattern.table.name} has no attribute that tells its kinds of items apart.",
            "Declare discriminator='EntityType' on the table, and a tag for each kind.",
        )
    for shape, name in zip(pattern.shapes, names, strict=True):
        if shape not in kinds:
            yield (
                "shape",
                f"{name} is none of the kinds of items in {pattern.table.name}.",
                instead_of(name, kinds.values()),
            )


def _shapes_faults(pattern: Pattern[Any]) -> Iterator[Fault]:
    index = pattern.table.index(pattern.index_name) if pattern.index_name else None
    for shape, kind in zip(pattern.shapes, pattern.kinds, strict=True):
        yield from shape_faults(pattern.table, kind, shape, index)


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
        kind = entity.type_of(name)
        if kind is None and ttl and name == ttl.attribute:
            kind = "N"
        if name == table.discriminator:
            yield (
                f"shape.{name}",
                "is the discriminator, which is checked by itself.",
                "Leave it out: every item that is read is of its kind.",
            )
        if kind is None:
            yield (
                f"shape.{name}",
                f"{entity.shape.__name__} has no such attribute.",
                instead_of(name, stored),
            )
        elif kind != field.type:
            yield (
                f"shape.{name}",
                f"is {field.type}, the item's is {kind}.",
                f"Declare it as {entity.shape.__name__} does.",
            )
        if index is not None and carried is not None and name not in carried:
            yield (
                f"shape.{name}",
                f"the index {index.name} does not carry it.",
                f"It carries: {', '.join(sorted(carried))}. Read less, or project it in a new "
                "index: the projection of an index cannot be changed.",
            )
        if name not in stored:
            continue
        if stored[name].compress_above is not None and field.compress_above is None:
            yield f"shape.{name}", "is stored compressed.", "Declare it with compressed() here too."
        in_key = index is not None and name in index.key.attributes
        if field.required and stored[name].optional and not in_key:
            yield (
                f"shape.{name}",
                f"may be absent from a {entity.shape.__name__}.",
                "Allow None, or give it a default.",
            )
        absent = (field.default, stored[name].default)
        if msgspec.NODEFAULT not in absent and absent[0] != absent[1]:
            yield (
                f"shape.{name}",
                f"is read as another value than in a {entity.shape.__name__} where it is absent.",
                f"Give it the default that {entity.shape.__name__} has.",
            )


def _parameter_faults(pattern: Pattern[Any]) -> Iterator[Fault]:
    for name in pattern.parameters:
        if name in RESERVED_PARAMETERS:
            yield (
                f"parameters.{name}",
                "is a reserved name of the calls.",
                "Name the attribute or the parameter otherwise.",
            )


# --- writes -------------------------------------------------------------------------------


@own_faults.register(Put)
def _put_faults(put: Put[Any]) -> Iterator[Fault]:
    yield from condition_faults(put, put.conditions)
    yield from _whole_item_faults(put)


@own_faults.register(Delete)
def _delete_faults(delete: Delete[Any]) -> Iterator[Fault]:
    yield from condition_faults(delete, delete.conditions)


@own_faults.register(BatchWrite)
def _whole_item_faults(pattern: Put[Any] | BatchWrite[Any]) -> Iterator[Fault]:
    shape = pattern.shapes[0]
    if shape is not pattern.kind.shape:
        yield (
            "shape",
            f"{shape.__name__} is a part of {pattern.kind.shape.__name__} only.",
            "Write whole items, or declare an Update.",
        )


def condition_faults(
    pattern: Pattern[Any], conditions: tuple[WriteCondition, ...], path: str = "conditions"
) -> Iterator[Fault]:
    """Yield what is wrong with conditions on an item: of a write, or those that leave items out.

    Parameters
    ----------
    path
        What an error names as their place.
    """
    if any(map(_holds_nothing, conditions)):
        yield path, "any_of() holds nothing.", "Give it conditions."
    for condition in leaves(conditions):
        yield from _comparison_faults(pattern, condition, f"{path}.{condition.attribute}")
    compared = ((c.attribute, c.parameter) for c in leaves(conditions) if c.takes_value)
    for attribute, parameter in repeated(compared):
        yield (
            f"{path}.{attribute}",
            f"two conditions take their value from {parameter!r}.",
            f"Name one of the parameters: at_most({attribute!r}, 'highest').",
        )


def _holds_nothing(condition: WriteCondition) -> bool:
    if isinstance(condition, Not):
        return _holds_nothing(condition.condition)
    if isinstance(condition, AnyOf):
        return not condition.conditions or any(map(_holds_nothing, condition.conditions))
    return False


def _comparison_faults(pattern: Pattern[Any], condition: Condition, path: str) -> Iterator[Fault]:
    attribute, kind = condition.attribute, pattern.kind
    ttl = pattern.table.ttl.attribute if pattern.table.ttl else None
    place = place_of(kind, attribute)
    field = place.field if place else None
    found = place.type if place else kind.type_of(attribute) or ("N" if attribute == ttl else None)
    if place is None and found is None:
        yield (
            path,
            f"{kind.shape.__name__} has no such attribute.",
            instead_of(attribute, fields_of(kind.shape)),
        )
    takes = _MEASURED if condition.measured else _TAKES.get(condition.operator, {found})
    if condition.measured and condition.operator not in _MEASURES:
        yield (
            path,
            f"{condition.operator!r} does not compare a size.",
            f"Use one of {', '.join(sorted(_MEASURES))}.",
        )
    elif found is not None and found not in takes:
        yield (
            path,
            f"{'a size' if condition.measured else repr(condition.operator)} does not work on the "
            f"type {found}.",
            f"It takes {', '.join(sorted(t for t in takes if t))}.",
        )
    if condition.takes_value and field and field.compress_above:
        yield path, "is stored compressed.", "Compare an attribute that is stored as it is."
    if condition.operator == "is_of":
        yield from _type_faults(path, condition, found, field)
    if not condition.takes_value and field and field.defaulted:
        yield (
            path,
            f"{condition.operator!r} takes an item from before the field for one without a value, "
            "and a read gives it the default.",
            "Compare the value, or ask for the item by its key: "
            f"{'absent' if condition.operator == 'absent' else 'exists'}"
            f"({pattern.table.key.partition[0]!r}).",
        )
    if condition.takes_value and attribute in pattern.table.sharded:
        yield path, "is stored with a write shard.", "Compare another attribute."


def _type_faults(
    path: str, condition: Condition, found: AttributeType | None, field: Field | None
) -> Iterator[Fault]:
    """What is wrong with a type that is asked for."""
    asked = condition.type
    if asked not in STORED_TYPES:
        yield path, f"{asked!r} is not a type.", f"Use one of {', '.join(STORED_TYPES)}."
    elif found is not None and not (field and field.compress_above) and asked != found:
        yield path, f"is never {asked}: it is declared as {found}.", "Leave the condition out."


@own_faults.register(Update)
def _update_faults(update: Update[Any]) -> Iterator[Fault]:
    yield from condition_faults(update, update.conditions)
    if not update.changed:
        yield "set", "changes nothing.", "Name attributes to set, add, remove or discard."
    for clause in ("set", "set_once", "add", "remove", "discard", "append", "prepend"):
        for name in getattr(update, clause):
            yield from _change_faults(update, clause, name)
    for name in repeated((*update.changed, *([update.version] if update.version else ()))):
        yield f"set.{name}", "is changed twice.", "An update names an attribute once."
    yield from _overlap_faults(update)
    if update.at_least_once and not update.counters:
        yield "at_least_once", "is given, and nothing is added to a number.", "Leave it out."
    if update.at_least_once and update.version:
        yield (
            "at_least_once",
            "is given, and the version lets no addition be counted twice.",
            "Leave it out.",
        )
    if update.version:
        yield from _version_faults(update, update.version)
    yield from _template_faults(update)
    if update.upsert:
        yield from _upsert_faults(update)


def _overlap_faults(update: Update[Any]) -> Iterator[Fault]:
    """Parts of attributes that lie within each other: DynamoDB refuses to change both."""
    places = [place for name in update.changed if (place := place_of(update.kind, name))]
    for one, other in permutations(places, 2):
        within = one.steps == other.steps[: len(one.steps)] and one.steps != other.steps
        if one.attribute == other.attribute and within:
            yield "set", f"changes {one.attribute} and a part of it.", "Change one of them."


def _part_faults(update: Update[Any], clause: str, place: Place, path: str) -> Iterator[Fault]:
    """What is wrong with a change of a part of an attribute."""
    if clause in ("append", "prepend"):
        if place.type != "L":
            yield path, "is not a list.", "Use set, or add for a set."
    elif clause not in ("set", "remove"):
        yield path, "is a part of an attribute.", "Use set or remove, or name the attribute."
    if place.field and place.field.compress_above:
        yield path, "is stored compressed.", "Set the whole attribute."
    added = clause in ("append", "prepend")
    if _has_length(place.levels[-1 if added else -2].annotation):
        yield path, "changes how long a value of a declared length is.", "Set the whole attribute."
    if added and place.field and place.field.optional and place.field.defaulted:
        yield path, "allows None and has another default.", "Drop None, or let None be the default."
    if clause == "remove" and place.field and place.field.required and not place.field.optional:
        yield path, "is required: an item without it cannot be read.", "Allow None."
    if update.upsert:
        yield path, "is a part of what a new item does not have.", "Set the whole attribute."


def _has_length(annotation: Any) -> bool:
    """Whether the number of a list's or map's members is bounded."""
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
        yield path, f"{kind.shape.__name__} has no such attribute.", instead_of(name, fields)
    if clause == "add" and found not in _SETS | {"N"}:
        yield path, "is neither Number nor set.", "Use set."
    if clause == "add" and name == _counted_from(update):
        yield path, "is what the expiry counts from, and the sum is not known.", "Use set."
    if clause == "discard" and found not in _SETS:
        yield path, "is no set.", "Use remove."
    if clause == "remove" and name in fields and fields[name].required:
        yield path, "is required: an item without it cannot be read.", "Allow None."
    if name in fields and found is not None:
        yield from _default_faults(update, clause, fields[name])
        yield from _bound_faults(update, clause, fields[name])
    if name in primary_fields(update):
        instead = "Leave it out: an upsert writes it." if update.upsert else _CREATE_INSTEAD
        yield path, "is what the primary key is made of.", instead


def _counted_from(update: Update[Any]) -> str | None:
    """The field that the expiry of such items counts from."""
    ttl = update.table.ttl
    retention = update.kind.retention or (ttl.retention if ttl else None)
    return retention.since if retention else None


def _version_faults(update: Update[Any], name: str) -> Iterator[Fault]:
    field = fields_of(update.kind.shape).get(name)
    if field is None or field.type != "N":
        yield "version", f"{name!r} is no Number.", "Declare it as int."
    elif _is_one_of(update, name):
        yield "version", f"{name!r} is one of a few numbers.", "Declare it as int."
    elif name in update.table.key.attributes or name in primary_fields(update):
        yield "version", f"{name!r} is part of the primary key.", "Count another attribute."
    elif field.optional and field.defaulted:
        yield "version", f"{name!r} allows None and has another default.", "Drop None."
    elif update.upsert and not _allows(_annotation(update, name), 1):
        yield "version", f"{name!r} does not allow 1, which a new item has.", "Allow it."


def _default_faults(update: Update[Any], clause: str, field: Field) -> Iterator[Fault]:
    """What cannot be said of an attribute whose absence stands for a value."""
    path = f"{clause}.{field.name}"
    if not field.defaulted:
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
    if clause == "remove" and field.name in keys | made_of:
        yield (
            path,
            "is part of an index's key and has a default: the item would leave the index.",
            "Set it to its default instead.",
        )


def _bound_faults(update: Update[Any], clause: str, field: Field) -> Iterator[Fault]:
    """What an addition would have to know of the stored value."""
    path, limits = f"{clause}.{field.name}", limits_of(_annotation(update, field.name))
    if clause == "add" and field.type == "N" and _is_one_of(update, field.name):
        yield path, "is one of a few numbers, and a sum may be none of them.", "Use set."
    if clause == "add" and field.python is float and limits.multiple_of is not None:
        yield (
            path,
            "is a float with multiple_of, and a sum of multiples may be none as a float.",
            "Declare it as int, or use set.",
        )
    if clause == "add" and field.python is float and field.name in update.table.key_limits:
        yield (
            path,
            "is a float and part of an index's key, and a sum may be none that a float holds.",
            "Declare it as Decimal or int.",
        )
    if clause not in ("add", "discard") or not field.is_set:
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


def _is_one_of(update: Update[Any], name: str) -> bool:
    """Whether a field is a Literal or an Enum."""
    return isinstance(
        limits_of(_annotation(update, name)),
        msgspec.inspect.LiteralType | msgspec.inspect.EnumType,
    )


def _annotation(update: Update[Any], name: str) -> Any:
    return annotation_of(update.kind.shape, name)


def _template_faults(update: Update[Any]) -> Iterator[Fault]:
    """An index's key has to be made anew, whole, when a field that it is made of changes."""
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
    given = {*update.set, *update.set_once, *update.add, update.version}
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


# --- transactions -------------------------------------------------------------------------


@own_faults.register(TransactWrite)
@own_faults.register(TransactGet)
def _transaction_faults(pattern: TransactWrite[Any] | TransactGet[Any]) -> Iterator[Fault]:
    writes = isinstance(pattern, TransactWrite)
    says = "Put, Update, Delete, Check" if writes else "Get"
    if not pattern.parts:
        yield "parts", "is empty.", f"Name the patterns that take part: {says}."
    for part in pattern.parts:
        if not isinstance(part, (Put, Update, Delete) if writes else Get):
            yield f"parts.{part.name}", f"is a {type(part).__name__}.", f"Use {says}."
        elif isinstance(part, Get) and part.consistent:
            yield (
                f"parts.{part.name}",
                "is consistent, as every read of a transaction is anyway.",
                "Leave consistent out: TransactGetItems does not take it.",
            )
    for name in repeated(part.name for part in pattern.parts):
        yield f"parts.{name}", "is named twice.", "A call may use a part any number of times."
    if pattern.items > MAX_TRANSACTION:
        yield (
            "items",
            f"is {pattern.items}; a transaction takes {MAX_TRANSACTION} actions.",
            "Cut it into several.",
        )
