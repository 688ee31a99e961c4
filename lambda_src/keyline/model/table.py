"""Tables as data: keys, indexes with projections, entities, expiry, stream."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property

import msgspec

from keyline.model.shape import AttributeType, fields_of
from keyline.model.template import Template
from keyline.problem import DeclarationError

MAX_INDEXES = 20
"""Global secondary indexes of one table (DynamoDB's default quota)."""
MAX_INDEX_KEY_PARTS = 4
"""Attributes of an index's partition key, and of its sort key."""
LOW_CARDINALITY = 100
"""Below this many distinct partition keys an index has to say how it is sharded:
one key value takes 1,000 write units a second at most, and a throttled index
rejects the writes of its whole table."""
SHARD_MARK = "#"

_TABLE_NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}")
_KEY_TYPES: frozenset[AttributeType] = frozenset({"S", "N", "B"})


@dataclass(frozen=True)
class Key:
    """A primary key or an index's key.

    Parameters
    ----------
    partition, sort
        Attribute names. A table has one of each at most; an index may have up to four.
    """

    partition: tuple[str, ...]
    sort: tuple[str, ...] = ()

    def __init__(self, partition: str | Sequence[str], sort: str | Sequence[str] = ()) -> None:
        object.__setattr__(self, "partition", _names(partition))
        object.__setattr__(self, "sort", _names(sort))

    @property
    def attributes(self) -> tuple[str, ...]:
        """Partition key attributes, then sort key attributes."""
        return self.partition + self.sort


def _names(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


class ProjectionType(enum.Enum):
    """What an index copies of an item."""

    ALL = "ALL"
    KEYS_ONLY = "KEYS_ONLY"
    INCLUDE = "INCLUDE"


@dataclass(frozen=True)
class Projection:
    """What an index copies of an item; `include` names what it carries besides the keys."""

    type: ProjectionType
    include: tuple[str, ...] = ()


ALL = Projection(ProjectionType.ALL)
KEYS_ONLY = Projection(ProjectionType.KEYS_ONLY)


def include(*attributes: str) -> Projection:
    """Project the keys and these attributes."""
    return Projection(ProjectionType.INCLUDE, attributes)


@dataclass(frozen=True, kw_only=True)
class Index:
    """A global secondary index.

    Attributes
    ----------
    why
        What it is for, in a sentence.
    sparse
        Whether items may be missing from it because they lack one of its key attributes.
    cardinality
        How many distinct partition keys are expected; None for many.
    shards
        Over how many values one partition key is spread: a number, or the name of the
        system's setting that holds it. Shard 0 is the plain value, shard n is `value#n`, so
        that one shard is the plain index, and raising the number rewrites nothing.
    """

    name: str
    key: Key
    why: str
    projection: Projection = ALL
    sparse: bool = False
    cardinality: int | None = None
    shards: int | str | None = None


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long an item is kept.

    Attributes
    ----------
    days
        A number of days (fractions allowed), or the name of the system's setting that holds it.
    since
        The attribute that holds the moment to count from; the moment of writing when None.
    unit
        How many of that attribute's units make a second: 1000 for milliseconds.
    """

    days: float | str
    since: str | None = None
    unit: int = 1000


@dataclass(frozen=True)
class Ttl:
    """The attribute by which DynamoDB deletes: a Number, epoch seconds."""

    attribute: str
    retention: Retention | None = None


class StreamView(enum.Enum):
    """What a stream record shows of a change."""

    KEYS_ONLY = "KEYS_ONLY"
    NEW_IMAGE = "NEW_IMAGE"
    OLD_IMAGE = "OLD_IMAGE"
    NEW_AND_OLD_IMAGES = "NEW_AND_OLD_IMAGES"


@dataclass(frozen=True)
class Entity:
    """One kind of item in a table.

    Parameters
    ----------
    shape
        The `msgspec.Struct` whose fields are the item's attributes.
    keys
        Key attributes that are put together from fields: attribute → template. A template
        whose fields are missing leaves its attribute out (a sparse index's way).
    constants
        Attributes with one value for all items of the kind, such as a discriminator.
    retention
        How long items of this kind are kept, where it differs from the table's.
    """

    shape: type[msgspec.Struct]
    keys: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str | int] = field(default_factory=dict)
    retention: Retention | None = None

    @cached_property
    def templates(self) -> Mapping[str, Template]:
        """The key templates, parsed."""
        return {attribute: Template(text) for attribute, text in self.keys.items()}

    def type_of(self, attribute: str) -> AttributeType | None:
        """The DynamoDB type of an attribute; None if items of this kind never have it."""
        if attribute in self.keys:
            return "S"
        if attribute in self.constants:
            return "S" if isinstance(self.constants[attribute], str) else "N"
        known = fields_of(self.shape).get(attribute)
        return known.type if known else None

    def always_has(self, attribute: str) -> bool:
        """Whether every item of this kind has the attribute."""
        if attribute in self.constants:
            return True
        fields = fields_of(self.shape)
        if attribute in self.keys:
            return not any(fields[name].optional for name in self.templates[attribute].fields)
        return attribute in fields and not fields[attribute].optional


@dataclass(frozen=True, eq=False)
class Table:
    """A DynamoDB table.

    Parameters
    ----------
    name
        The table's name in the declaration.
    doc
        Why it is keyed as it is. Opens with `Key design:`.
    key
        Its primary key.
    entities
        The kinds of items it holds; a bare Struct is an entity without templates.
    physical
        The deployed name: `{name}` and `{env}` are filled in, `{-env}` is `-env` in every
        environment but prod.

    Raises
    ------
    DeclarationError
        If the table cannot be created or an item kind does not fit it.
    """

    name: str
    doc: str
    _: KW_ONLY
    key: Key
    entities: Sequence[Entity | type[msgspec.Struct]]
    indexes: Sequence[Index] = ()
    ttl: Ttl | None = None
    stream: StreamView | None = None
    physical: str = "{name}-{env}"

    def __post_init__(self) -> None:
        check_table(self)

    @cached_property
    def kinds(self) -> tuple[Entity, ...]:
        """The kinds of items it holds, as entities."""
        return tuple(e if isinstance(e, Entity) else Entity(e) for e in self.entities)

    def physical_name(self, environment: str) -> str:
        """The name it is deployed under in an environment."""
        suffix = "" if environment == "prod" else f"-{environment}"
        return (
            self.physical.replace("{name}", self.name)
            .replace("{-env}", suffix)
            .replace("{env}", environment)
        )

    def index(self, name: str) -> Index:
        """The index of this name.

        Raises
        ------
        DeclarationError
            If the table has none.
        """
        for index in self.indexes:
            if index.name == name:
                return index
        known = ", ".join(i.name for i in self.indexes) or "none"
        raise DeclarationError(
            f"{self.name}.indexes", f"there is no index {name!r}.", f"It has: {known}."
        )

    def entity_of(self, shape: type[msgspec.Struct]) -> Entity:
        """The kind of item that this shape is, or the only kind there is.

        Raises
        ------
        DeclarationError
            If the shape is none of several kinds.
        """
        for entity in self.kinds:
            if entity.shape is shape:
                return entity
        if len(self.kinds) == 1:
            return self.kinds[0]
        raise DeclarationError(
            f"{self.name}.entities",
            f"{shape.__name__} is none of the table's kinds of items.",
            "Name the kind with entity=.",
        )

    def type_of(self, attribute: str) -> AttributeType | None:
        """The DynamoDB type of an attribute in this table, if any item has it."""
        for entity in self.kinds:
            kind = entity.type_of(attribute)
            if kind is not None:
                return kind
        return "N" if self.ttl and attribute == self.ttl.attribute else None

    def carried_by(self, index: Index) -> frozenset[str] | None:
        """The attributes that an index carries; None means all of them."""
        if index.projection.type is ProjectionType.ALL:
            return None
        return frozenset((*self.key.attributes, *index.key.attributes, *index.projection.include))

    @cached_property
    def sharded(self) -> Mapping[str, int | str]:
        """The attributes whose value carries a write shard → the number of shards."""
        return {i.key.partition[0]: i.shards for i in self.indexes if i.shards is not None}

    @property
    def key_attributes(self) -> Mapping[str, AttributeType]:
        """Every attribute of the table's and the indexes' keys with its type."""
        keys = (self.key, *(i.key for i in self.indexes))
        found = {a: self.type_of(a) for key in keys for a in key.attributes}
        return {a: kind for a, kind in found.items() if kind is not None}


def check_table(table: Table) -> None:
    """Refuse a table that DynamoDB would refuse, or that would bite later.

    Raises
    ------
    DeclarationError
        At the first thing found.
    """
    for path, message, suggestion in _faults(table):
        raise DeclarationError(path, message, suggestion)


Fault = tuple[str, str, str]


def _faults(table: Table) -> Iterator[Fault]:
    yield from _name_faults(table)
    yield from _key_faults(table)
    for entity in table.kinds:
        yield from _entity_faults(table, entity)
    for index in table.indexes:
        yield from _index_faults(table, index)
    if table.ttl:
        yield from _ttl_faults(table, table.ttl)


def _name_faults(table: Table) -> Iterator[Fault]:
    if not _TABLE_NAME.fullmatch(table.name):
        yield table.name, "is no table name.", "Use 3 to 255 of A-Z a-z 0-9 _ . -"
    if not table.doc.lstrip().startswith("Key design:"):
        yield (
            f"{table.name}.doc",
            "does not say why the table is keyed as it is.",
            "Open it with 'Key design:'.",
        )
    if not table.entities:
        yield f"{table.name}.entities", "is empty.", "Name the shape of the table's items."
    if len(table.indexes) > MAX_INDEXES:
        yield (
            f"{table.name}.indexes",
            f"has {len(table.indexes)} indexes; a table takes {MAX_INDEXES}.",
            "Let one index serve several patterns, or split the table.",
        )
    seen: set[str] = set()
    for index in table.indexes:
        path = f"{table.name}.indexes[{index.name}]"
        if index.name in seen:
            yield path, "is declared twice.", "Give each index its own name."
        if not _TABLE_NAME.fullmatch(index.name):
            yield path, "is no index name.", "Use 3 to 255 of A-Z a-z 0-9 _ . -"
        seen.add(index.name)


def _key_faults(table: Table) -> Iterator[Fault]:
    if len(table.key.partition) != 1 or len(table.key.sort) > 1:
        yield (
            f"{table.name}.key",
            "a table's key is one partition key and at most one sort key.",
            "Put several fields together with a key template.",
        )
    for entity in table.kinds:
        for attribute in table.key.attributes:
            path = f"{table.name}.key.{attribute}"
            kind = entity.type_of(attribute)
            if kind is None or not entity.always_has(attribute):
                yield (
                    path,
                    f"{entity.shape.__name__} may lack it.",
                    "Every item has its whole primary key: declare the field without None.",
                )
            elif kind not in _KEY_TYPES:
                yield path, f"has the type {kind}.", "A key is a String, a Number or a Binary."
            elif kind != table.type_of(attribute):
                yield (
                    path,
                    f"is {kind} in {entity.shape.__name__}, {table.type_of(attribute)} elsewhere.",
                    "An attribute of a key has one type in the whole table.",
                )


def _entity_faults(table: Table, entity: Entity) -> Iterator[Fault]:
    fields = fields_of(entity.shape)
    for attribute, template in entity.templates.items():
        path = f"{table.name}.{entity.shape.__name__}.keys[{attribute}]"
        for name in template.fields:
            if name not in fields:
                yield path, f"names {name!r}, which is no field.", f"It has: {', '.join(fields)}."
        if attribute in fields:
            yield path, "is a field as well.", "Rename the field or drop the template."


def _index_faults(table: Table, index: Index) -> Iterator[Fault]:
    path = f"{table.name}.indexes[{index.name}]"
    if not 1 <= len(index.key.partition) <= MAX_INDEX_KEY_PARTS:
        yield f"{path}.key", "has no partition key or too many parts.", "Use one to four."
    if len(index.key.sort) > MAX_INDEX_KEY_PARTS:
        yield f"{path}.key", "has too many sort key attributes.", "Use at most four."
    for attribute in index.key.attributes:
        kinds = {e.type_of(attribute) for e in table.kinds} - {None}
        if not kinds:
            yield f"{path}.key.{attribute}", "no item has it.", "Declare the field or a template."
        elif len(kinds) > 1:
            yield (
                f"{path}.key.{attribute}",
                f"has the types {', '.join(sorted(k for k in kinds if k))}.",
                "An attribute of a key has one type in the whole table.",
            )
        elif not kinds <= _KEY_TYPES:
            yield (
                f"{path}.key.{attribute}",
                f"has the type {kinds.pop()}.",
                "A key is a String, a Number or a Binary.",
            )
    yield from _sparse_faults(table, index, path)
    yield from _projection_faults(table, index, path)
    yield from _shard_faults(table, index, path)


def _sparse_faults(table: Table, index: Index, path: str) -> Iterator[Fault]:
    lacking = sorted(
        {
            f"{entity.shape.__name__}.{attribute}"
            for entity in table.kinds
            for attribute in index.key.attributes
            if not entity.always_has(attribute)
        }
    )
    if lacking and not index.sparse:
        yield (
            path,
            f"items are missing from it when they lack {', '.join(lacking)}.",
            "Declare sparse=True, or make the field required.",
        )
    if index.sparse and not lacking:
        yield path, "is declared sparse, but every item is in it.", "Drop sparse=True."


def _projection_faults(table: Table, index: Index, path: str) -> Iterator[Fault]:
    keys = set(table.key.attributes) | set(index.key.attributes)
    for attribute in index.projection.include:
        if attribute in keys:
            yield f"{path}.projection", f"names the key {attribute!r}.", "Keys are always carried."
        elif table.type_of(attribute) is None:
            yield (
                f"{path}.projection",
                f"no item has {attribute!r}.",
                "Drop it or declare the field.",
            )
    carried = table.carried_by(index)
    if table.ttl and carried is not None and table.ttl.attribute not in carried:
        yield (
            f"{path}.projection",
            f"does not carry {table.ttl.attribute!r}, so that a read could not leave out what "
            "has expired.",
            "Include it.",
        )


def _shard_faults(table: Table, index: Index, path: str) -> Iterator[Fault]:
    if index.shards is None:
        if index.cardinality is not None and index.cardinality < LOW_CARDINALITY:
            yield (
                path,
                f"has {index.cardinality} partition keys: each takes 1,000 write units a second, "
                "and a throttled index rejects the writes of the whole table.",
                "Declare shards, as a number or by the name of a setting.",
            )
        return
    if len(index.key.partition) != 1:
        yield path, "shards need a single partition key.", "Put the parts together with a template."
    if table.type_of(index.key.partition[0]) != "S":
        yield f"{path}.shards", "need a String partition key.", "Store it as text."
    if index.key.partition[0] in table.key.attributes:
        yield f"{path}.shards", "would change the primary key.", "Shard an attribute of its own."
    if isinstance(index.shards, int) and index.shards < 1:
        yield f"{path}.shards", "is less than one.", "One shard is the plain index."


def _ttl_faults(table: Table, ttl: Ttl) -> Iterator[Fault]:
    path = f"{table.name}.ttl"
    for entity in table.kinds:
        kind = entity.type_of(ttl.attribute)
        if kind not in (None, "N"):
            yield (
                path,
                f"{ttl.attribute!r} has the type {kind} in {entity.shape.__name__}.",
                "DynamoDB expires by a Number of epoch seconds, and silently keeps the rest.",
            )
        retention = entity.retention or ttl.retention
        since = retention.since if retention else None
        if since is not None and entity.type_of(since) != "N":
            yield (
                f"{path}.retention",
                f"{entity.shape.__name__}.{since} is no Number.",
                "Count from an attribute that holds a moment as a Number.",
            )
