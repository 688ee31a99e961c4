"""Checks of a table: what DynamoDB would refuse, and what would hurt later."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Literal, get_args, get_origin

from keyline.errors import Fault, instead_of, repeated
from keyline.model.entity import Entity, Retention
from keyline.model.faults import faults_of
from keyline.model.field_checks import field_faults
from keyline.model.separation import template_faults
from keyline.model.shape import AttributeType, fields_of
from keyline.model.table import (
    LOW_CARDINALITY,
    MAX_INDEX_KEY_PARTS,
    MAX_INDEXES,
    MAX_PROJECTED,
    MAX_PROJECTED_BY_ALL,
    SHARD_MARK,
    Index,
    ProjectionType,
    Table,
    Ttl,
)
from keyline.model.texts import may_share
from keyline.settings import MAX_RETENTION_DAYS

_NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}")
_MARKED = re.compile(rf"{SHARD_MARK}[0-9]+\Z")
_NAME_SAYS = "Use 3 to 255 of A-Z a-z 0-9 _ . -"
_KEY_TYPES: frozenset[AttributeType] = frozenset({"S", "N", "B"})
MAX_KEY_NAME_BYTES = 255
"""Bytes of a key attribute's name. Source: DynamoDB developer guide, "Quotas"."""
_KEY_NAME_SAYS = f"Use 1 to {MAX_KEY_NAME_BYTES} bytes of UTF-8."
_KEY_SAYS = "A key is a String, a Number or a Binary."
_DISCRIMINATOR_SAYS = "Declare discriminator='EntityType' on the table, or drop the tag."
_ONE_TYPE_SAYS = "An attribute of a key has one type in the whole table."


@faults_of.register(Table)
def _table_faults(table: Table) -> Iterator[Fault]:
    """Yield everything that is wrong with a table, the most basic first."""
    yield from field_faults(table, table.name)
    yield from _name_faults(table)
    yield from _discriminator_faults(table)
    for entity in table.kinds:
        yield from _entity_faults(table, entity)
    yield from _key_faults(table)
    for index in table.indexes:
        yield from _index_faults(table, index)
    yield from _ttl_faults(table)
    yield from _shared_key_faults(table)


def _name_faults(table: Table) -> Iterator[Fault]:
    if not _NAME.fullmatch(table.name):
        yield table.name, "is not a table name.", _NAME_SAYS
    if not table.doc.lstrip().startswith("Key design:"):
        yield (
            f"{table.name}.doc",
            "does not say why the table is keyed as it is.",
            "Open it with 'Key design:'.",
        )
    if not table.entities:
        yield f"{table.name}.entities", "is empty.", "Name the shape of the table's items."
    yield from _physical_faults(table)
    if len(table.indexes) > MAX_INDEXES:
        yield (
            f"{table.name}.indexes",
            f"has {len(table.indexes)} indexes; a table takes {MAX_INDEXES}.",
            "Let one index serve several patterns, or split the table.",
        )
    for name in repeated(i.name for i in table.indexes):
        yield f"{table.name}.indexes[{name}]", "is declared twice.", "Give each its own name."
    for shape in repeated(e.shape.__name__ for e in table.kinds):
        yield f"{table.name}.entities[{shape}]", "is declared twice.", "Declare each kind once."


def _physical_faults(table: Table) -> Iterator[Fault]:
    path, deployed = f"{table.name}.physical", table.physical_name("staging")
    if not _NAME.fullmatch(deployed):
        yield path, f"makes {deployed!r}, which is not a table name.", _NAME_SAYS
    if deployed == table.physical_name("prod"):
        yield (
            path,
            "makes the same name in every environment.",
            "Put {env} or {-env} in it.",
        )


def _discriminator_faults(table: Table) -> Iterator[Fault]:
    name, tags = table.discriminator, dict[str, str]()
    if name is not None and table.ttl and name == table.ttl.attribute:
        yield f"{table.name}.discriminator", "is the TTL attribute.", "Name one of its own."
    if name in table.sharded:
        yield (
            f"{table.name}.discriminator",
            f"{name!r} is sharded, and would not be the tag any more.",
            "Shard an attribute of its own.",
        )
    for entity in table.entities:
        declared = entity if isinstance(entity, Entity) else Entity(entity)
        shape = declared.shape.__name__
        path = f"{table.name}.{shape}.tag"
        if name is None:
            if declared.tag:
                yield path, "is given, and the table has no discriminator.", _DISCRIMINATOR_SAYS
            continue
        if name in declared.constants:
            yield (
                f"{table.name}.{shape}.constants[{name}]",
                "is the discriminator.",
                f"Declare it as tag={declared.constants[name]!r}.",
            )
        if name in fields_of(declared.shape) or name in declared.keys:
            yield (
                f"{table.name}.discriminator",
                f"{name!r} is a field or a template of {shape} as well.",
                "Drop that one: the discriminator is written and read by itself.",
            )
        if not declared.tag:
            yield (
                path,
                f"is missing: {name!r} tells the kinds of items apart.",
                f"Declare Entity({shape}, tag={shape.upper()!r}).",
            )
        if declared.tag in tags:
            yield path, f"is that of {tags[declared.tag]} as well.", "Give each kind its own."
        tags[declared.tag] = shape


def _entity_faults(table: Table, entity: Entity) -> Iterator[Fault]:
    where, fields = f"{table.name}.{entity.shape.__name__}", fields_of(entity.shape)
    keys = {a for key in (table.key, *(i.key for i in table.indexes)) for a in key.attributes}
    for attribute, template in entity.templates.items():
        path = f"{where}.keys[{attribute}]"
        for name in template.fields:
            if name not in fields:
                yield path, f"names {name!r}, which is not a field.", instead_of(name, fields)
            elif fields[name].type not in ("S", "N"):
                yield (
                    path,
                    f"is made of {name!r}, which has the type {fields[name].type}.",
                    "Make it of text and Numbers.",
                )
        if all(name in fields and fields[name].type in ("S", "N") for name in template.fields):
            for _, message, suggestion in template_faults(entity, attribute):
                yield path, message, suggestion
        limit = table.key_limits.get(attribute)
        if limit is not None and template.least_bytes > limit:
            yield (
                path,
                f"takes {template.least_bytes} bytes or more of {limit} that a key may have.",
                "Shorten its texts and widths.",
            )
        if attribute in fields:
            yield path, "is a field as well.", "Rename the field or drop the template."
        if attribute not in keys:
            yield path, "is part of no key.", instead_of(attribute, keys)
    for attribute, value in entity.constants.items():
        path = f"{where}.constants[{attribute}]"
        if attribute in fields or attribute in entity.keys:
            yield path, "is a field or a template as well.", "Drop one of them."
        if type(value) not in (str, int):
            yield path, f"is {value!r}.", "A constant is text or a whole number."
        if attribute in keys and value == "":
            yield path, "is empty.", "A key's text has at least one character."


def _key_faults(table: Table) -> Iterator[Fault]:
    if len(table.key.partition) != 1 or len(table.key.sort) > 1:
        yield (
            f"{table.name}.key",
            "a table's key is one partition key and at most one sort key.",
            "Put several fields together with a key template.",
        )
    for attribute in repeated(table.key.attributes):
        yield f"{table.name}.key.{attribute}", "is named twice.", "Name each attribute once."
    for attribute in table.key.attributes:
        for entity in table.kinds:
            path, shape = f"{table.name}.key.{attribute}", entity.shape.__name__
            if entity.type_of(attribute) is None or not entity.always_has(attribute):
                yield (
                    path,
                    f"{shape} may lack it.",
                    "Every item has its whole primary key: declare the field without None, or a "
                    "template.",
                )
        yield from _type_faults(table, attribute, f"{table.name}.key.{attribute}")


def _shared_key_faults(table: Table) -> Iterator[Fault]:
    """Yield two kinds whose keys can be the same: they overwrite each other."""
    for one, other in combinations(table.kinds, 2):
        if may_share(one, other, table.key.attributes):
            yield (
                f"{table.name}.{other.shape.__name__}.keys",
                f"an item can have the primary key of a {one.shape.__name__}.",
                f"Let {' or '.join(table.key.attributes)} begin with a different text in each: "
                f"{other.shape.__name__.upper()}#...",
            )


def _type_faults(table: Table, attribute: str, path: str) -> Iterator[Fault]:
    """Yield what is wrong with an attribute's types, given that it is part of a key."""
    kinds: set[AttributeType] = set()
    if not 1 <= len(attribute.encode()) <= MAX_KEY_NAME_BYTES:
        yield path, "is not a name of a key attribute.", _KEY_NAME_SAYS
    for entity in table.kinds:
        kind, field = entity.type_of(attribute), fields_of(entity.shape).get(attribute)
        kinds |= {kind} if kind else set()
        if field and field.compress_above is not None:
            yield path, "is stored compressed.", "Drop compressed() from a key."
    if len(kinds) > 1:
        yield path, f"has the types {', '.join(sorted(kinds))}.", _ONE_TYPE_SAYS
    if not kinds <= _KEY_TYPES:
        yield path, f"has the type {kinds.pop()}.", _KEY_SAYS


def _index_faults(table: Table, index: Index) -> Iterator[Fault]:
    path = f"{table.name}.indexes[{index.name}]"
    if not _NAME.fullmatch(index.name):
        yield path, "is not an index name.", _NAME_SAYS
    if not index.why:
        yield f"{path}.why", "is empty.", "Say in a sentence what the index is for."
    if not 1 <= len(index.key.partition) <= MAX_INDEX_KEY_PARTS:
        yield (
            f"{path}.key",
            f"has {len(index.key.partition)} partition key attributes.",
            f"Use one to {MAX_INDEX_KEY_PARTS}.",
        )
    if len(index.key.sort) > MAX_INDEX_KEY_PARTS:
        yield (
            f"{path}.key",
            f"has {len(index.key.sort)} sort key attributes.",
            f"Use at most {MAX_INDEX_KEY_PARTS}.",
        )
    for attribute in repeated(index.key.attributes):
        yield f"{path}.key.{attribute}", "is named twice.", "Name each attribute once."
    if index.key == table.key:
        yield f"{path}.key", "is the table's own key.", "Query the table."
    for entity in table.kinds:
        yield from _null_faults(entity, index, path)
    for attribute in index.key.attributes:
        if all(e.type_of(attribute) is None for e in table.kinds):
            known = {f for e in table.kinds for f in (*fields_of(e.shape), *e.keys)}
            yield f"{path}.key.{attribute}", "no item has it.", instead_of(attribute, known)
        yield from _type_faults(table, attribute, f"{path}.key.{attribute}")
    yield from _sparse_faults(table, index, path)
    yield from _projection_faults(table, index, path)
    yield from _shard_faults(table, index, path)


def _null_faults(entity: Entity, index: Index, path: str) -> Iterator[Fault]:
    """Yield the key attributes that could be NULL: None is NULL where absence means a default."""
    fields = fields_of(entity.shape)
    for attribute in index.key.attributes:
        if attribute in fields and fields[attribute].optional and fields[attribute].defaulted:
            yield (
                f"{path}.key.{attribute}",
                f"allows None in {entity.shape.__name__} and has another default.",
                "Let None be the default, or do not allow it: no key takes a stored None.",
            )


def _sparse_faults(table: Table, index: Index, path: str) -> Iterator[Fault]:
    lacking = sorted(
        {
            f"{entity.shape.__name__}.{attribute}"
            for entity in table.kinds
            for attribute in index.key.attributes
            if not entity.always_has(attribute)
        }
    )
    defaulted = sorted(
        {
            f"{entity.shape.__name__}.{name}"
            for entity in table.kinds
            for attribute in index.key.attributes
            for name in _defaults_in(entity, attribute)
        }
    )
    if lacking and not index.sparse:
        yield (
            path,
            f"items are missing from it when they lack {', '.join(lacking)}.",
            "Declare sparse=True, or make the field required.",
        )
    if defaulted and not index.sparse:
        yield (
            path,
            f"items written before {', '.join(defaulted)} existed are missing from it: "
            "a default is read, and not stored.",
            "Make the field required, or declare sparse=True.",
        )
    if index.sparse and not lacking and not defaulted:
        yield path, "is declared sparse, but every item is in it.", "Drop sparse=True."


def _defaults_in(entity: Entity, attribute: str) -> Iterator[str]:
    """Return the fields with a default that an attribute is made of."""
    fields = fields_of(entity.shape)
    made_of = entity.templates[attribute].fields if attribute in entity.keys else (attribute,)
    return (name for name in made_of if name in fields and fields[name].defaulted)


def _projection_faults(table: Table, index: Index, path: str) -> Iterator[Fault]:
    path, included = f"{path}.projection", index.projection.include
    keys = set(table.key.attributes) | set(index.key.attributes)
    for attribute in included:
        if attribute in keys:
            yield path, f"names the key {attribute!r}.", "Keys are always carried: drop it."
        elif table.type_of(attribute) is None:
            known = {f for e in table.kinds for f in fields_of(e.shape)}
            yield path, f"no item has {attribute!r}.", instead_of(attribute, known)
    for attribute in repeated(included):
        yield path, f"names {attribute!r} twice.", "Name each attribute once."
    if index.projection.type is ProjectionType.INCLUDE and not included:
        yield path, "includes nothing.", "Use KEYS_ONLY."
    total = sum(len(i.projection.include) for i in table.indexes)
    if len(included) > MAX_PROJECTED or total > MAX_PROJECTED_BY_ALL:
        yield (
            path,
            f"includes {len(included)} attributes, all indexes together {total}; DynamoDB takes "
            f"{MAX_PROJECTED} and {MAX_PROJECTED_BY_ALL}.",
            "Use ALL.",
        )
    carried = table.carried_by(index)
    if carried is None:
        return
    if table.ttl and table.ttl.attribute not in carried:
        yield (
            path,
            f"does not carry {table.ttl.attribute!r}, so that a read could not leave out what "
            "has expired.",
            "Include it.",
        )
    if table.discriminator and table.discriminator not in carried:
        yield (
            path,
            f"does not carry {table.discriminator!r}, so that a read could not tell the kinds of "
            "items apart.",
            "Include it.",
        )


def _shard_faults(table: Table, index: Index, path: str) -> Iterator[Fault]:
    if index.cardinality is not None and index.cardinality < 1:
        yield f"{path}.cardinality", "is less than one.", "Give the number of partition keys."
    if index.shards is None:
        few = _cardinality(table, index)
        if few is not None and few < LOW_CARDINALITY:
            yield (
                path,
                f"has {few} partition keys: each takes 1,000 write units a second, "
                "and a throttled index rejects the writes of the whole table.",
                "Declare shards, as a number or by the name of a setting.",
            )
        return
    path, attribute = f"{path}.shards", index.key.partition[0]
    if len(index.key.partition) != 1:
        yield path, "need a single partition key.", "Put the parts together with a template."
    if table.type_of(attribute) != "S":
        yield path, "need a String partition key.", "Store it as text."
    if attribute in table.key.attributes:
        yield path, "would change the primary key.", "Shard an attribute of its own."
    for entity in table.kinds:
        if _MARKED.search(_example(entity, attribute)):
            yield (
                path,
                f"each value of {attribute!r} would end with {SHARD_MARK} and digits, as a shard's "
                "mark does.",
                "Let the template end in another way.",
            )
    if isinstance(index.shards, int) and index.shards < 1:
        yield path, "are less than one.", "One shard is the plain index."
    for other in table.indexes:
        if attribute in other.key.attributes and other.shards != index.shards:
            yield (
                path,
                f"would change {attribute!r} in the key of {other.name} too.",
                "Give both indexes the same shards, or attributes of their own.",
            )


def _example(entity: Entity, attribute: str) -> str:
    """Return a text that a template may make, with a digit for each number."""
    if attribute in entity.constants:
        return str(entity.constants[attribute])
    if attribute not in entity.keys:
        return ""
    template, fields = entity.templates[attribute], fields_of(entity.shape)
    out = template.literal
    for part in template.parts:
        is_number = part.field in fields and fields[part.field].type == "N"
        places = part.number_format.places if part.number_format else None
        out += ("0.0" if places else "0") if is_number else "x"
        out += part.after
    return out


def _cardinality(table: Table, index: Index) -> int | None:
    """Return how many partition keys an index has, as declared or by its types; None for many."""
    if index.cardinality is not None:
        return index.cardinality
    found = 1
    for attribute in index.key.partition:
        values: set[object] = set()
        for entity in table.kinds:
            known = _values(entity, attribute)
            if known is None:
                return None
            values |= known
        found *= len(values)
    return found


def _values(entity: Entity, attribute: str) -> set[object] | None:
    """Return the values that an attribute can have in items of a kind; None for any."""
    if attribute in entity.constants:
        return {entity.constants[attribute]}
    if attribute in entity.keys:
        template = entity.templates[attribute]
        return None if template.fields else {template.literal}
    field = fields_of(entity.shape).get(attribute)
    if field is None:
        return set()
    return set(get_args(field.python)) if get_origin(field.python) is Literal else None


def _ttl_faults(table: Table) -> Iterator[Fault]:
    if table.ttl is None:
        for entity in table.kinds:
            if entity.retention:
                yield (
                    f"{table.name}.{entity.shape.__name__}.retention",
                    "needs a TTL attribute, and the table has none.",
                    "Declare ttl=Ttl('ttl').",
                )
        return
    yield from _retention_faults(f"{table.name}.ttl.retention", table.ttl.retention)
    for entity in table.kinds:
        path = f"{table.name}.{entity.shape.__name__}.retention"
        yield from _retention_faults(path, entity.retention)
        yield from _expiry_faults(table, entity, table.ttl)


def _retention_faults(path: str, retention: Retention | None) -> Iterator[Fault]:
    if retention is None:
        return
    if not isinstance(retention.days, str) and not 0 < retention.days <= MAX_RETENTION_DAYS:
        yield (
            f"{path}.days",
            f"is {retention.days}.",
            f"Give a number above 0 and up to {MAX_RETENTION_DAYS}, or a setting. Without a "
            "retention items stay.",
        )
    if retention.unit < 1:
        yield f"{path}.unit", f"is {retention.unit}.", "1 for seconds, 1000 for milliseconds."


def _expiry_faults(table: Table, entity: Entity, ttl: Ttl) -> Iterator[Fault]:
    kind, shape = entity.type_of(ttl.attribute), entity.shape.__name__
    if kind not in (None, "N"):
        yield (
            f"{table.name}.ttl",
            f"{ttl.attribute!r} has the type {kind} in {shape}.",
            "Declare it as int, epoch seconds: DynamoDB expires by nothing else, and silently "
            "keeps the rest.",
        )
    retention = entity.retention or ttl.retention
    since = retention.since if retention else None
    field = fields_of(entity.shape).get(since) if since is not None else None
    if since is not None and (field is None or field.type not in ("N", "S")):
        yield (
            f"{table.name}.ttl.retention",
            f"{shape}.{since} is neither Number nor text.",
            "Count from a field that holds a moment: a Number, or text in ISO 8601.",
        )
