"""Tables as data: keys, indexes with projections, kinds of items, expiry, stream."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from functools import cached_property

import msgspec
from msgspec.structs import replace

from keyline.errors import DeclarationError, named, raise_first
from keyline.model.entity import Entity, Key, Retention
from keyline.model.faults import faults_of
from keyline.model.shape import AttributeType

MAX_INDEXES = 20
"""Global secondary indexes of one table (DynamoDB's default quota)."""
MAX_PROJECTED = 20
"""Attributes that one index may include; together a table's indexes include 100."""
MAX_PROJECTED_BY_ALL = 100
MAX_INDEX_KEY_PARTS = 4
"""Attributes of an index's partition key, and of its sort key."""
LOW_CARDINALITY = 100
"""Below this many distinct partition keys an index has to say how it is sharded. One key value
takes 1,000 write units a second at most, and a throttled index rejects the writes of its whole
table."""
SHARD_MARK = "#"
MAX_PARTITION_BYTES = 2_048
MAX_SORT_BYTES = 1_024
"""Bytes of a partition key's and a sort key's value. Source: DynamoDB developer guide, "Quotas"."""


class ProjectionType(enum.Enum):
    """The part of an item that an index copies."""

    ALL = "ALL"
    KEYS_ONLY = "KEYS_ONLY"
    INCLUDE = "INCLUDE"


class Projection(msgspec.Struct, frozen=True):
    """The part of an item that an index copies; `include` names it, the keys are always there."""

    type: ProjectionType
    include: tuple[str, ...] = ()


ALL = Projection(ProjectionType.ALL)
KEYS_ONLY = Projection(ProjectionType.KEYS_ONLY)


def include(*attributes: str) -> Projection:
    """Project the keys and these attributes."""
    return Projection(ProjectionType.INCLUDE, attributes)


class Index(msgspec.Struct, frozen=True, kw_only=True):
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


class Ttl(msgspec.Struct, frozen=True):
    """The attribute by which DynamoDB deletes: a Number, epoch seconds."""

    attribute: str
    retention: Retention | None = None


class StreamView(enum.Enum):
    """The images that a stream record shows of a change."""

    KEYS_ONLY = "KEYS_ONLY"
    NEW_IMAGE = "NEW_IMAGE"
    OLD_IMAGE = "OLD_IMAGE"
    NEW_AND_OLD_IMAGES = "NEW_AND_OLD_IMAGES"


class Table(msgspec.Struct, frozen=True, eq=False, dict=True):
    """A DynamoDB table.

    Parameters
    ----------
    name
        The table's name in the declaration.
    doc
        Why it is keyed as it is. Opens with `Key design:`.
    key
        The primary key of the table.
    entities
        The kinds of items it holds; a bare Struct is an entity without templates.
    discriminator
        The attribute that tells the kinds of items apart: every item has it, with its kind's tag.
        This attribute is written, asked for and checked without being a field.
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
    key: Key
    entities: Sequence[Entity | type[msgspec.Struct]]
    indexes: Sequence[Index] = ()
    ttl: Ttl | None = None
    stream: StreamView | None = None
    discriminator: str | None = None
    physical: str = "{name}-{env}"

    def __post_init__(self) -> None:
        raise_first(faults_of(self))

    @cached_property
    def kinds(self) -> tuple[Entity, ...]:
        """The kinds of items it holds, as entities; the discriminator is one of their constants."""
        declared = (e if isinstance(e, Entity) else Entity(e) for e in self.entities)
        if self.discriminator is None:
            return tuple(declared)
        name = self.discriminator
        return tuple(replace(e, constants={**e.constants, name: e.tag}) for e in declared)

    def physical_name(self, environment: str) -> str:
        """Return the name that the table is deployed under in an environment."""
        suffix = "" if environment == "prod" else f"-{environment}"
        return (
            self.physical.replace("{name}", self.name)
            .replace("{-env}", suffix)
            .replace("{env}", environment)
        )

    def index(self, name: str) -> Index:
        """Return the index of this name.

        Raises
        ------
        DeclarationError
            If the table has none.
        """
        return named(name, self.indexes, f"{self.name}.indexes", "index")

    def entity_of(self, shape: type[msgspec.Struct]) -> Entity:
        """Return the kind of item that this shape is, or the only kind there is.

        Raises
        ------
        DeclarationError
            If the shape is not one of several kinds.
        """
        for entity in self.kinds:
            if entity.shape is shape:
                return entity
        if len(self.kinds) == 1:
            return self.kinds[0]
        raise DeclarationError(
            f"{self.name}.entities",
            f"{shape.__name__} is not one of the table's kinds of items.",
            "Name the kind with entity=.",
        )

    def type_of(self, attribute: str) -> AttributeType | None:
        """Return the DynamoDB type of an attribute in this table, if any item has it."""
        for entity in self.kinds:
            kind = entity.type_of(attribute)
            if kind is not None:
                return kind
        return "N" if self.ttl and attribute == self.ttl.attribute else None

    def carried_by(self, index: Index) -> frozenset[str] | None:
        """Return the attributes that an index carries; None means all of them."""
        if index.projection.type is ProjectionType.ALL:
            return None
        return frozenset((*self.key.attributes, *index.key.attributes, *index.projection.include))

    @cached_property
    def sharded(self) -> Mapping[str, int | str]:
        """The attributes whose value carries a write shard → the number of shards."""
        return {i.key.partition[0]: i.shards for i in self.indexes if i.shards is not None}

    @cached_property
    def key_limits(self) -> Mapping[str, int]:
        """The attributes of the table's and the indexes' keys → the bytes that each may have."""
        found: dict[str, int] = {}
        for key in (self.key, *(index.key for index in self.indexes)):
            for names, limit in ((key.partition, MAX_PARTITION_BYTES), (key.sort, MAX_SORT_BYTES)):
                found |= {name: min(limit, found.get(name, limit)) for name in names}
        return found

    @property
    def key_attributes(self) -> Mapping[str, AttributeType]:
        """Every attribute of the table's and the indexes' keys with its type."""
        keys = (self.key, *(i.key for i in self.indexes))
        found = {a: self.type_of(a) for key in keys for a in key.attributes}
        return {a: kind for a, kind in found.items() if kind is not None}
